//! Why a call still waits, and why an agent gets nothing, in names and words.

use crate::engine::explanation::Exclusions;
use crate::engine::id::AgentId;
use crate::engine::time::Timestamp;
use crate::engine::why::{
    AgentObstacle, CallObstacle, WhyFromQueue, WhyIdle, WhyInQueue, WhyWaiting,
};
use crate::web::pages::names::Names;
use crate::web::pages::word;
use serde::Serialize;

/// What keeps a call from agents. `obstacle` and `because` name texts.
#[derive(Serialize)]
pub(super) struct Waiting {
    obstacle: Option<String>,
    /// Who rings, or the switch.
    subjects: Vec<String>,
    queues: Vec<InQueue>,
}

#[derive(Serialize)]
struct InQueue {
    name: String,
    because: String,
    waited_ms: u64,
    priority: i32,
    ahead: usize,
    free: u32,
    suited: Vec<Counted>,
    unsuited: Vec<Counted>,
    sought: Vec<String>,
    sought_until: Option<i64>,
    next_step: Option<i64>,
    overflows: Option<i64>,
    estimate: Option<Interval>,
}

#[derive(Serialize)]
struct Interval {
    low_ms: u64,
    high_ms: u64,
}

/// Agents or calls, counted by a reason.
#[derive(Serialize)]
pub(super) struct Counted {
    reason: String,
    count: u32,
}

pub(super) fn counted(exclusions: &Exclusions) -> Vec<Counted> {
    let one = |(reason, count)| Counted {
        reason: format!("exclusion-{}", word(&reason)),
        count,
    };
    exclusions.iter().map(one).collect()
}

fn named(agents: &[AgentId], names: &Names) -> Vec<String> {
    let agents = agents.iter().map(|agent| names.agent(agent.as_str()));
    agents.collect()
}

impl Waiting {
    /// None of a call that does not wait.
    pub(super) fn of(why: WhyWaiting, names: &Names) -> Option<Self> {
        let subjects = match &why.obstacle {
            Some(CallObstacle::NotWaiting) => return None,
            Some(CallObstacle::Ringing { agents }) => named(agents, names),
            Some(CallObstacle::SwitchDown { switch }) => vec![switch.to_string()],
            Some(CallObstacle::Draining) | None => Vec::new(),
        };
        let obstacle = why.obstacle.as_ref().map(|obstacle| match obstacle {
            CallObstacle::Ringing { .. } => "why-ringing",
            CallObstacle::SwitchDown { .. } => "why-switch_down",
            _ => "why-draining",
        });
        Some(Self {
            obstacle: obstacle.map(str::to_owned),
            subjects,
            queues: why
                .queues
                .into_iter()
                .map(|queue| InQueue::of(queue, names))
                .collect(),
        })
    }
}

impl InQueue {
    fn of(why: WhyInQueue, names: &Names) -> Self {
        let millis = |at: Timestamp| at.as_millis();
        Self {
            name: names.queue(why.queue.as_str()),
            because: format!("why-{}", word(&why.because)),
            waited_ms: why.waited.as_millis(),
            priority: why.priority,
            ahead: why.ahead,
            free: why.free,
            suited: counted(&why.suited),
            unsuited: counted(&why.unsuited),
            sought_until: why.sought.as_ref().and_then(|one| one.until).map(millis),
            sought: why
                .sought
                .map(|one| named(&one.agents, names))
                .unwrap_or_default(),
            next_step: why.next_step.map(millis),
            overflows: why.overflows.map(millis),
            estimate: why.estimate.map(|estimate| Interval {
                low_ms: estimate.low.as_millis(),
                high_ms: estimate.high.as_millis(),
            }),
        }
    }
}

/// What keeps an agent from calls.
#[derive(Serialize)]
pub(super) struct Idle {
    because: String,
    /// Names the text of what the agent is doing, when that is the reason.
    reason: Option<String>,
    until: Option<i64>,
    idle_ms: u64,
    queues: Vec<FromQueue>,
}

#[derive(Serialize)]
struct FromQueue {
    name: String,
    level: u8,
    suited: u32,
    unsuited: Vec<Counted>,
    idle_longer: u32,
}

impl Idle {
    pub(super) fn of(why: WhyIdle, names: &Names) -> Self {
        let (because, reason) = match why.because {
            AgentObstacle::Unavailable { reason } => ("unavailable", Some(reason)),
            AgentObstacle::NoQueue => ("no_queue", None),
            AgentObstacle::NothingWaits => ("nothing_waits", None),
            AgentObstacle::NoneSuited => ("none_suited", None),
            AgentObstacle::Draining => ("draining", None),
            AgentObstacle::Soon => ("soon", None),
        };
        Self {
            because: format!("why-{because}"),
            reason: reason.map(|reason| format!("exclusion-{}", word(&reason))),
            until: why.until.map(Timestamp::as_millis),
            idle_ms: why.idle.as_millis(),
            queues: why
                .queues
                .into_iter()
                .map(|queue| FromQueue::of(queue, names))
                .collect(),
        }
    }
}

impl FromQueue {
    fn of(why: WhyFromQueue, names: &Names) -> Self {
        Self {
            name: names.queue(why.queue.as_str()),
            level: why.level,
            suited: why.suited,
            unsuited: counted(&why.unsuited),
            idle_longer: why.idle_longer,
        }
    }
}
