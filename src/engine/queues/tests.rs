//! The queues, beside a planner that keeps nothing and looks at everybody.

use super::*;
use crate::engine::centre::{Level, RouteStep, Strategy as Choice};
use crate::engine::explanation::{Candidate, Explanation, NEAREST_KEPT, Trigger};
use crate::engine::id::{CallId, SkillId};
use crate::engine::skill;
use crate::engine::strategy::{self, Plan};
use crate::engine::time::Span;
use crate::engine::wishes::AgentSet;
use crate::switch::Extension;
use proptest::prelude::*;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;
use ulid::Ulid;

const SWITCHES: [&str; 2] = ["west", "east"];
const QUEUES: [&str; 4] = ["billing", "desk", "sales", "support"];
const SKILLS: [&str; 3] = ["english", "french", "german"];
const AGENTS: usize = 8;
const WORTH: Span = Span::millis(2);

#[derive(Clone, Debug)]
enum Step {
    Enter {
        queue: usize,
        switch: usize,
        step: usize,
        wish: usize,
        priority: i32,
        random: u8,
    },
    /// Sets a call aside for an offer, or puts it back to its place.
    Offer(prop::sample::Index),
    Leave(prop::sample::Index),
    Stand(usize, Standing),
    Configure(Settings),
    /// Carries out what is planned for a queue's line.
    Plan {
        queue: usize,
        step: usize,
        wish: usize,
        switch: usize,
    },
    Pass(Span),
    /// The link to a switch is lost, or back.
    Link(usize),
}

#[derive(Clone, Debug, Default)]
struct Settings {
    /// The switches reach each other.
    linked: bool,
    queues: BTreeMap<QueueId, QueueSettings>,
    agents: BTreeMap<AgentId, AgentSettings>,
}

#[derive(Clone, Debug)]
struct Waiting {
    terms: Terms,
    switch: SwitchId,
    place: Place,
    aside: bool,
}

/// What the queues should know, without any order or count.
#[derive(Debug, Default)]
struct Reference {
    settings: Settings,
    standings: BTreeMap<AgentId, Standing>,
    calls: Vec<Waiting>,
    /// Switches that cannot be reached.
    away: Vec<SwitchId>,
}

impl Reference {
    fn configure(&mut self, settings: Settings) {
        let inside = |id: &QueueId| self.calls.iter().any(|call| call.terms.queue == *id);
        let mut before = std::mem::replace(&mut self.settings, settings);
        before.queues.retain(|id, _| inside(id));
        before.queues.append(&mut self.settings.queues);
        self.settings.queues = before.queues;
        let agents = &self.settings.agents;
        self.standings.retain(|id, _| agents.contains_key(id));
        for id in agents.keys() {
            let standing = Standing::Excluded(Exclusion::SignedOut);
            self.standings.entry(id.clone()).or_insert(standing);
        }
    }

    fn reaches(&self, one: &SwitchId, other: &SwitchId) -> bool {
        one == other || self.settings.linked
    }

    fn first(&self, terms: &Terms, switch: &SwitchId) -> Option<&Place> {
        let here = |call: &&Waiting| {
            let up = !self.away.contains(&call.switch);
            call.terms == *terms && self.reaches(&call.switch, switch) && up && !call.aside
        };
        let places = self.calls.iter().filter(here).map(|call| &call.place);
        places.min_by_key(|place| {
            let worth = i64::try_from(WORTH.as_millis()).unwrap();
            let worth = worth * i64::from(place.priority());
            (place.entered.as_millis() - worth, place.entered, place.call)
        })
    }

