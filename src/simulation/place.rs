//! The places that calls were given in queues, and what must hold of them.

use crate::engine::centre::Centre;
use crate::engine::id::{AgentId, CallId, QueueId};
use crate::engine::skill;
use crate::engine::time::{Span, Timestamp};
use crate::simulation::ledger::Circumstances;
use crate::simulation::violation::Violation;
use crate::switch::{LegVariable, LegVariables};
use std::collections::BTreeMap;

/// Where a call stands in a queue: the smaller goes first. When it entered,
/// earlier by what its priority is worth.
pub(super) type Rank = (i128, Timestamp);

/// A call's place, as it was first told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub queue: QueueId,
    pub priority: i32,
    pub entered: Timestamp,
    /// How many of the queue's steps it has come to.
    pub step: usize,
    /// How much waiting a point of priority counts for.
    pub(super) worth: Span,
    /// The call was served from it, and may come back to the queue for another wait.
    pub(super) served: bool,
}

impl Place {
    /// Whether a leg carries this place of a call.
    pub fn is_on(&self, call: CallId, variables: &LegVariables) -> bool {
        let says = |variable, value: String| variables.get(variable) == Some(value.as_str());
        let queues = variables.get(LegVariable::Queue).unwrap_or_default();
        let in_queue = queues.split('/').any(|queue| queue == self.queue.as_str());
        says(LegVariable::Call, call.to_string())
            && in_queue
            && says(LegVariable::Entered, self.entered.as_millis().to_string())
    }

    pub(super) fn rank(&self) -> Rank {
        let worth = i128::from(self.worth.as_millis()) * i128::from(self.priority);
        (i128::from(self.entered.as_millis()) - worth, self.entered)
    }
}

/// The place each call was given first in a queue.
pub type Places = BTreeMap<(CallId, QueueId), Place>;

/// The places that one call was given.
pub(super) fn places_of(
    places: &mut Places,
    call: CallId,
) -> impl Iterator<Item = (&(CallId, QueueId), &mut Place)> {
    places.iter_mut().filter(move |((of, _), _)| *of == call)
}

/// Whether an agent may be offered a call of a queue at one of its steps. What a
/// condition asks of the call is not known here: it counts as fulfilled.
pub(super) fn serves(centre: &Centre, agent: &AgentId, queue: &QueueId, step: usize) -> bool {
    let (Some(agent), Some(settings)) = (centre.agents.get(agent), centre.queues.get(queue)) else {
        return false;
    };
    let asked = settings.asked(step);
    let in_reach = |level| asked.max_level.is_none_or(|highest| level <= highest);
    asked.level(queue, agent).is_some_and(in_reach) && skill::meets(&agent.skills, asked.requires)
}

/// A call that enters for the first time enters now and with its queue's
/// priority; one that comes back keeps what it had.
pub(super) fn check_place(
    call: CallId,
    place: &Place,
    own: i32,
    circumstances: &mut Circumstances<'_>,
) -> Result<(), Violation> {
    let key = (call, place.queue.clone());
    if let Some(before) = circumstances.places.get(&key) {
        let steps = circumstances.centre.queues.get(&place.queue);
        let has_steps = steps.is_some_and(|queue| !queue.steps.is_empty());
        let same = before.priority == place.priority || has_steps;
        if before.entered == place.entered && (same || before.served) {
            return Ok(());
        }
        if before.served && place.entered == circumstances.at {
            circumstances.places.insert(key, place.clone());
            return Ok(());
        }
        return Err(Violation::PlaceChanged {
            call,
            queue: place.queue.clone(),
            before: format!("{before:?}"),
            now: format!("{place:?}"),
        });
    }
    let queue = place.queue.clone();
    let settings = circumstances.centre.queues.get(&queue);
    let truly = settings.map_or(0, |settings| settings.priority) + own;
    if place.priority != truly {
        let told = place.priority;
        return Err(Violation::WrongPriority {
            call,
            queue,
            told,
            truly,
        });
    }
    let brought_along = |(of, _): &(CallId, QueueId), before: &Place| {
        *of == call && before.entered == place.entered
    };
    let came_over = circumstances
        .places
        .iter()
        .any(|(key, before)| brought_along(key, before));
    if place.entered != circumstances.at && !came_over {
        let (told, truly) = (place.entered, circumstances.at);
        return Err(Violation::WrongEntry {
            call,
            queue,
            told,
            truly,
        });
    }
    circumstances.places.insert(key, place.clone());
    Ok(())
}
