//! The planner: who is offered the call whose turn it is, and why.

use crate::engine::centre::Strategy;
use crate::engine::explanation::{Candidate, Explanation, NEAREST_KEPT, Trigger};
use crate::engine::id::SwitchId;
use crate::engine::queue::{Place, Queue};
use crate::engine::time::Timestamp;

/// Chooses the agent for the call at `place`, or none when nobody can take it.
/// The plan is whole: the explanation names the agent to ring.
pub(crate) fn choose(
    queue: &Queue,
    switch: &SwitchId,
    place: &Place,
    now: Timestamp,
    trigger: Trigger,
) -> Option<Explanation> {
    let order = queue.eligible_on(switch)?;
    let mut by_idle = match queue.settings.strategy {
        Strategy::LongestIdle => order.iter(),
    }
    .map(|(idle_since, agent)| Candidate {
        agent: agent.clone(),
        idle: now.since(*idle_since),
    });
    let chosen = by_idle.next()?;
    Some(Explanation {
        trigger,
        strategy: queue.settings.strategy,
        waited: now.since(place.entered),
        chosen,
        eligible: u32::try_from(order.len()).unwrap_or(u32::MAX),
        nearest: by_idle.take(NEAREST_KEPT).collect(),
        excluded: queue.excluded_for(switch),
    })
}
