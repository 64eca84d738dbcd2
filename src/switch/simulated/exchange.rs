//! The switch together with the people at its far ends.

use crate::engine::id::{ChannelId, CommandId};
use crate::engine::time::Timestamp;
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::model::{Model, ModelSettings};
use crate::switch::simulated::people::{People, PeopleSettings};
use crate::switch::simulated::refusal::Refusal;
use crate::switch::simulated::tally::Tally;
use crate::switch::{LegVariables, Snapshot, SwitchCommand};

/// A happening and its time.
pub type Happened = (Timestamp, Happening);

#[derive(Debug)]
pub struct Exchange {
    pub(super) model: Model,
    people: People,
}

impl Exchange {
    pub fn new(model: ModelSettings, people: PeopleSettings, seed: u64) -> Self {
        Self {
            model: Model::new(model, seed),
            people: People::new(people, seed),
        }
    }

    /// Callers begin to call.
    pub fn begin(&mut self, from: Timestamp) {
        self.people.begin(from);
    }

    pub fn tally(&self) -> &Tally {
        self.people.tally()
    }

    /// Callers on the line who have not talked with an agent yet.
    pub fn waiting(&self) -> usize {
        self.people.waiting()
    }

    pub fn snapshot(&self) -> Snapshot {
        self.model.snapshot()
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        [self.model.next_deadline(), self.people.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// One command, obeyed at once.
    ///
    /// # Errors
    /// [`Refusal`] when the channel does not exist or is in the wrong state.
    pub fn obey(
        &mut self,
        at: Timestamp,
        id: CommandId,
        command: &SwitchCommand,
        out: &mut Vec<Happened>,
    ) -> Result<(), Refusal> {
        let outcome = self.model.obey(at, id, command);
        self.settle(at, out);
        outcome
    }

    /// One more caller, at once; its channel unless every line is taken.
    pub fn call(&mut self, at: Timestamp, out: &mut Vec<Happened>) -> Option<ChannelId> {
        let channel = self.people.call(at, &mut self.model);
        self.settle(at, out);
        channel
    }

    /// The switch restarts: every channel is gone without an event.
    pub fn restart(&mut self, at: Timestamp) {
        self.model.restart();
        self.people.cut_off(at);
    }

    /// The callers who hung up since the last look because they heard nobody.
    pub fn take_left_alone(&mut self) -> Vec<ChannelId> {
        self.people.take_left_alone()
    }

    /// Whether a finished recording lies on the switch.
    pub fn has_tape(&self, recording: CommandId) -> bool {
        self.model.has_tape(recording)
    }

    /// What each leg carries of ours.
    pub fn variables(&self) -> impl Iterator<Item = &LegVariables> {
        self.model.variables()
    }

    pub fn knows(&self, channel: &ChannelId) -> bool {
        self.model.knows(channel)
    }

    /// Channels of any kind, wherever they are.
    pub fn channel_count(&self) -> usize {
        self.model.channel_count()
    }

    /// The channels that are the controller's or wait for it.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelId> {
        self.model.controlled()
    }

    /// Lets everything due until `now` happen, in order of time.
    pub fn advance(&mut self, now: Timestamp, out: &mut Vec<Happened>) {
        while let Some(at) = self.next_deadline().filter(|at| *at <= now) {
            self.model.advance(at);
            self.settle(at, out);
            self.people.act(at, &mut self.model);
            self.settle(at, out);
        }
    }

    /// Lets the people notice what happened. Noticing only makes plans, so
    /// this ends.
    pub(super) fn settle(&mut self, at: Timestamp, out: &mut Vec<Happened>) {
        while let Some(happening) = self.model.take_happening() {
            self.people.notice(at, &happening);
            out.push((at, happening));
        }
    }
}
