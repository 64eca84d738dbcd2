//! The queues, beside a planner that keeps nothing and looks at everybody.

use super::*;
use crate::engine::centre::{self, Level};
use crate::engine::explanation::{Candidate, Explanation, NEAREST_KEPT, Trigger};
use crate::engine::id::{CallId, SkillId};
use crate::engine::strategy::{self, Plan};
use crate::engine::time::Span;
use crate::switch::Extension;
use proptest::prelude::*;
use ulid::Ulid;

const SWITCHES: [&str; 2] = ["west", "east"];
const QUEUES: [&str; 4] = ["billing", "desk", "sales", "support"];
const SKILLS: [&str; 3] = ["english", "french", "german"];
const AGENTS: usize = 8;

#[derive(Clone, Debug)]
enum Step {
    Enter {
        queue: usize,
        switch: usize,
        priority: i32,
        random: u8,
    },
    /// Sets a call aside for an offer, or puts it back to its place.
    Offer(prop::sample::Index),
    Leave(prop::sample::Index),
    Stand(usize, Standing),
    Configure(Settings),
    /// Carries out what is planned for a queue.
    Plan {
        queue: usize,
        switch: usize,
    },
    Pass(Span),
}

#[derive(Clone, Debug, Default)]
struct Settings {
    queues: BTreeMap<QueueId, QueueSettings>,
    agents: BTreeMap<AgentId, AgentSettings>,
}

#[derive(Clone, Debug)]
struct Waiting {
    queue: QueueId,
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
}

impl Reference {
    fn configure(&mut self, settings: Settings) {
        let inside = |id: &QueueId| self.calls.iter().any(|call| call.queue == *id);
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

    fn first(&self, queue: &QueueId, switch: &SwitchId) -> Option<&Place> {
        let here = |call: &&Waiting| call.queue == *queue && call.switch == *switch && !call.aside;
        let places = self.calls.iter().filter(here).map(|call| &call.place);
        places.min_by_key(|place| (-place.priority(), place.entered, place.call))
    }

    /// Why the agent cannot take a call of the queue, or since when they are idle.
    fn ask(&self, agent: &AgentId, queue: &QueueId) -> Option<Result<Timestamp, Exclusion>> {
        let (settings, queues) = (&self.settings.agents[agent], &self.settings.queues);
        let queue = queues
            .get(queue)
            .filter(|_| settings.queues.contains(queue))?;
        let lacking = !skill::meets(&settings.skills, &queue.requires);
        Some(match self.standings[agent] {
            Standing::Free { .. } | Standing::Excluded(Exclusion::SwitchDown) if lacking => {
                Err(Exclusion::Skill)
            }
            Standing::Free { idle_since } => Ok(idle_since),
            Standing::Excluded(reason) => Err(reason),
        })
    }

    fn plan(&self, queue: &QueueId, switch: &SwitchId, now: Timestamp) -> Option<Planned> {
        let place = self.first(queue, switch)?;
        let mut free = Vec::new();
        let mut excluded = BTreeMap::new();
        for (agent, settings) in &self.settings.agents {
            let reason = match self.ask(agent, queue) {
                None => continue,
                Some(Ok(idle_since)) if settings.switch == *switch => {
                    free.push((idle_since, agent));
                    continue;
                }
                Some(Ok(_)) => Exclusion::OtherSwitch,
                Some(Err(reason)) => reason,
            };
            *excluded.entry(reason).or_insert(0) += 1;
        }
        free.sort();
        let mut candidates = free.iter().map(|(idle_since, agent)| Candidate {
            agent: (*agent).clone(),
            idle: now.since(*idle_since),
        });
        let explanation = Explanation {
            trigger: Trigger::CallEntered,
            strategy: self.settings.queues[queue].strategy,
            waited: now.since(place.entered),
            chosen: candidates.next()?,
            eligible: free.len() as u32,
            nearest: candidates.take(NEAREST_KEPT).collect(),
            excluded: excluded.into_iter().collect(),
        };
        Some((place.call, explanation))
    }

    fn most_urgent(&self, agent: &AgentId) -> Option<QueueId> {
        let settings = &self.settings.agents[agent];
        let takes = settings.queues.iter().filter_map(|queue| {
            let free = self.ask(agent, queue)?.is_ok();
            let place = self.first(queue, &settings.switch).filter(|_| free)?;
            Some(((-place.priority(), place.entered, place.call), queue))
        });
        takes.min().map(|(_, queue)| queue.clone())
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
    let queue = skills(2).prop_map(|requires| QueueSettings {
        name: String::new(),
        strategy: centre::Strategy::LongestIdle,
        requires,
        music: id("default"),
        ring: Span::seconds(20),
        wrap_up: Span::ZERO,
        record: false,
        max_waiting: 100,
        priority: 0,
        greeting: None,
        calendar: None,
    });
    let queues = prop::collection::btree_map(one_of(&QUEUES).prop_map(id), queue, 1..=4);
    let served = prop::collection::vec(one_of(&QUEUES).prop_map(id), 0..5);
    let agent =
        (skills(3), one_of(&SWITCHES), served).prop_map(|(skills, switch, queues)| AgentSettings {
            name: String::new(),
            extension: Extension::new("1").unwrap(),
            switch: id(switch),
            skills,
            queues,
        });
    let name = (0..AGENTS).prop_map(|number| id(&format!("agent{number}")));
    let agents = prop::collection::btree_map(name, agent, 1..=AGENTS);
    (queues, agents).prop_map(|(queues, agents)| Settings { queues, agents })
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
    let place = (0..QUEUES.len(), 0..SWITCHES.len());
    prop_oneof![
        4 => (place.clone(), 0..3i32, any::<u8>()).prop_map(
            |((queue, switch), priority, random)| Step::Enter { queue, switch, priority, random }
        ),
        2 => any::<prop::sample::Index>().prop_map(Step::Offer),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        9 => (0..AGENTS, standing()).prop_map(|(agent, standing)| Step::Stand(agent, standing)),
        1 => settings().prop_map(Step::Configure),
        3 => place.prop_map(|(queue, switch)| Step::Plan { queue, switch }),
        1 => (0..5u64).prop_map(|millis| Step::Pass(Span::millis(millis))),
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
                switch,
                priority,
                random,
            } => {
                let (name, switch) = (id(QUEUES[queue]), id(SWITCHES[switch]));
                let Some(queue) = self.queues.index(&name) else {
                    return;
                };
                self.entered += 1;
                let call = Ulid::from_parts(0, (u128::from(random) << 64) | self.entered);
                let place = Place::new(priority, self.now, CallId::from_ulid(call));
                self.queues.enter(queue, &switch, place);
                self.reference.calls.push(Waiting {
                    queue: name,
                    switch,
                    place,
                    aside: false,
                });
            }
            Step::Offer(index) => {
                if let Some(call) = pick(&mut self.reference.calls, index) {
                    let queue = self.queues.index(&call.queue).unwrap();
                    match call.aside {
                        true => self.queues.wait(queue, &call.switch, call.place),
                        false => self.queues.set_aside(queue, &call.switch, &call.place),
                    }
                    call.aside = !call.aside;
                }
            }
            Step::Leave(index) => {
                if let Some(call) = pick(&mut self.reference.calls, index).cloned() {
                    let queue = self.queues.index(&call.queue).unwrap();
                    self.queues.leave(queue, &call.switch, &call.place);
                    let calls = &mut self.reference.calls;
                    calls.retain(|other| other.place.call != call.place.call);
                }
            }
            Step::Stand(agent, standing) => self.stand(&id(&format!("agent{agent}")), standing),
            Step::Configure(settings) => {
                let agents = settings.agents.iter();
                self.queues.configure(&settings.queues, agents);
                self.reference.configure(settings);
                for (agent, standing) in self.reference.standings.clone() {
                    self.stand(&agent, standing);
                }
            }
            Step::Plan { queue, switch } => {
                let (queue, switch) = (id(QUEUES[queue]), id(SWITCHES[switch]));
                if let Some((call, explanation)) = self.plan(&queue, &switch) {
                    let offered = self.reference.calls.iter_mut();
                    let mut offered = offered.filter(|waiting| waiting.place.call == call);
                    let offered = offered.next().unwrap();
                    offered.aside = true;
                    let queue = self.queues.index(&queue).unwrap();
                    self.queues.set_aside(queue, &switch, &offered.place);
                    let busy = Standing::Excluded(Exclusion::OnCall);
                    self.stand(&explanation.chosen.agent, busy);
                }
            }
            Step::Pass(span) => self.now = self.now + span,
        }
    }

