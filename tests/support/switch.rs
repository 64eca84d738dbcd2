//! A switch driven by hand, without the engine: orders go in, what happened
//! comes out.

use std::time::Duration;
use switchyard::engine::event::Event;
use switchyard::engine::id::{CallId, ChannelId, CommandId, SwitchId};
use switchyard::switch::link::{Inbox, SwitchLink};
use switchyard::switch::{
    Arrival, Outcome, RecordedMedia, Snapshot, SwitchCommand, SwitchEvent, SwitchOrder,
};
use tokio::sync::mpsc;

/// Everything happens within this time, or the test fails.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct Driver {
    pub link: SwitchLink,
    events: mpsc::Receiver<Event>,
    /// Everything so far, in order.
    pub seen: Vec<Event>,
    looked_at: usize,
    last: u64,
    /// The call that every order is for.
    pub call: CallId,
}

impl Driver {
    /// Attaches with `start` and waits for the first snapshot.
    pub async fn attach(id: &str, start: impl FnOnce(Inbox) -> SwitchLink) -> (Driver, Snapshot) {
        let (sender, events) = mpsc::channel(1_024);
        let link = start(Inbox::new(SwitchId::new(id).expect("an id"), sender));
        let call = ulid::Ulid::new();
        let mut driver = Driver {
            link,
            events,
            seen: Vec::new(),
            looked_at: 0,
            last: 0,
            call: CallId::from_ulid(call),
        };
        let snapshot = driver.snapshot().await;
        (driver, snapshot)
    }

    /// Gives an order; its answer comes with the events.
    pub async fn order(&mut self, command: SwitchCommand) -> CommandId {
        self.last += 1;
        let id = CommandId(self.last);
        let order = SwitchOrder {
            id,
            call: self.call,
            switch: self.link.id.clone(),
            command,
        };
        self.link
            .orders
            .send(order)
            .await
            .expect("the adapter runs");
        id
    }

    /// Gives an order and waits until the switch has accepted it.
    pub async fn tell(&mut self, command: SwitchCommand) -> CommandId {
        let what = format!("{command:?}");
        let id = self.order(command).await;
        let outcome = self.outcome(id).await;
        assert_eq!(outcome, Outcome::Done, "{what}");
        id
    }

    pub async fn outcome(&mut self, id: CommandId) -> Outcome {
        let answer = |event: &Event| match event {
            Event::Completed { command, outcome } if *command == id => Some(outcome.clone()),
            _ => None,
        };
        // An answer may have come before an event that was waited for.
        match self.seen.iter().find_map(answer) {
            Some(outcome) => outcome,
            None => self.wait("an answer", answer).await,
        }
    }

    pub async fn snapshot(&mut self) -> Snapshot {
        self.happens("a snapshot", |event| match event {
            SwitchEvent::Snapshot(snapshot) => Some(snapshot.clone()),
            _ => None,
        })
        .await
    }

    pub async fn arrival(&mut self) -> Arrival {
        self.happens("an arrival", |event| match event {
            SwitchEvent::Arrived(arrival) => Some(arrival.clone()),
            _ => None,
        })
        .await
    }

    pub async fn expect(&mut self, wanted: SwitchEvent) {
        let what = format!("{wanted:?}");
        self.happens(&what, |event| (*event == wanted).then_some(()))
            .await;
    }

    pub async fn expect_answered(&mut self, channel: &ChannelId) {
        let channel = channel.clone();
        self.expect(SwitchEvent::Answered { channel }).await;
    }

    /// Waits for something that happens after what was waited for last.
    pub async fn happens<T>(
        &mut self,
        what: &str,
        wanted: impl Fn(&SwitchEvent) -> Option<T>,
    ) -> T {
        let wanted = |event: &Event| match event {
            Event::Switch { event, .. } => wanted(event),
            _ => None,
        };
        while self.looked_at < self.seen.len() {
            self.looked_at += 1;
            if let Some(found) = wanted(&self.seen[self.looked_at - 1]) {
                return found;
            }
        }
        let found = self.wait(what, wanted).await;
        self.looked_at = self.seen.len();
        found
    }

    /// Waits for something that happens now, or has happened at any time.
    pub async fn happened<T>(
        &mut self,
        what: &str,
        wanted: impl Fn(&SwitchEvent) -> Option<T>,
    ) -> T {
        let wanted = |event: &Event| match event {
            Event::Switch { event, .. } => wanted(event),
            _ => None,
        };
        match self.seen.iter().find_map(&wanted) {
            Some(found) => found,
            None => self.wait(what, wanted).await,
        }
    }

    /// The media of a recording that ends after what was waited for last.
    pub async fn recorded(&mut self, wanted: CommandId) -> RecordedMedia {
        self.happens("the recording", |event| match event {
            SwitchEvent::RecordingFinished { recording, media } if *recording == wanted => {
                Some(media.clone())
            }
            _ => None,
        })
        .await
    }

    async fn wait<T>(&mut self, what: &str, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let search = async {
            loop {
                let event = self.events.recv().await.expect("the adapter runs");
                let found = wanted(&event);
                self.seen.push(event);
                if let Some(found) = found {
                    return found;
                }
            }
        };
        match tokio::time::timeout(DEADLINE, search).await {
            Ok(found) => found,
            Err(_) => panic!(
                "{what} did not come within {DEADLINE:?}; so far: {:#?}",
                self.seen
            ),
        }
    }
}