    /// The level of the agent's seat, and why they cannot take a call on these
    /// terms, or since when they are idle; none for who has no seat.
    fn ask(&self, agent: &AgentId, terms: &Terms) -> Option<(u8, Result<Timestamp, Exclusion>)> {
        let (settings, queues) = (&self.settings.agents[agent], &self.settings.queues);
        let queue = queues.get(&terms.queue)?;
        let (requires, also, highest) = match terms.step {
            0 => (&queue.requires, Vec::new(), queue.max_level),
            step => match queue.steps.get(step - 1).or(queue.steps.last()) {
                Some(step) => (&step.requires, step.also.clone(), step.max_level),
                None => (&queue.requires, Vec::new(), queue.max_level),
            },
        };
        let seats = settings
            .queues
            .iter()
            .filter(|seat| seat.queue == terms.queue || also.contains(&seat.queue));
        // Of two seats in one queue the first counts.
        let mut levels = BTreeMap::new();
        for seat in seats {
            levels.entry(&seat.queue).or_insert(seat.level);
        }
        let level = *levels.values().min()?;
        let lack = if terms.without.contains(agent) {
            Some(Exclusion::Forbidden)
        } else if !terms.only.is_empty() && !terms.only.contains(agent) {
            Some(Exclusion::NotSought)
        } else if !skill::meets(&settings.skills, requires) {
            Some(Exclusion::Skill)
        } else if highest.is_some_and(|highest| level > highest) {
            Some(Exclusion::Level)
        } else {
            None
        };
        let standing = match (self.standings[agent], lack) {
            (Standing::Free { .. } | Standing::Excluded(Exclusion::SwitchDown), Some(lack)) => {
                Err(lack)
            }
            (Standing::Free { idle_since }, None) => Ok(idle_since),
            (Standing::Excluded(reason), _) => Err(reason),
        };
        Some((level, standing))
    }

    fn plan(&self, terms: &Terms, switch: &SwitchId, now: Timestamp) -> Option<Planned> {
        let place = self.first(terms, switch)?;
        let queue = &self.settings.queues[&terms.queue];
        let mut free = Vec::new();
        let mut excluded = BTreeMap::new();
        for (agent, settings) in &self.settings.agents {
            let reason = match self.ask(agent, terms) {
                None => continue,
                Some((level, Ok(idle_since))) if self.reaches(&settings.switch, switch) => {
                    let seat = settings.seat(&terms.queue);
                    let position = match queue.strategy {
                        Choice::InOrder => seat.map_or(u16::MAX, |seat| seat.position),
                        _ => 0,
                    };
                    free.push((level, position, idle_since, agent));
                    continue;
                }
                Some((_, Ok(_))) => Exclusion::OtherSwitch,
                Some((_, Err(reason))) => reason,
            };
            *excluded.entry(reason).or_insert(0) += 1;
        }
        free.sort();
        let mut candidates = free.iter().map(|(level, _, idle_since, agent)| Candidate {
            agent: (*agent).clone(),
            idle: now.since(*idle_since),
            level: Some(*level).filter(|level| *level > 1),
            measure: None,
        });
        let explanation = Explanation {
            trigger: Trigger::CallEntered,
            strategy: queue.strategy,
            step: terms.step,
            waited: now.since(place.entered),
            chosen: candidates.next()?,
            rung: 0,
            beside: 0,
            eligible: free.len() as u32,
            nearest: candidates.take(NEAREST_KEPT).collect(),
            excluded: excluded.into_iter().collect(),
        };
        Some((place.call, explanation))
    }

    /// All lines that there can be.
    fn lines(&self) -> Vec<Terms> {
        let each = |queue: &QueueId| {
            let steps = (0..3).flat_map(|step| (0..WISHES).map(move |wish| (step, wish)));
            let lines = steps.map(|(step, wish)| terms(queue, step, wish));
            lines.collect::<Vec<_>>()
        };
        self.settings.queues.keys().flat_map(each).collect()
    }

    fn most_urgent(&self, agent: &AgentId) -> Option<CallId> {
        let switch = &self.settings.agents[agent].switch;
        let lines = self.lines();
        let takes = lines.iter().filter_map(|terms| {
            let free = self.ask(agent, terms)?.1.is_ok();
            self.first(terms, switch).filter(|_| free)
        });
        takes.min().map(|place| place.call)
    }
}

/// What calls ask for of agents by name: nothing, none of some, only some, and both.
const WISHES: usize = 4;

