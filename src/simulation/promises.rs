//! What callers were promised, by the facts: that they are called back, and that
//! what they said after the tone is kept. Each promise is kept, given up with a
//! reason, or taken back, and never forgotten.

use crate::engine::callback::{CallbackEnd, CallbackOrder, CallbackProgress, CallbackState};
use crate::engine::centre::Centre;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, CommandId, QueueId};
use crate::engine::time::Timestamp;
use crate::engine::wishes::AgentSet;
use crate::simulation::ledger::Circumstances;
use crate::simulation::place::Place;
use crate::simulation::violation::Violation;
use std::collections::{BTreeMap, BTreeSet};

/// An open callback.
#[derive(Clone, Debug)]
pub(super) struct Promise {
    pub(super) order: CallbackOrder,
    pub(super) progress: Option<CallbackProgress>,
    /// How often its number was dialled.
    dialled: u32,
}

/// Every promise that is open.
#[derive(Clone, Debug, Default)]
pub(super) struct Promises {
    callbacks: BTreeMap<CallId, Promise>,
    /// The place of one that another of the same number is about to take over.
    replaced: Option<Timestamp>,
    /// Calls whose callers were promised a callback, in any run.
    promised: BTreeSet<CallId>,
    /// Messages being recorded or filed.
    messages: BTreeMap<CommandId, CallId>,
    /// Every message that was asked for.
    asked: BTreeSet<CommandId>,
    left: BTreeSet<CommandId>,
}