    fn stand(&mut self, agent: &AgentId, standing: Standing) {
        if let Some(index) = self.queues.agent_index(agent) {
            self.queues.set_standing(index, standing);
            self.reference.standings.insert(agent.clone(), standing);
        }
    }

    fn plan(&mut self, queue: &QueueId, switch: &SwitchId) -> Option<Planned> {
        let queue = self.queues.index(queue)?;
        let switch = self.queues.switch(switch);
        let trigger = Trigger::CallEntered;
        let plan = strategy::plan(&mut self.queues, queue, switch, self.now, trigger)?;
        let Plan {
            call,
            agent,
            explanation,
        } = plan;
        assert_eq!(*self.queues.agent_id(agent), explanation.chosen.agent);
        Some((call, explanation))
    }

    fn agree(&mut self) {
        for (queue, switch) in QUEUES.iter().flat_map(|q| SWITCHES.map(|s| (*q, s))) {
            let (queue, switch) = (id(queue), id(switch));
            let expected = self.reference.plan(&queue, &switch, self.now);
            assert_eq!(self.plan(&queue, &switch), expected);
        }
        for agent in self.reference.settings.agents.keys() {
            let index = self.queues.agent_index(agent).unwrap();
            let urgent = self.queues.most_urgent(index);
            let urgent = urgent.map(|queue| self.queues.queue(queue).id.clone());
            assert_eq!(urgent, self.reference.most_urgent(agent));
        }
        for queue in self.queues.indices() {
            let queue = self.queues.queue(queue);
            let inside = self.reference.calls.iter();
            let inside = inside.filter(|call| call.queue == queue.id).count();
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
    let queue = QueueSettings {
        name: String::new(),
        strategy: centre::Strategy::LongestIdle,
        requires: BTreeMap::new(),
        music: id("default"),
        ring: Span::seconds(20),
        wrap_up: Span::ZERO,
        record: false,
        max_waiting: 100,
        priority: 0,
        greeting: None,
        calendar: None,
    };
    settings.queues.insert(id("desk"), queue);
    for name in ["anna", "bert"] {
        let agent = AgentSettings {
            name: name.to_owned(),
            extension: Extension::new(name).unwrap(),
            switch: id("west"),
            skills: BTreeMap::new(),
            queues: vec![id("desk")],
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
    let left = queues.excluded_for(desk, west);
    assert_eq!(left.count(Exclusion::SignedOut), 1);
}
