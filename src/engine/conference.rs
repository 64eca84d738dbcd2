//! A conference: the caller, the agent and others all hear each other.

use crate::engine::Engine;
use crate::engine::call::{Call, CallState};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::fact::EndedBy;
use crate::engine::id::{CallId, LegId};
use crate::engine::leg::LegState;
use crate::engine::order::Purpose;
use crate::engine::party::{Party, PartyRole, Talk};
use crate::engine::request::{Invitee, Refusal};
use crate::engine::timer::Reason;
use crate::switch::SwitchCommand;

impl Engine {
    /// Caller, agent and who is consulted talk together.
    pub(super) fn confer(&mut self, call: CallId, out: &mut Commands) -> Result<(), Refusal> {
        let (leg, _) = self.consultation(call)?;
        let known = self.calls.get(&call);
        if known.is_some_and(|call| call.own_line().is_some()) {
            // The phone holds the leg that would have to join.
            return Err(Refusal::WrongMoment);
        }
        if !known.is_some_and(|call| call.party(&leg).is_some_and(Party::is_in)) {
            return Err(Refusal::NotAnsweredYet);
        }
        self.move_party(call, &leg, PartyRole::Member, out);
        self.join_member(call, &leg, out);
        Ok(())
    }

    /// One more is rung, and joins when they answer.
    pub(super) fn invite(
        &mut self,
        call: CallId,
        to: Invitee,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        if !matches!(known.talk, Talk::Together | Talk::Conference) {
            return Err(Refusal::WrongMoment);
        }
        let people = known.parties.iter().filter(|p| !p.is_supervisor()).count() + 2;
        if people >= self.in_call().max_conference as usize {
            return Err(Refusal::ConferenceFull);
        }
        self.may_reach(call, &to)?;
        self.ring_party(call, to, PartyRole::Member, out);
        Ok(())
    }

    /// Lets a party in; the first one brings caller and agent with it.
    pub(super) fn join_member(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        if known.talk != Talk::Conference {
            let caller = known.caller.id.clone();
            let agent = known.offer.as_ref().map(|offer| offer.leg.id.clone());
            self.let_go_of_caller(call, &caller);
            self.set_talk(call, Talk::Conference, out);
            self.caller_is(call, LegState::Answered, out);
            self.expect_company(call);
            for leg in [Some(caller), agent].into_iter().flatten() {
                self.order_join(call, &leg, Purpose::Comfort, out);
            }
        }
        self.order_join(call, leg, Purpose::ConnectParty(leg.clone()), out);
    }

    pub(super) fn order_join(
        &mut self,
        call: CallId,
        leg: &LegId,
        purpose: Purpose,
        out: &mut Commands,
    ) {
        let command = SwitchCommand::Join {
            channel: leg.channel.clone(),
            conference: call,
        };
        self.order(call, &leg.switch, command, purpose, out);
    }

    /// A leg is in the conference.
    pub(super) fn joined(&mut self, leg: &LegId, conference: CallId, out: &mut Commands) {
        let Some(call) = self.call_of(leg).filter(|call| *call == conference) else {
            return;
        };
        let known = self.calls.get(&call);
        let Some(known) = known.filter(|call| call.talk == Talk::Conference) else {
            return;
        };
        if known.party(leg).is_some() {
            return self.party_in(call, leg, out);
        }
        match known.caller.id == *leg {
            true => self.caller_is(call, LegState::Bridged, out),
            false => drop(self.server_is(call, leg, LegState::Bridged, out)),
        }
        if self.calls.get(&call).is_some_and(Call::is_whole) {
            self.timers.clear(&Reason::ApartOverdue(call));
        }
    }

    /// A member has gone: two who are left talk without a conference.
    pub(super) fn thin_out(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let is_member = |party: &Party| party.role == PartyRole::Member;
        if known.talk == Talk::Conference && !known.parties.iter().any(is_member) {
            self.rejoin(call, out);
        }
    }

    /// The serving agent has left: another agent in the conference serves the
    /// call, or the caller goes on with a number outside.
    pub(super) fn conference_goes_on(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let is_in = |party: &&Party| party.role == PartyRole::Member && party.is_in();
        let members: Vec<&Party> = known.parties.iter().filter(is_in).collect();
        let agent = members
            .iter()
            .find_map(|party| Some((party.leg.id.clone(), party.who.agent()?.clone())));
        let number = members.first().map(|party| party.leg.id.clone());
        let astray = !known.is_together();
        if let Some((leg, agent)) = agent {
            self.hand_over(call, &leg, agent, Talk::Conference, out);
            if astray {
                self.expect_company(call);
            }
            return self.thin_out(call, out);
        }
        let Some(leg) = number else {
            self.dismiss_all(call, |_| true, out);
            let cause = Cause::NormalClearing;
            return self.end_call_by(call, cause, EndedBy::Agent, out);
        };
        self.dismiss_all(call, |party| party.leg.id != leg, out);
        self.move_party(call, &leg, PartyRole::Target { back: None }, out);
        self.caller_is(call, LegState::Answered, out);
        self.move_call(call, CallState::Transferring, out);
        self.part_of_party(call, &leg, out);
        self.party_answered(call, &leg, out);
    }
}

impl Call {
    /// Whether caller and serving agent are where they should be, as far as is known.
    pub(crate) fn is_whole(&self) -> bool {
        let server = self.offer.as_ref().map(|offer| offer.leg.state);
        self.is_together() && server == Some(LegState::Bridged)
    }
}
