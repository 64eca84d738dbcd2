//! What the settings say should follow, worked out apart from the engine.

use crate::engine::centre::{Centre, Missed, MissedOffers, OverflowTo};
use crate::engine::fact::OfferOutcome;
use crate::engine::id::QueueId;
use crate::engine::time::Span;

/// Whether an offer of a queue goes beside others for the same call.
pub(super) fn rings_several(centre: &Centre, queue: Option<&QueueId>) -> bool {
    let queue = queue.and_then(|queue| centre.queues.get(queue));
    queue.is_some_and(|queue| queue.strategy.rings_several())
}

/// How long an agent is left alone who missed an offer of a queue.
pub(super) fn rest_after(centre: &Centre, queue: Option<&QueueId>, outcome: OfferOutcome) -> Span {
    let policy = |policies: &MissedOffers| policies.get(Missed::of(outcome)?).cloned();
    let queue = queue.and_then(|queue| centre.queues.get(queue));
    let own = queue.and_then(|queue| policy(&queue.missed_offers));
    let policy = queue.and(own.or_else(|| policy(&centre.missed_offers)));
    let rest = policy.and_then(|policy| policy.rest);
    rest.unwrap_or(centre.limits.missed_offer_rest)
}

/// Whether a call that a queue led there may be ended by the system.
pub(super) fn ends_the_call(to: &OverflowTo) -> bool {
    matches!(
        to,
        OverflowTo::Busy | OverflowTo::HangUp | OverflowTo::Voicemail(_) | OverflowTo::Callback
    )
}
