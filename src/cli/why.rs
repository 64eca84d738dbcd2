//! Why a call still waits, and why an agent gets nothing, in words.

use crate::cli::explain::exclusion_words;
use crate::engine::explanation::{Exclusion, Exclusions};
use crate::engine::id::AgentId;
use crate::engine::time::{Span, Timestamp};
use crate::engine::why::{
    AgentObstacle, CallObstacle, QueueObstacle, WhyFromQueue, WhyIdle, WhyInQueue, WhyWaiting,
};

/// Why a call has no agent at this moment; nothing of one that does not wait.
pub(super) fn waiting(why: &WhyWaiting, now: Timestamp) -> Vec<String> {
    let above = match &why.obstacle {
        Some(CallObstacle::NotWaiting) => return Vec::new(),
        Some(CallObstacle::Ringing { agents }) => {
            Some(format!("being rung for it: {}", listed(agents)))
        }
        Some(CallObstacle::SwitchDown { switch }) => Some(format!(
            "its switch {switch} cannot be reached; it is offered as soon as that is back"
        )),
        Some(CallObstacle::Draining) => {
            Some("the controller is about to leave and makes no new offers".to_owned())
        }
        None => None,
    };
    let queues = why.queues.iter().flat_map(|queue| in_queue(queue, now));
    above.into_iter().chain(queues).collect()
}

fn in_queue(why: &WhyInQueue, now: Timestamp) -> Vec<String> {
    let mut lines = vec![format!(
        "queue {}: {}; waiting for {} with priority {}, {} ahead",
        why.queue,
        queue_words(why),
        why.waited,
        why.priority,
        why.ahead
    )];
    let mut staff = Vec::new();
    if why.free > 0 {
        staff.push(format!("{} free", why.free));
    }
    staff.extend(counted(&why.suited));
    if !staff.is_empty() {
        lines.push(format!("  agents who may take it: {}", staff.join(", ")));
    }
    if !why.unsuited.is_empty() {
        let unsuited: Vec<String> = counted(&why.unsuited).collect();
        lines.push(format!("  agents who may not: {}", unsuited.join(", ")));
    }
    if let Some(sought) = &why.sought {
        let until = sought
            .until
            .map(|until| format!(", {} more", until.since(now)));
        let until = until.unwrap_or_default();
        lines.push(format!(
            "  waits for {} alone{until}",
            listed(&sought.agents)
        ));
    }
    if let Some(next) = why.next_step {
        let after = next.since(now);
        lines.push(format!("  comes to step {} in {after}", why.step + 1));
    }
    if let Some(leaves) = why.overflows {
        lines.push(format!("  goes elsewhere in {}", leaves.since(now)));
    }
    if let Some(estimate) = &why.estimate {
        lines.push(format!(
            "  expected to wait another {} to {} (80 %)",
            estimate.low, estimate.high
        ));
    }
    lines
}

fn queue_words(why: &WhyInQueue) -> &'static str {
    match why.because {
        QueueObstacle::NobodyServes => "no agent serves it",
        QueueObstacle::NobodySuited => "none of its agents has what the call asks for",
        QueueObstacle::NobodySignedIn => "all who may take it are signed out",
        QueueObstacle::NobodyReady => "nobody who may take it is ready",
        QueueObstacle::SoughtBusy => "it waits for certain agents alone",
        QueueObstacle::EverybodyBusy => "all who may take it are busy",
        QueueObstacle::OthersFirst => "it is another call's turn",
    }
}

fn listed(agents: &[AgentId]) -> String {
    let agents: Vec<&str> = agents.iter().map(AgentId::as_str).collect();
    agents.join(", ")
}

fn counted(agents: &Exclusions) -> impl Iterator<Item = String> + '_ {
    let words = |(why, count): (Exclusion, u32)| format!("{count} {}", exclusion_words(why));
    agents.iter().map(words)
}

/// Why an agent gets no call at this moment.
pub(super) fn idle(why: &WhyIdle, now: Timestamp) -> Vec<String> {
    let until = why
        .until
        .map(|until| format!(", {} more", until.since(now)));
    let because = match why.because {
        AgentObstacle::Unavailable { reason } => format!(
            "gets nothing while {}{}",
            exclusion_words(reason),
            until.unwrap_or_default()
        ),
        AgentObstacle::NoQueue => "serves no queue: see `queues` in the agent's section".to_owned(),
        AgentObstacle::NothingWaits => "is free, and no call waits in their queues".to_owned(),
        AgentObstacle::NoneSuited => "is free, and may take none of the calls that wait".to_owned(),
        AgentObstacle::Draining => "is free, and the controller is about to leave".to_owned(),
        AgentObstacle::Soon => "is free, and will be rung in a moment".to_owned(),
    };
    let first = format!("agent {} {because}", why.agent);
    let is_free = !matches!(why.because, AgentObstacle::Unavailable { .. });
    let idle = is_free.then_some(why.idle);
    let queues = why.queues.iter().map(|queue| from_queue(queue, idle));
    std::iter::once(first).chain(queues).collect()
}

/// `idle` says how long the agent has been, when they are free.
fn from_queue(queue: &WhyFromQueue, idle: Option<Span>) -> String {
    let mut words = vec![format!("{} waiting for them", queue.suited)];
    let calls = |(why, count)| format!("{count} for others: the agent is {}", exclusion_words(why));
    words.extend(queue.unsuited.iter().map(calls));
    if let Some(idle) = idle {
        let before = queue.idle_longer;
        words.push(format!("{before} free and idle for longer than {idle}"));
    }
    if queue.level > 1 {
        words.push(format!("seat of level {}", queue.level));
    }
    format!("  queue {}: {}", queue.queue, words.join("; "))
}
