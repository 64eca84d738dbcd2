//! What an adapter gives the runtime: a way to hand it orders, a view of its
//! link, and access to finished recordings.

use crate::engine::event::Event;
use crate::engine::id::{CommandId, SwitchId};
use crate::engine::text::OutsideText;
use crate::switch::{Failure, Outcome, SwitchEvent, SwitchOrder};
use futures_util::future::BoxFuture;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

/// Orders that may wait inside one adapter before the executor answers
/// [`Failure::Overloaded`] in its place.
pub const ORDER_QUEUE: usize = 4_096;

/// Hands an order on, unless too many wait already. Upkeep gets no more than
/// half of the room, so that it cannot take a caller's.
///
/// # Errors
/// The order itself, when there is no room or nobody to take it.
#[expect(
    clippy::result_large_err,
    reason = "the order goes back as from `try_send`, to be answered"
)]
pub fn hand_on(
    way: &mpsc::Sender<SwitchOrder>,
    order: SwitchOrder,
) -> Result<(), TrySendError<SwitchOrder>> {
    if order.command.is_upkeep() && way.capacity() < way.max_capacity() / 2 {
        return Err(TrySendError::Full(order));
    }
    way.try_send(order)
}

/// One switch as the runtime drives it. Dropping `orders` ends the adapter:
/// what was accepted until then is still written (and answered, if anybody
/// listens), then it closes its connections and its state is [`LinkState::Closed`].
pub struct SwitchLink {
    pub id: SwitchId,
    pub orders: mpsc::Sender<SwitchOrder>,
    pub state: watch::Receiver<LinkState>,
    pub media: Arc<dyn MediaSource>,
}

/// Whether the switch can be reached now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkState {
    Connecting {
        attempt: u32,
        last_error: Option<String>,
    },
    /// Connected, and the switch answered within the liveness limit.
    Alive,
    /// Another controller took the switch over; it is left to that one for a while.
    TakenOver {
        why: String,
    },
    Closed,
}

/// Where a switch keeps finished recordings.
pub trait MediaSource: Send + Sync {
    /// Copies the switch's file `file` (its own name for it) to `into`.
    fn fetch<'a>(&'a self, file: &'a str, into: &'a Path) -> BoxFuture<'a, Result<(), MediaError>>;
    /// Removes the file from the switch once ours is safe.
    fn discard<'a>(&'a self, file: &'a str) -> BoxFuture<'a, Result<(), MediaError>>;
}

#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("the switch has no recording {file:?}")]
    Missing { file: String },
    #[error("recording {file:?} could not be read: {why}")]
    Unreadable { file: String, why: String },
}

/// The adapter's way to the engine: waits when the engine is behind, so that
/// nothing that happened is dropped.
#[derive(Clone)]
pub struct Inbox {
    switch: SwitchId,
    events: mpsc::Sender<Event>,
}

/// The engine is gone; the adapter ends.
#[derive(Debug, thiserror::Error)]
#[error("the engine has stopped")]
pub struct EngineGone;

impl Inbox {
    pub fn new(switch: SwitchId, events: mpsc::Sender<Event>) -> Self {
        Self { switch, events }
    }

    pub fn switch(&self) -> &SwitchId {
        &self.switch
    }

    /// # Errors
    /// [`EngineGone`] when the runtime has shut down.
    pub async fn happened(&self, event: SwitchEvent) -> Result<(), EngineGone> {
        let event = Event::Switch {
            switch: self.switch.clone(),
            event,
        };
        self.events.send(event).await.map_err(|_| EngineGone)
    }

    /// Hands over as many of the waiting events as there is room for now, in order.
    ///
    /// # Errors
    /// [`EngineGone`] when the runtime has shut down.
    pub(super) fn offer(&self, waiting: &mut VecDeque<SwitchEvent>) -> Result<(), EngineGone> {
        while !waiting.is_empty() {
            match self.events.try_reserve() {
                Ok(place) => {
                    let Some(event) = waiting.pop_front() else {
                        return Ok(());
                    };
                    let switch = self.switch.clone();
                    place.send(Event::Switch { switch, event });
                }
                Err(TrySendError::Full(())) => return Ok(()),
                Err(TrySendError::Closed(())) => return Err(EngineGone),
            }
        }
        Ok(())
    }

    /// Waits until the engine has room for another event.
    ///
    /// # Errors
    /// [`EngineGone`] when the runtime has shut down.
    pub(super) async fn room(&self) -> Result<(), EngineGone> {
        self.events
            .reserve()
            .await
            .map(drop)
            .map_err(|_| EngineGone)
    }

    /// # Errors
    /// [`EngineGone`] when the runtime has shut down.
    pub async fn done(&self, command: CommandId) -> Result<(), EngineGone> {
        self.complete(command, Outcome::Done).await
    }

    /// # Errors
    /// [`EngineGone`] when the runtime has shut down.
    pub async fn failed(
        &self,
        command: CommandId,
        why: Failure,
        detail: &str,
    ) -> Result<(), EngineGone> {
        self.complete(
            command,
            Outcome::Failed {
                why,
                detail: OutsideText::new(detail),
            },
        )
        .await
    }

    async fn complete(&self, command: CommandId, outcome: Outcome) -> Result<(), EngineGone> {
        self.events
            .send(Event::Completed { command, outcome })
            .await
            .map_err(|_| EngineGone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::id::CallId;
    use crate::engine::time::Span;
    use crate::switch::SwitchCommand;

    fn order(command: SwitchCommand) -> SwitchOrder {
        SwitchOrder {
            id: CommandId(1),
            call: CallId::from_ulid(ulid::Ulid(1)),
            switch: SwitchId::new("fs").unwrap(),
            command,
        }
    }

    #[tokio::test]
    async fn upkeep_leaves_half_of_the_room_to_the_callers() {
        let (way, _orders) = mpsc::channel(4);
        let channel = "c1".parse().unwrap();
        let guard = order(SwitchCommand::Guard {
            channel,
            after: Span::seconds(60),
        });
        let channel = "c1".parse().unwrap();
        let answer = order(SwitchCommand::Answer { channel });
        for _ in 0..3 {
            hand_on(&way, guard.clone()).unwrap();
        }
        assert_eq!(hand_on(&way, guard.clone()), Err(TrySendError::Full(guard)));
        hand_on(&way, answer.clone()).unwrap();
        assert_eq!(
            hand_on(&way, answer.clone()),
            Err(TrySendError::Full(answer))
        );
    }
}
