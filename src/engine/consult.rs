//! Consultation: the agent asks somebody while the caller hears music, and then
//! gives them the caller, goes back, or brings all three together.

use crate::engine::Engine;
use crate::engine::call::CallState;
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, LegId};
use crate::engine::leg::LegState;
use crate::engine::party::{Party, PartyRole, Talk};
use crate::engine::request::{Invitee, Refusal};

impl Engine {
    pub(super) fn consult(
        &mut self,
        call: CallId,
        to: Invitee,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        let free = known.parties.iter().all(|party| party.is_supervisor());
        if !matches!(known.talk, Talk::Together | Talk::Held) || !free {
            return Err(Refusal::WrongMoment);
        }
        self.may_reach(call, &to)?;
        self.take_caller(call, out);
        self.set_talk(call, Talk::Consulting, out);
        self.keep_caller(call, out);
        self.ring_party(call, to, PartyRole::Consulted, out);
        Ok(())
    }

    /// The caller goes to who is consulted. One who still rings is taken for the
    /// target of a transfer, and the agent is free all the same.
    pub(super) fn complete(&mut self, call: CallId, out: &mut Commands) -> Result<(), Refusal> {
        let (leg, answered) = self.consultation(call)?;
        self.consulted_takes_over(call, &leg, answered, out);
        Ok(())
    }

    /// The serving agent leaves the caller to who is consulted.
    pub(super) fn consulted_takes_over(
        &mut self,
        call: CallId,
        leg: &LegId,
        answered: bool,
        out: &mut Commands,
    ) {
        self.dismiss_all(call, Party::is_own_line, out);
        let known = self.calls.get(&call);
        let serving = known.and_then(|call| call.offer.as_ref());
        let back = serving.map(|offer| offer.agent.clone());
        self.move_party(call, leg, PartyRole::Target { back }, out);
        self.move_call(call, CallState::Transferring, out);
        if answered {
            self.part_of_party(call, leg, out);
            self.party_answered(call, leg, out);
        }
        match self.call_has_agent_leg(call) {
            true => self.release_agent(call, out),
            false => self.finish_with_agent(call, out),
        }
    }

    /// The party is to be connected anew.
    pub(super) fn part_of_party(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let known = self.calls.get_mut(&call);
        if let Some(party) = known.and_then(|call| call.party_mut(leg))
            && party.leg.state == LegState::Bridged
        {
            party.leg.state = LegState::Answered;
            out.note(Fact::LegMoved {
                call,
                leg: leg.clone(),
                state: LegState::Answered,
            });
        }
    }

    fn call_has_agent_leg(&self, call: CallId) -> bool {
        let known = self.calls.get(&call);
        let offer = known.and_then(|call| call.offer.as_ref());
        offer.is_some_and(|offer| self.legs.contains_key(&offer.leg.id))
    }

    /// Back to the caller; who was consulted is let go.
    pub(super) fn return_to_caller(
        &mut self,
        call: CallId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let (leg, _) = self.consultation(call)?;
        self.rejoin(call, out);
        self.dismiss(call, &leg, out);
        self.dismiss_all(call, Party::is_own_line, out);
        Ok(())
    }

    /// Who is being consulted, and whether they have answered.
    pub(super) fn consultation(&self, call: CallId) -> Result<(LegId, bool), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        let consulted = known.consulted().ok_or(Refusal::NobodyConsulted)?;
        Ok((consulted.leg.id.clone(), consulted.leg.is_answered()))
    }
}