fn terms(queue: &QueueId, step: usize, wish: usize) -> Terms {
    let agents = |numbers: &[usize]| {
        let names = numbers.iter().map(|number| id(&format!("agent{number}")));
        AgentSet::new(names).unwrap()
    };
    let (only, without) = match wish {
        0 => (agents(&[]), agents(&[])),
        1 => (agents(&[]), agents(&[0, 2])),
        2 => (agents(&[1, 3, 7]), agents(&[])),
        _ => (agents(&[0, 1]), agents(&[1])),
    };
    Terms {
        step,
        only,
        without,
        ..Terms::plain(queue.clone())
    }
}

type Planned = (CallId, Explanation);

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(name: &str) -> T {
    name.parse().unwrap()
}

fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(names)
}

fn skills(most: usize) -> impl Strategy<Value = BTreeMap<SkillId, Level>> {
    let level = (1..4i64).prop_map(|level| Level::new(level).unwrap());
    prop::collection::btree_map(one_of(&SKILLS).prop_map(id), level, 0..=most)
}

fn settings() -> impl Strategy<Value = Settings> {
    let level = || prop::option::of(1..3u8);
    let also = prop::collection::vec(one_of(&QUEUES).prop_map(id), 0..2);
    let step = (skills(1), level(), also).prop_map(|(requires, max_level, also)| RouteStep {
        after: Span::ZERO,
        requires,
        condition: None,
        also,
        max_level,
        priority: 0,
        skip_if: None,
    });
    let choices = [Choice::LongestIdle, Choice::InOrder];
    let choice = prop::sample::select(choices.to_vec());
    let steps = prop::collection::vec(step, 0..3);
    let queue =
        (skills(2), level(), steps, choice).prop_map(|(requires, max_level, steps, strategy)| {
            QueueSettings {
                strategy,
                requires,
                max_level,
                steps,
                ..QueueSettings::new("", id("default"))
            }
        });
    let queues = prop::collection::btree_map(one_of(&QUEUES).prop_map(id), queue, 1..=4);
    let seat = (one_of(&QUEUES), 1..3u8, 1..4u16).prop_map(|(queue, level, position)| Seat {
        level,
        position,
        ..Seat::plain(id(queue))
    });
    let served = prop::collection::vec(seat, 0..5);
    let agent =
        (skills(3), one_of(&SWITCHES), served).prop_map(|(skills, switch, queues)| AgentSettings {
            devices: Vec::new(),
            name: String::new(),
            extension: Extension::new("1").unwrap(),
            switch: id(switch),
            skills,
            queues,
            attributes: BTreeMap::new(),
            group: None,
            supervises: Vec::new(),
            auto_answer: false,
            number: None,
            language: Default::default(),
            line: Default::default(),
        });
    let name = (0..AGENTS).prop_map(|number| id(&format!("agent{number}")));
    let agents = prop::collection::btree_map(name, agent, 1..=AGENTS);
    (queues, agents, any::<bool>()).prop_map(|(queues, agents, linked)| Settings {
        linked,
        queues,
        agents,
    })
}

fn standing() -> impl Strategy<Value = Standing> {
    let reasons = [
        Exclusion::SignedOut,
        Exclusion::OnCall,
        Exclusion::SwitchDown,
        Exclusion::Resting,
    ];
    // Few and early times: agents idle equally long, and idle again since before.
    let free = (0..12i64).prop_map(|at| Standing::Free {
        idle_since: Timestamp::from_millis(at),
    });
    let excluded = prop::sample::select(reasons.to_vec()).prop_map(Standing::Excluded);
    prop_oneof![3 => free, 2 => excluded]
}

fn step() -> impl Strategy<Value = Step> {
    let place = (0..QUEUES.len(), (0..3usize, 0..WISHES), 0..SWITCHES.len());
    prop_oneof![
        4 => (place.clone(), 0..3i32, any::<u8>()).prop_map(
            |((queue, (step, wish), switch), priority, random)| Step::Enter { queue, step, wish, switch, priority, random }
        ),
        2 => any::<prop::sample::Index>().prop_map(Step::Offer),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        9 => (0..AGENTS, standing()).prop_map(|(agent, standing)| Step::Stand(agent, standing)),
        1 => settings().prop_map(Step::Configure),
        3 => place.prop_map(|(queue, (step, wish), switch)| Step::Plan { queue, step, wish, switch }),
        1 => (0..5u64).prop_map(|millis| Step::Pass(Span::millis(millis))),
        1 => (0..SWITCHES.len()).prop_map(Step::Link),
    ]
}

