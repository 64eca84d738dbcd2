//! The planner: who is offered the call whose turn it is, and why.

use crate::engine::centre::Strategy;
use crate::engine::explanation::{Candidate, Explanation, NEAREST_KEPT, Trigger};
use crate::engine::id::CallId;
use crate::engine::idle_order::Idle;
use crate::engine::queues::{AgentIndex, QueueIndex, Queues, SwitchIndex};
use crate::engine::time::Timestamp;

/// What is to be done: this call is offered to the agent that the explanation
/// names as chosen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) call: CallId,
    pub(crate) agent: AgentIndex,
    pub(crate) explanation: Explanation,
}

/// Chooses the agent for the first call of a queue on a switch; no plan when no
/// call waits or nobody can take it.
pub(crate) fn plan(
    queues: &mut Queues,
    queue: QueueIndex,
    switch: SwitchIndex,
    now: Timestamp,
    trigger: Trigger,
) -> Option<Plan> {
    let place = *queues.first(queue, switch)?;
    queues.tidy(queue, switch);
    let queues = &*queues;
    let strategy = queues.queue(queue).settings.strategy;
    let mut by_idle = match strategy {
        Strategy::LongestIdle => queues.idle(queue, switch),
    };
    let candidate = |(idle_since, agent): &Idle| Candidate {
        agent: queues.agent_id(*agent).clone(),
        idle: now.since(*idle_since),
    };
    let first = by_idle.next()?;
    let explanation = Explanation {
        trigger,
        strategy,
        waited: now.since(place.entered),
        chosen: candidate(first),
        eligible: queues.eligible(queue, switch),
        nearest: by_idle.take(NEAREST_KEPT).map(candidate).collect(),
        excluded: queues.excluded_for(queue, switch),
    };
    Some(Plan {
        call: place.call,
        agent: first.1,
        explanation,
    })
}
