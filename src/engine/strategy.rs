//! The planner: who is offered the call whose turn it is, and why.

use crate::engine::centre::Strategy;
use crate::engine::explanation::{Candidate, Explanation, NEAREST_KEPT, Trigger};
use crate::engine::id::CallId;
use crate::engine::queues::{QueueIndex, Queues, SwitchIndex};
use crate::engine::time::Timestamp;

/// What is to be done: this call is offered to the agent that the explanation
/// names as chosen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) call: CallId,
    pub(crate) explanation: Explanation,
}

/// Chooses the agent for the first call of a queue on a switch; no plan when no
/// call waits or nobody can take it.
pub(crate) fn plan(
    queues: &Queues,
    queue: QueueIndex,
    switch: SwitchIndex,
    now: Timestamp,
    trigger: Trigger,
) -> Option<Plan> {
    let place = queues.first(queue, switch)?;
    let order = queues.idle(queue, switch);
    let strategy = queues.queue(queue).settings.strategy;
    let mut by_idle = match strategy {
        Strategy::LongestIdle => order.iter(),
    }
    .map(|(idle_since, agent)| Candidate {
        agent: queues.agent_id(*agent).clone(),
        idle: now.since(*idle_since),
    });
    let chosen = by_idle.next()?;
    let explanation = Explanation {
        trigger,
        strategy,
        waited: now.since(place.entered),
        chosen,
        eligible: u32::try_from(order.len()).unwrap_or(u32::MAX),
        nearest: by_idle.take(NEAREST_KEPT).collect(),
        excluded: queues.excluded_for(queue, switch),
    };
    Some(Plan {
        call: place.call,
        explanation,
    })
}