/// Both, led through the same steps.
#[derive(Default)]
struct Both {
    queues: Queues,
    reference: Reference,
    now: Timestamp,
    entered: u128,
}

impl Both {
    fn take(&mut self, step: Step) {
        match step {
            Step::Enter {
                queue,
                step,
                wish,
                switch,
                priority,
                random,
            } => {
                let (name, switch) = (id(QUEUES[queue]), id(SWITCHES[switch]));
                let terms = terms(&name, step, wish);
                let Some(queue) = self.queues.index(&name) else {
                    return;
                };
                self.entered += 1;
                let call = Ulid::from_parts(0, (u128::from(random) << 64) | self.entered);
                let place = Place::new(priority, self.now, CallId::from_ulid(call), WORTH);
                self.queues.enter(queue);
                let demand = self.queues.demand(&terms).unwrap();
                self.queues.wait(demand, &switch, place);
                self.reference.calls.push(Waiting {
                    terms,
                    switch,
                    place,
                    aside: false,
                });
            }
            Step::Offer(index) => {
                if let Some(call) = pick(&mut self.reference.calls, index) {
                    let demand = self.queues.demand(&call.terms).unwrap();
                    match call.aside {
                        true => self.queues.wait(demand, &call.switch, call.place),
                        false => self.queues.set_aside(demand, &call.switch, &call.place),
                    }
                    call.aside = !call.aside;
                }
            }
            Step::Leave(index) => {
                if let Some(call) = pick(&mut self.reference.calls, index).cloned() {
                    let demand = self.queues.demand(&call.terms).unwrap();
                    self.queues.set_aside(demand, &call.switch, &call.place);
                    self.queues.leave(self.queues.queue_of(demand));
                    let calls = &mut self.reference.calls;
                    calls.retain(|other| other.place.call != call.place.call);
                }
            }
            Step::Stand(agent, standing) => self.stand(&id(&format!("agent{agent}")), standing),
            Step::Configure(settings) => {
                self.reference.configure(settings);
                let settings = &self.reference.settings;
                let all = SWITCHES.map(|name| (id(name), id("east")));
                let pools = BTreeMap::from(all);
                let pools = if settings.linked {
                    pools
                } else {
                    BTreeMap::new()
                };
                self.queues.set_pools(&pools);
                self.queues
                    .configure(&settings.queues, settings.agents.iter());
                for call in &self.reference.calls {
                    let demand = self.queues.demand(&call.terms).unwrap();
                    self.queues.enter(self.queues.queue_of(demand));
                    if !call.aside {
                        self.queues.wait(demand, &call.switch, call.place);
                    }
                }
                for (agent, standing) in self.reference.standings.clone() {
                    self.stand(&agent, standing);
                }
            }
            Step::Plan {
                queue,
                step,
                wish,
                switch,
            } => {
                let (terms, switch) = (terms(&id(QUEUES[queue]), step, wish), id(SWITCHES[switch]));
                if let Some((call, explanation)) = self.plan(&terms, &switch) {
                    let offered = self.reference.calls.iter_mut();
                    let mut offered = offered.filter(|waiting| waiting.place.call == call);
                    let offered = offered.next().unwrap();
                    offered.aside = true;
                    let demand = self.queues.demand(&terms).unwrap();
                    let switch = offered.switch.clone();
                    self.queues.set_aside(demand, &switch, &offered.place);
                    let busy = Standing::Excluded(Exclusion::OnCall);
                    self.stand(&explanation.chosen.agent, busy);
                }
            }
            Step::Pass(span) => self.now = self.now + span,
            Step::Link(switch) => {
                let switch: SwitchId = id(SWITCHES[switch]);
                let away = &mut self.reference.away;
                let back = away.iter().position(|other| *other == switch);
                match back {
                    Some(nth) => drop(away.remove(nth)),
                    None => away.push(switch.clone()),
                }
                self.queues.set_reachable(&switch, back.is_some());
            }
        }
    }

