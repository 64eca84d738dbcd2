//! Legs that live and are out of the company they should be in: the switch took
//! them out by itself, or an order of ours went astray. Who hung up is told by
//! `HungUp`; who did not is brought back, and let go when that comes to nothing.

use crate::engine::Engine;
use crate::engine::command::Commands;
use crate::engine::fact::{Fact, Stuck};
use crate::engine::id::{CallId, LegId};
use crate::engine::leg::LegState;
use crate::engine::party::{Astray, Party, PartyRole, Talk};
use crate::engine::timer::Reason;

impl Engine {
    /// A leg is out of the conference.
    pub(super) fn left_conference(&mut self, leg: &LegId, conference: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&conference) else {
            return;
        };
        if !known.is_connected() || known.talk != Talk::Conference || known.ending.is_some() {
            return;
        }
        if known.caller.id == *leg {
            return self.came_apart(conference, out);
        }
        let is_member = |party: &Party| party.role == PartyRole::Member;
        match known.party(leg) {
            Some(party) if is_member(party) => self.party_strays(conference, leg, out),
            Some(_) => {}
            None => self.server_strays(conference, leg, out),
        }
    }

    /// The serving agent is out of the conference. They are looked for with the
    /// caller, by [`Engine::still_apart`].
    fn server_strays(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        if self.server_is(call, leg, LegState::Answered, out) {
            self.expect_company(call);
        }
    }

    /// The serving agent's leg is together with others, or not. True when that is new.
    pub(super) fn server_is(
        &mut self,
        call: CallId,
        leg: &LegId,
        state: LegState,
        out: &mut Commands,
    ) -> bool {
        let known = self.calls.get_mut(&call);
        let offer = known.and_then(|call| call.offer.as_mut());
        let own = offer.filter(|offer| offer.leg.id == *leg && offer.leg.state != state);
        let Some(offer) = own else { return false };
        offer.leg.state = state;
        let leg = leg.clone();
        out.note(Fact::LegMoved { call, leg, state });
        true
    }

    /// The serving agent could not be brought back into the conference: the others
    /// go on as if they had hung up.
    pub(super) fn server_lost(&mut self, call: CallId, out: &mut Commands) {
        self.stuck(Stuck::Apart, Some(call), out);
        self.release_agent(call, out);
        self.conference_goes_on(call, out);
    }

    /// One who took part is apart from the others.
    pub(super) fn party_strays(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let party = known.and_then(|call| call.party(leg));
        if !party.is_some_and(Party::is_in) {
            return;
        }
        self.part_of_party(call, leg, out);
        self.set_astray(call, leg, Astray::Noticed);
        let overdue = self.now + self.limits().command_deadline;
        self.timers.set(Reason::PartyOverdue(leg.clone()), overdue);
    }

    /// One who is apart and did not hang up is connected again, once. False when
    /// that was in vain, or the party is not astray.
    pub(super) fn bring_back(&mut self, call: CallId, leg: &LegId, out: &mut Commands) -> bool {
        let known = self.calls.get(&call);
        let party = known.and_then(|call| call.party(leg));
        if party.is_none_or(|party| party.astray != Astray::Noticed) {
            return false;
        }
        self.set_astray(call, leg, Astray::BroughtBack);
        self.party_answered(call, leg, out);
        true
    }

    fn set_astray(&mut self, call: CallId, leg: &LegId, astray: Astray) {
        let known = self.calls.get_mut(&call);
        if let Some(party) = known.and_then(|call| call.party_mut(leg)) {
            party.astray = astray;
        }
    }
}
