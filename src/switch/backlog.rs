//! What an adapter's reader does when the engine is behind: it keeps reading,
//! for a switch whose events are not read cuts the connection, and holds what
//! was read, up to a limit.

use crate::switch::SwitchEvent;
use crate::switch::link::{EngineGone, Inbox};
use std::collections::VecDeque;

/// Events that may wait for the engine beyond those in its own queue. With more
/// the link counts as lost, and a snapshot tells what was missed.
pub const LIMIT: usize = 16_384;

/// Events on their way to the engine, in order.
pub(super) struct Backlog {
    inbox: Inbox,
    waiting: VecDeque<SwitchEvent>,
}

/// More events wait than can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {LIMIT} events wait for the engine")]
pub struct Overrun;

impl Backlog {
    pub(super) fn new(inbox: Inbox) -> Self {
        Self {
            inbox,
            waiting: VecDeque::new(),
        }
    }

    /// Takes events and hands over what the engine has room for.
    ///
    /// # Errors
    /// [`EngineGone`] when the runtime has shut down.
    pub(super) fn tell(
        &mut self,
        events: impl IntoIterator<Item = SwitchEvent>,
    ) -> Result<(), EngineGone> {
        self.waiting.extend(events);
        self.inbox.offer(&mut self.waiting)
    }

    /// # Errors
    /// [`Overrun`] when there are more than [`LIMIT`].
    pub(super) fn check(&self) -> Result<(), Overrun> {
        if self.waiting.len() > LIMIT {
            return Err(Overrun);
        }
        Ok(())
    }

    /// Whether the engine is behind.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Waits until the engine has room for another event.
    ///
    /// # Errors
    /// [`EngineGone`] when the runtime has shut down.
    pub(super) async fn room(&self) -> Result<(), EngineGone> {
        self.inbox.room().await
    }

    /// Hands over everything, waiting for room.
    ///
    /// # Errors
    /// [`EngineGone`] when the runtime has shut down.
    pub(super) async fn clear(&mut self) -> Result<(), EngineGone> {
        while let Some(event) = self.waiting.pop_front() {
            self.inbox.happened(event).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Event;
    use crate::engine::id::{ChannelId, SwitchId};
    use tokio::sync::mpsc;

    fn ringing(number: usize) -> SwitchEvent {
        let channel = ChannelId::new(&number.to_string()).unwrap();
        SwitchEvent::Ringing { channel }
    }

    #[tokio::test]
    async fn events_wait_in_order_while_the_engine_is_behind() {
        let (events, mut engine) = mpsc::channel(2);
        let mut backlog = Backlog::new(Inbox::new(SwitchId::new("fs").unwrap(), events));
        backlog.tell((0..5).map(ringing)).unwrap();
        assert!(backlog.is_behind());
        for number in 0..5 {
            let Some(Event::Switch { event, .. }) = engine.recv().await else {
                panic!("an event was lost");
            };
            assert_eq!(event, ringing(number));
            backlog.room().await.unwrap();
            backlog.tell(None).unwrap();
        }
        assert!(!backlog.is_behind());
    }

    #[tokio::test]
    async fn too_many_are_an_error_and_an_engine_that_is_gone_is_another() {
        let (events, engine) = mpsc::channel(1);
        let mut backlog = Backlog::new(Inbox::new(SwitchId::new("fs").unwrap(), events));
        backlog.tell((0..=LIMIT).map(ringing)).unwrap();
        assert_eq!(backlog.check(), Ok(()));
        backlog.tell(Some(ringing(0))).unwrap();
        assert_eq!(backlog.check(), Err(Overrun));
        drop(engine);
        assert!(backlog.clear().await.is_err());
    }
}