impl Promises {
    /// Takes in one more fact.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(super) fn apply(
        &mut self,
        fact: &Fact,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), Violation> {
        match fact {
            Fact::CallbackRequested { callback, order } => {
                self.requested(*callback, order, circumstances)
            }
            Fact::CallbackMoved { callback, progress } => {
                self.moved(*callback, progress, circumstances)
            }
            Fact::CallbackClosed {
                callback,
                why,
                entered,
                ..
            } => self.closed(*callback, *why, *entered, circumstances.centre),
            Fact::RecordingAsked {
                call,
                recording,
                message: Some(_),
                ..
            } => {
                self.asked.insert(*recording);
                self.messages.insert(*recording, *call);
                Ok(())
            }
            Fact::MessageLeft { message } => {
                self.messages.remove(&message.recording);
                let recording = message.recording;
                match self.left.insert(recording) {
                    true => Ok(()),
                    false => Err(Violation::MessageTwice { recording }),
                }
            }
            Fact::MessageDropped {
                recording: Some(recording),
                ..
            } => {
                self.messages.remove(recording);
                Ok(())
            }
            Fact::RecordingLost {
                call, recording, ..
            } => {
                let was_message = self.messages.remove(recording).is_some();
                let kept = (circumstances.taped)(*recording) && !(circumstances.harmed)(*call);
                match was_message && kept {
                    true => Err(Violation::MessageLost {
                        call: *call,
                        recording: *recording,
                    }),
                    false => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn requested(
        &mut self,
        callback: CallId,
        order: &CallbackOrder,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), Violation> {
        let mut others = self.callbacks.iter();
        let same =
            |other: &CallbackOrder| other.number == order.number && other.queue == order.queue;
        let twice = others.find(|(_, known)| same(&known.order));
        let twice = twice.map(|(other, _)| *other);
        let promise = Promise {
            order: order.clone(),
            progress: None,
            dialled: 0,
        };
        self.callbacks.insert(callback, promise);
        self.promised.extend(order.from);
        let replaced = self.replaced.take();
        if let Some(other) = twice {
            return Err(Violation::CallbackTwice { callback, other });
        }
        let place = order.from.and_then(|from| {
            let key = (from, order.queue.clone());
            circumstances.places.get(&key)
        });
        let (Some(place), told) = (place, order.entered) else {
            return Ok(());
        };
        let truly = replaced.map_or(place.entered, |before| before.min(place.entered));
        match told == truly {
            true => Ok(()),
            false => Err(Violation::CallbackMoved {
                callback,
                told,
                truly,
            }),
        }
    }

    fn moved(
        &mut self,
        callback: CallId,
        progress: &CallbackProgress,
        circumstances: &Circumstances<'_>,
    ) -> Result<(), Violation> {
        let Some(known) = self.callbacks.get_mut(&callback) else {
            return Err(Violation::DeadCallback { callback });
        };
        let before = known.progress.replace(progress.clone());
        let was = before.as_ref().map(|before| &before.state);
        let settings = circumstances.centre.queues.get(&known.order.queue);
        let settings = settings.and_then(|queue| queue.callback.as_ref());
        let dials = matches!(progress.state, CallbackState::Dialling { .. });
        let dialled_before = was.is_some_and(|was| matches!(was, CallbackState::Dialling { .. }));
        known.dialled += u32::from(dials && !dialled_before);
        let attempts = known.dialled;
        let too_often = settings.is_some_and(|settings| attempts > settings.attempts);
        if too_often || progress.attempts != attempts {
            return Err(Violation::CalledTooOften { callback, attempts });
        }
        let in_turn = match (&progress.state, was) {
            (CallbackState::Offered { .. }, Some(CallbackState::Waiting)) => true,
            (CallbackState::Offered { .. }, _) => false,
            (
                CallbackState::Dialling { call, .. },
                Some(CallbackState::Offered { call: offered, .. }),
            ) => call == offered,
            (CallbackState::Dialling { .. }, _) => dialled_before,
            _ => true,
        };
        if !in_turn {
            return Err(Violation::CallbackOutOfTurn { callback });
        }
        let at = circumstances.at;
        if let (CallbackState::Resting { until }, Some(CallbackState::Dialling { .. })) =
            (&progress.state, was)
        {
            let again = settings.map(|settings| at + settings.retry_after);
            return match again.is_some_and(|again| *until < again) {
                true => Err(Violation::CalledTooSoon { callback }),
                false => Ok(()),
            };
        }
        Ok(())
    }

    fn closed(
        &mut self,
        callback: CallId,
        why: CallbackEnd,
        entered: Timestamp,
        centre: &Centre,
    ) -> Result<(), Violation> {
        let Some(known) = self.callbacks.remove(&callback) else {
            return Err(Violation::DeadCallback { callback });
        };
        if why == CallbackEnd::Replaced {
            self.replaced = Some(entered);
        }
        let progress = known.progress.as_ref();
        let settings = centre.queues.get(&known.order.queue);
        let settings = settings.and_then(|queue| queue.callback.as_ref());
        let attempts = progress.map_or(0, |progress| progress.attempts);
        let dials =
            |progress: &CallbackProgress| matches!(progress.state, CallbackState::Dialling { .. });
        let true_end = match why {
            CallbackEnd::Reached => progress.is_some_and(dials),
            CallbackEnd::Unreached => settings.is_none_or(|s| attempts >= s.attempts),
            _ => true,
        };
        match true_end && entered == known.order.entered {
            true => Ok(()),
            false => Err(Violation::CallbackEndedWrongly { callback }),
        }
    }

    /// Where an open callback stands in line.
    pub(super) fn place_of(&self, callback: CallId, centre: &Centre) -> Option<Place> {
        let known = self.callbacks.get(&callback)?;
        let progress = known.progress.as_ref()?;
        Some(Place {
            queue: known.order.queue.clone(),
            priority: progress.priority,
            entered: known.order.entered,
            step: progress.step,
            worth: centre.routing.priority_worth,
            served: false,
        })
    }

    pub(super) fn order_of(&self, callback: CallId) -> Option<&CallbackOrder> {
        self.callbacks.get(&callback).map(|known| &known.order)
    }

    /// The agents whom a callback must not reach.
    pub(super) fn never(&self, callback: CallId) -> Option<&AgentSet> {
        self.order_of(callback).map(|order| &order.wishes.never)
    }

    /// Every open callback and its state.
    pub(super) fn open(&self) -> impl Iterator<Item = (CallId, Option<&'static str>)> {
        self.callbacks.iter().map(|(callback, known)| {
            let state = known
                .progress
                .as_ref()
                .map(|progress| progress.state.word());
            (*callback, state)
        })
    }

    /// A message that was neither kept nor given up, if there is one.
    pub(super) fn open_message(&self) -> Option<(CommandId, CallId)> {
        self.messages
            .first_key_value()
            .map(|(id, call)| (*id, *call))
    }

    /// Whether the caller of this call was promised a callback.
    pub(super) fn has_promised(&self, call: CallId) -> bool {
        self.promised.contains(&call)
    }

    /// Whether this message was asked for.
    pub(super) fn has_asked(&self, recording: CommandId) -> bool {
        self.asked.contains(&recording)
    }
}

/// Who rings for a callback whose turn it is.
pub(super) fn offered_to(progress: &CallbackProgress) -> Option<&AgentId> {
    match &progress.state {
        CallbackState::Offered { agent, .. } => Some(agent),
        _ => None,
    }
}

/// What a callback hands over to the call by which its customer came by themselves.
pub(super) fn handed_over(fact: &Fact) -> Option<(CallId, &QueueId, Timestamp, i32)> {
    match fact {
        Fact::CallbackClosed {
            why: CallbackEnd::CalledAgain,
            call: Some(call),
            queue,
            entered,
            priority,
            ..
        } => Some((*call, queue, *entered, *priority)),
        _ => None,
    }
}
