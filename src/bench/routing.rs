//! How long the choice of an agent takes: the engine's own queues and planner,
//! in memory, on one core, with the clock outside.
//!
//! All agents are busy and `waiting` calls wait. One agent after the other
//! becomes free; each is put into the orders of their queues, the most urgent
//! call they can take is planned with its explanation, the call leaves its
//! place and the agent the orders. Another call then enters the same queue,
//! which is not timed. The second measurement turns this round: all agents are
//! free, a call enters, is planned and leaves, and its agent is taken out of
//! the orders and put back.

use crate::clock::monotonic;
use crate::engine::centre::{AgentSettings, Level, NotALevel, QueueSettings, Seat};
use crate::engine::explanation::{Exclusion, Explanation, Trigger};
use crate::engine::id::{AgentId, CallId, IdError, QueueId, SkillId, SwitchId};
use crate::engine::queue::Place;
use crate::engine::queues::{AgentIndex, DemandIndex, QueueIndex, Queues, Standing, SwitchIndex};
use crate::engine::skill;
use crate::engine::strategy::{self, Plan};
use crate::engine::time::{Span, Timestamp};
use crate::switch::{Extension, NotAnExtension};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Instant;
use ulid::Ulid;

const SWITCH: &str = "bench";
/// Before anything is measured, one decision for so many of those measured.
const WARM_UP: u32 = 10;
/// Explanations kept, as the journal's queue would.
const KEPT: usize = 1_024;
/// One in so many of an agent's queues requires what the agent lacks.
const LACKING: usize = 5;
/// How much waiting one point of priority counts for.
const PRIORITY_WORTH: Span = Span::seconds(60);
/// A call of higher priority among so many.
const URGENT: u64 = 10;

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoutingBench {
    pub agents: u32,
    /// Calls that wait all the time.
    pub waiting: u32,
    pub queues: u32,
    /// Skills there are; none for plain queues. With skills, each queue
    /// requires one to three at a level, and each agent has half of them.
    pub skills: u32,
    /// Queues that each agent serves, if there are so many.
    pub queues_per_agent: u32,
    /// Decisions measured.
    pub decisions: u32,
    pub seed: u64,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoutingReport {
    #[serde(flatten)]
    pub bench: RoutingBench,
    /// Agents become free while calls wait.
    #[serde(flatten)]
    pub freed: Pace,
    /// Calls come while agents are free.
    pub new_calls: Pace,
}

/// The times of many decisions. A second here is one of deciding only.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pace {
    pub assignments_per_second: u64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub samples: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum RoutingError {
    #[error("--{what} is at least 1")]
    Zero { what: &'static str },
    #[error(transparent)]
    Name(#[from] IdError),
    #[error("a level of a skill: {0}")]
    Level(#[from] NotALevel),
    #[error("an agent's extension: {0}")]
    Extension(#[from] NotAnExtension),
}

impl RoutingBench {
    /// # Errors
    /// [`RoutingError::Zero`] when there would be nothing to decide.
    pub fn run(&self) -> Result<RoutingReport, RoutingError> {
        let counts = [
            ("agents", self.agents),
            ("waiting", self.waiting),
            ("queues", self.queues),
            ("decisions", self.decisions),
        ];
        if let Some((what, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(RoutingError::Zero { what });
        }
        let mut hall = Hall::new(self)?;
        let new_calls = hall.measure(self.decisions, Hall::call_comes);
        hall.fill(self.waiting);
        let freed = hall.measure(self.decisions, Hall::agent_freed);
        Ok(RoutingReport {
            bench: self.clone(),
            freed,
            new_calls,
        })
    }
}

/// The queues with their agents and calls, and what drives them.
struct Hall {
    queues: Queues,
    switch: SwitchIndex,
    switch_id: SwitchId,
    agents: Vec<AgentIndex>,
    generator: Pcg64,
    now: Timestamp,
    kept: Vec<Option<Explanation>>,
    decisions: usize,
}

impl Hall {
    /// All agents are free.
    fn new(bench: &RoutingBench) -> Result<Self, RoutingError> {
        let mut generator = Pcg64::seed_from_u64(bench.seed);
        let queue_settings = queue_settings(bench, &mut generator)?;
        let agent_settings = agent_settings(bench, &queue_settings, &mut generator)?;
        let mut queues = Queues::default();
        queues.configure(&queue_settings, agent_settings.iter());
        let switch_id = SwitchId::new(SWITCH)?;
        let mut hall = Self {
            switch: queues.switch(&switch_id),
            agents: agent_settings
                .keys()
                .filter_map(|id| queues.agent_index(id))
                .collect(),
            queues,
            switch_id,
            generator,
            now: Timestamp::from_millis(1_000_000),
            kept: vec![None; KEPT],
            decisions: 0,
        };
        for agent in hall.agents.clone() {
            hall.now = hall.now + Span::millis(below(&mut hall.generator, 10));
            let idle_since = hall.now;
            hall.queues
                .set_standing(agent, Standing::Free { idle_since });
        }
        Ok(hall)
    }

    /// All agents take a call, and so many more wait.
    fn fill(&mut self, waiting: u32) {
        for agent in &self.agents {
            let busy = Standing::Excluded(Exclusion::OnCall);
            self.queues.set_standing(*agent, busy);
        }
        let queues: Vec<QueueIndex> = self.queues.indices().collect();
        for (queue, _) in queues.iter().cycle().zip(0..waiting) {
            self.refill(*queue);
        }
    }

    fn measure(&mut self, decisions: u32, decide: impl Fn(&mut Self) -> Option<u64>) -> Pace {
        for _ in 0..decisions / WARM_UP {
            decide(self);
        }
        let times: Vec<u64> = (0..decisions).filter_map(|_| decide(self)).collect();
        Pace::of(times)
    }

    /// The next agent becomes free. Gives the nanoseconds it took, if a call
    /// was there for them.
    fn agent_freed(&mut self) -> Option<u64> {
        let agent = self.next_agent();
        if self.queues.is_free(agent) {
            return None;
        }
        let begin = monotonic();
        let idle_since = self.now;
        self.queues
            .set_standing(agent, Standing::Free { idle_since });
        let demand = self.queues.most_urgent(agent)?;
        let offered = self.assign(demand, Trigger::AgentFreed)?;
        let nanos = since(begin);
        debug_assert_eq!(offered, agent);
        self.refill(self.queues.queue_of(demand));
        Some(nanos)
    }

    /// A call comes to some queue. Gives the nanoseconds it took, if an agent
    /// was free for it.
    fn call_comes(&mut self) -> Option<u64> {
        let count = self.queues.indices().count() as u64;
        let queue = usize::try_from(below(&mut self.generator, count)).ok()?;
        let queue = self.queues.indices().nth(queue)?;
        self.now = self.now + Span::millis(1);
        let place = self.place();
        let begin = monotonic();
        let demand = self.queues.own_demand(queue);
        self.queues.enter(queue);
        self.queues.wait(demand, &self.switch_id, place);
        let Some(agent) = self.assign(demand, Trigger::CallEntered) else {
            self.queues.set_aside(demand, &self.switch_id, &place);
            self.queues.leave(queue);
            return None;
        };
        let idle_since = self.now;
        self.queues
            .set_standing(agent, Standing::Free { idle_since });
        Some(since(begin))
    }

    /// Plans the first call of a demand and carries the plan out.
    fn assign(&mut self, demand: DemandIndex, trigger: Trigger) -> Option<AgentIndex> {
        let place = *self.queues.first(demand, self.switch)?;
        let plan = strategy::plan(
            &mut self.queues,
            demand,
            self.switch,
            self.now,
            trigger,
            &mut self.generator,
        )?;
        let Plan {
            agents,
            explanation,
            ..
        } = plan;
        let agent = *agents.first()?;
        self.queues.set_aside(demand, &self.switch_id, &place);
        self.queues.leave(self.queues.queue_of(demand));
        self.queues
            .set_standing(agent, Standing::Excluded(Exclusion::Offered));
        self.kept[self.decisions % KEPT] = Some(explanation);
        self.decisions += 1;
        Some(agent)
    }

    fn refill(&mut self, queue: QueueIndex) {
        let place = self.place();
        self.queues.enter(queue);
        let demand = self.queues.own_demand(queue);
        self.queues.wait(demand, &self.switch_id, place);
    }

    fn place(&mut self) -> Place {
        let random = self.generator.next_u64();
        let urgent = random.is_multiple_of(URGENT);
        let call = CallId::from_ulid(Ulid::from_parts(0, random.into()));
        Place::new(i32::from(urgent), self.now, call, PRIORITY_WORTH)
    }

    fn next_agent(&mut self) -> AgentIndex {
        self.now = self.now + Span::millis(1);
        let count = self.agents.len() as u64;
        let index = below(&mut self.generator, count);
        self.agents[usize::try_from(index).unwrap_or(0)]
    }
}

fn queue_settings(
    bench: &RoutingBench,
    generator: &mut Pcg64,
) -> Result<BTreeMap<QueueId, QueueSettings>, RoutingError> {
    let music = "default".parse()?;
    let mut all = BTreeMap::new();
    for number in 0..bench.queues {
        let mut requires = BTreeMap::new();
        if bench.skills > 0 {
            for _ in 0..=below(generator, 3) {
                requires.insert(any_skill(bench, generator)?, any_level(generator, 5)?);
            }
        }
        let settings = QueueSettings {
            requires,
            max_waiting: u32::MAX,
            ..QueueSettings::new(&format!("queue {number}"), Clone::clone(&music))
        };
        all.insert(QueueId::new(&format!("queue{number}"))?, settings);
    }
    Ok(all)
}

/// Agents with half of the skills each, who serve queues whose requirements
/// they meet, as far as there are enough, and some whose they do not.
fn agent_settings(
    bench: &RoutingBench,
    queues: &BTreeMap<QueueId, QueueSettings>,
    generator: &mut Pcg64,
) -> Result<BTreeMap<AgentId, AgentSettings>, RoutingError> {
    let switch = SwitchId::new(SWITCH)?;
    let mut all = BTreeMap::new();
    for number in 0..bench.agents {
        let mut skills = BTreeMap::new();
        for _ in 0..bench.skills / 2 {
            skills.insert(any_skill(bench, generator)?, any_level(generator, 9)?);
        }
        let most = bench.queues_per_agent.min(bench.queues) as usize;
        let offset = usize::try_from(below(generator, u64::from(bench.queues))).unwrap_or(0);
        let (mut served, lacking): (Vec<_>, Vec<_>) = queues
            .iter()
            .cycle()
            .skip(offset)
            .take(queues.len())
            .partition(|(_, queue)| skill::meets(&skills, &queue.requires));
        let lacked = (most / LACKING).min(lacking.len());
        served.truncate(most - lacked);
        served.extend(lacking.into_iter().take(lacked));
        let name = format!("agent{number}");
        let settings = AgentSettings {
            devices: Vec::new(),
            extension: Extension::new(&name)?,
            switch: switch.clone(),
            skills,
            queues: served
                .into_iter()
                .map(|(id, _)| Seat::plain(id.clone()))
                .collect(),
            attributes: BTreeMap::new(),
            group: None,
            supervises: Vec::new(),
            auto_answer: false,
            number: None,
            language: Default::default(),
            line: Default::default(),
            name: name.clone(),
        };
        all.insert(AgentId::new(&name)?, settings);
    }
    Ok(all)
}

fn any_skill(bench: &RoutingBench, generator: &mut Pcg64) -> Result<SkillId, RoutingError> {
    let number = below(generator, u64::from(bench.skills));
    Ok(SkillId::new(&format!("skill{number}"))?)
}

fn any_level(generator: &mut Pcg64, highest: u64) -> Result<Level, RoutingError> {
    let level = i64::try_from(below(generator, highest)).unwrap_or(0) + 1;
    Ok(Level::new(level)?)
}

/// A number from 0 to `limit`, without it.
fn below(generator: &mut Pcg64, limit: u64) -> u64 {
    generator.next_u64() % limit.max(1)
}

impl Pace {
    /// The pace of decisions that took so many nanoseconds each.
    fn of(mut times: Vec<u64>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            micros(times.get(index).copied().unwrap_or(0))
        };
        let total = times.iter().sum::<u64>().max(1);
        let rate = u128::from(times.len() as u64) * 1_000_000_000 / u128::from(total);
        Self {
            assignments_per_second: u64::try_from(rate).unwrap_or(u64::MAX),
            p50_us: at(50),
            p99_us: at(99),
            samples: times.len(),
        }
    }
}

fn micros(nanos: u64) -> f64 {
    std::time::Duration::from_nanos(nanos).as_secs_f64() * 1_000_000.0
}

fn since(begin: Instant) -> u64 {
    u64::try_from((monotonic() - begin).as_nanos()).unwrap_or(u64::MAX)
}