    fn stand(&mut self, agent: &AgentId, standing: Standing) {
        if let Some(index) = self.queues.agent_index(agent) {
            self.queues.set_standing(index, standing);
            self.reference.standings.insert(agent.clone(), standing);
        }
    }

    fn plan(&mut self, terms: &Terms, switch: &SwitchId) -> Option<Planned> {
        let demand = self.queues.demand(terms)?;
        let switch = self.queues.pool(switch);
        let trigger = Trigger::CallEntered;
        let chance = &mut Pcg64::seed_from_u64(0);
        let plan = strategy::plan(&mut self.queues, demand, switch, self.now, trigger, chance)?;
        let Plan {
            call,
            agents,
            explanation,
        } = plan;
        let chosen = self.queues.member(agents[0]);
        assert_eq!(chosen.id, explanation.chosen.agent);
        Some((call, explanation))
    }

    fn agree(&mut self) {
        for (terms, switch) in self
            .reference
            .lines()
            .iter()
            .flat_map(|l| SWITCHES.map(|s| (l.clone(), s)))
        {
            let switch = id(switch);
            let expected = self.reference.plan(&terms, &switch, self.now);
            assert_eq!(self.plan(&terms, &switch), expected);
        }
        for agent in self.reference.settings.agents.keys() {
            let index = self.queues.agent_index(agent).unwrap();
            let urgent = self.queues.most_urgent(index);
            let switch = self.queues.pool_of(index);
            let urgent = urgent.and_then(|demand| Some(self.queues.first(demand, switch)?.call));
            assert_eq!(urgent, self.reference.most_urgent(agent));
        }
        for queue in self.queues.indices() {
            let queue = self.queues.queue(queue);
            let inside = self.reference.calls.iter();
            let inside = inside.filter(|call| call.terms.queue == queue.id).count();
            assert_eq!(queue.length() as usize, inside);
        }
    }
}

fn pick(calls: &mut [Waiting], index: prop::sample::Index) -> Option<&mut Waiting> {
    match calls.is_empty() {
        true => None,
        false => Some(index.get_mut(calls)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_plan_is_that_of_a_planner_who_looks_at_everybody(
        begin in settings(),
        steps in prop::collection::vec(step(), 1..120),
        often in any::<bool>(),
    ) {
        let mut both = Both::default();
        both.take(Step::Configure(begin));
        for (number, step) in steps.into_iter().enumerate() {
            both.take(step);
            // Looking tidies up: without it more is left behind.
            if often || number % 16 == 0 {
                both.agree();
            }
        }
        both.agree();
    }
}

#[test]
fn an_agent_gone_from_the_settings_is_counted_no_more() {
    let mut settings = Settings::default();
    let queue = QueueSettings::new("", id("default"));
    settings.queues.insert(id("desk"), queue);
    for name in ["anna", "bert"] {
        let agent = AgentSettings {
            devices: Vec::new(),
            name: name.to_owned(),
            extension: Extension::new(name).unwrap(),
            switch: id("west"),
            skills: BTreeMap::new(),
            queues: vec![Seat::plain(id("desk"))],
            attributes: BTreeMap::new(),
            group: None,
            supervises: Vec::new(),
            auto_answer: false,
            number: None,
            language: Default::default(),
            line: Default::default(),
        };
        settings.agents.insert(id(name), agent);
    }
    let mut queues = Queues::default();
    queues.configure(&settings.queues, settings.agents.iter());
    settings.agents.remove(&id::<AgentId>("bert"));
    queues.configure(&settings.queues, settings.agents.iter());
    let (desk, west) = (
        queues.index(&id("desk")).unwrap(),
        queues.switch(&id("west")),
    );
    let left = queues.excluded_for(queues.own_demand(desk), west);
    assert_eq!(left.count(Exclusion::SignedOut), 1);
}
