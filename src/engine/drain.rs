//! The controller is about to leave: nobody new is rung, who rings already may
//! answer, and what then still rings is called off, so that nobody picks up a
//! phone with no one behind it. Calls keep their places for the next run.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::command::Commands;
use crate::engine::fact::{OfferOutcome, PartyOutcome};
use crate::engine::id::{CallId, LegId};
use crate::engine::time::Timestamp;
use crate::engine::timer::Reason;

impl Engine {
    pub(super) fn drain(&mut self, until: Timestamp) {
        self.draining = true;
        self.timers.set(Reason::DrainEnds, until);
    }

    pub(super) fn drain_ended(&mut self, out: &mut Commands) {
        for call in self.unsettled_offers().collect::<Vec<_>>() {
            self.withdraw_offers(call, OfferOutcome::Withdrawn, out);
            self.call_waits_on(call, out);
        }
        self.withdraw_callbacks(out);
        for leg in self.unsettled_parties().cloned().collect::<Vec<_>>() {
            self.party_failed(&leg, PartyOutcome::Withdrawn, out);
        }
    }

    /// Whether a draining engine has nothing under way: no agent is being rung
    /// or connected, no order is without its answer.
    pub fn is_settled(&self) -> bool {
        self.draining
            && self.pending.is_empty()
            && self.closing.is_empty()
            && self.unsettled_offers().next().is_none()
            && self.unsettled_parties().next().is_none()
    }

    /// Who is rung or being connected beside caller and agent.
    fn unsettled_parties(&self) -> impl Iterator<Item = &LegId> {
        let parties = self.calls.values().flat_map(|call| &call.parties);
        let unsettled = parties.filter(|party| !party.is_in());
        unsettled.map(|party| &party.leg.id)
    }

    fn unsettled_offers(&self) -> impl Iterator<Item = CallId> {
        let is_open = |call: &Call| call.open_offers().next().is_some();
        let offered = self.calls.iter().filter(move |(_, call)| is_open(call));
        offered.map(|(call, _)| *call)
    }
}
