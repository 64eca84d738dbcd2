//! What can be seen of the engine's state from outside, without changing it.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::call::{CallState, OfferStage, Visit};
use crate::engine::id::{AgentId, CallId, CommandId, LegId, QueueId};
use crate::engine::line::LineState;
use crate::engine::party::Party;
use crate::engine::request::Invitee;
use crate::engine::ringing::Ringing;
use crate::engine::time::Timestamp;

/// One live call.
#[derive(Clone, Copy, Debug)]
pub struct CallView<'a> {
    pub call: CallId,
    pub state: CallState,
    pub caller: &'a LegId,
    visits: &'a [Visit],
    ringing: &'a [Ringing],
    parties: &'a [Party],
    /// The agent who answered, and whether they talk.
    pub agent: Option<(&'a AgentId, bool)>,
    /// It was decided that the call ends.
    pub is_ending: bool,
}

/// One agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentView<'a> {
    pub agent: &'a AgentId,
    pub state: &'a AgentState,
    pub call: Option<CallId>,
}

impl<'a> CallView<'a> {
    /// The queues it is in, with its priority and time of entry.
    pub fn places(&self) -> impl Iterator<Item = (&'a QueueId, i32, Timestamp)> {
        let place = |visit: &'a Visit| {
            let place = &visit.place;
            (visit.queue(), place.priority(), place.entered)
        };
        self.visits.iter().map(place)
    }

    /// The first of them.
    pub fn place(&self) -> Option<(&'a QueueId, i32, Timestamp)> {
        self.places().next()
    }

    /// Who else takes part or is rung beside caller and serving agent.
    pub fn parties(&self) -> impl Iterator<Item = (&'a LegId, &'a Invitee)> {
        let parties = self.parties.iter();
        parties.map(|party| (&party.leg.id, &party.who))
    }

    /// Who is rung for it.
    pub fn ringing(&self) -> impl Iterator<Item = &'a AgentId> {
        self.ringing.iter().map(|ringing| &ringing.agent)
    }
}

impl Engine {
    /// Every live call, in the order of their ids.
    pub fn calls(&self) -> impl Iterator<Item = CallView<'_>> {
        self.calls.iter().map(|(call, known)| CallView {
            call: *call,
            state: known.state,
            caller: &known.caller.id,
            visits: &known.visits,
            ringing: &known.ringing,
            parties: &known.parties,
            agent: known
                .offer
                .as_ref()
                .map(|offer| (&offer.agent, offer.stage == OfferStage::Connected)),
            is_ending: known.ending.is_some(),
        })
    }

    /// Every open callback and its state, in the order of their ids.
    pub fn callbacks(&self) -> impl Iterator<Item = (CallId, &'static str)> {
        let callbacks = self.callbacks.iter();
        callbacks.map(|(id, callback)| (*id, callback.progress.state.word()))
    }

    /// Every agent, in the order of their ids.
    pub fn agents(&self) -> impl Iterator<Item = AgentView<'_>> {
        self.agents.iter().map(|(agent, known)| AgentView {
            agent,
            state: &known.state,
            call: known.call,
        })
    }

    /// How many calls and agents there are.
    pub fn size(&self) -> usize {
        self.calls.len() + self.agents.len()
    }

    /// Every leg that the engine takes for alive.
    pub fn legs(&self) -> impl Iterator<Item = &LegId> {
        let standing = self.standing.keys();
        self.legs.keys().chain(self.closing.keys()).chain(standing)
    }

    /// Whether it is an open standing leg of an agent with whom nobody talks.
    pub fn is_idle_line(&self, leg: &LegId) -> bool {
        let agent = self.standing.get(leg).and_then(|id| self.agents.get(id));
        let line = agent.and_then(|agent| agent.line.as_ref());
        let is_open = line.is_some_and(|line| line.state == LineState::Open);
        is_open && !self.legs.contains_key(leg)
    }

    /// Whether an order still wants its answer.
    pub fn awaits(&self, command: CommandId) -> bool {
        self.pending.contains_key(&command)
    }

    /// The orders that still want their answer.
    pub fn unanswered(&self) -> impl Iterator<Item = CommandId> {
        self.pending.keys().copied()
    }
}
