//! What supervisors do: listen, whisper and barge in, take over, and change
//! what happens to calls and agents of the groups they supervise.

use crate::engine::Engine;
use crate::engine::call::{CallState, Visit};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::fact::{EndedBy, OfferOutcome, QueueExit};
use crate::engine::id::{AgentId, CallId, LegId, QueueId};
use crate::engine::leg::LegState;
use crate::engine::party::{PartyRole, Talk};
use crate::engine::request::{Invitee, Principal, Refusal, SupervisorRequest};
use crate::engine::waiting::Entry;
use crate::switch::SupervisionMode;

impl Engine {
    pub(super) fn supervisor_asks(
        &mut self,
        by: &Principal,
        ask: &SupervisorRequest,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        match ask {
            SupervisorRequest::Listen { agent, mode } => self.listen(by, agent, *mode, out),
            SupervisorRequest::StopListening => self.stop_listening(by, out),
            SupervisorRequest::TakeOver { agent } => self.take_over(by, agent, out),
            SupervisorRequest::HangUp { call } => self.force_hang_up(by, *call, out),
            SupervisorRequest::SetState { agent, state } => {
                self.may_supervise(by, agent)?;
                self.on_agent_request(agent, state.clone(), out)
            }
            SupervisorRequest::Move { call, to } => self.move_waiting(by, *call, to, out),
            SupervisorRequest::Pull { call } => self.pull(by, *call, out),
            SupervisorRequest::SetPriority { call, priority } => {
                let mut places = self.places(by, *call)?;
                places
                    .iter_mut()
                    .for_each(|place| place.priority = *priority);
                self.place_anew(*call, places, out);
                Ok(())
            }
        }
    }

    /// An agent supervises the groups of their settings; who is no agent
    /// supervises all.
    pub(super) fn may_supervise(&self, by: &Principal, agent: &AgentId) -> Result<(), Refusal> {
        let known = self.agents.get(agent).ok_or(Refusal::NoSuchAgent)?;
        let Some(supervisor) = by.agent() else {
            return Ok(());
        };
        let own = self.agents.get(supervisor).ok_or(Refusal::NoSuchAgent)?;
        let group = known.settings.group.as_ref();
        match group.is_some_and(|group| own.settings.supervises.contains(group)) {
            true => Ok(()),
            false => Err(Refusal::NotPermitted),
        }
    }

    fn listen(
        &mut self,
        by: &Principal,
        agent: &AgentId,
        mode: SupervisionMode,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        self.may_supervise(by, agent)?;
        let own = by.agent().ok_or(Refusal::NoDevice)?.clone();
        let call = self.served_by(agent).ok_or(Refusal::NotOnACall)?;
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        let agent_leg = known.offer.as_ref().map(|offer| offer.leg.id.clone());
        let agent_leg = agent_leg.ok_or(Refusal::NotOnACall)?;
        let role = PartyRole::Supervisor { mode };
        match known.party_of(&own) {
            Some(party) if party.is_supervisor() => {
                let (leg, is_in) = (party.leg.id.clone(), party.is_in());
                self.move_party(call, &leg, role, out);
                if is_in {
                    self.supervise(call, &leg, &agent_leg, mode, out);
                }
            }
            Some(_) => return Err(Refusal::Busy),
            None => {
                self.can_ring(&own, &agent_leg)?;
                self.ring_party(call, Invitee::Agent(own), role, out);
            }
        }
        Ok(())
    }

    /// The call a supervisor listens to, and their leg.
    fn listening(&self, by: &Principal) -> Result<(CallId, LegId, bool), Refusal> {
        let own = by.agent().ok_or(Refusal::NoDevice)?;
        let agent = self.agents.get(own).ok_or(Refusal::NoSuchAgent)?;
        let call = agent.call.ok_or(Refusal::NotListening)?;
        let known = self.calls.get(&call).ok_or(Refusal::NotListening)?;
        let party = known.party_of(own).filter(|party| party.is_supervisor());
        let party = party.ok_or(Refusal::NotListening)?;
        Ok((call, party.leg.id.clone(), party.is_in()))
    }

    fn stop_listening(&mut self, by: &Principal, out: &mut Commands) -> Result<(), Refusal> {
        let (call, leg, _) = self.listening(by)?;
        self.dismiss(call, &leg, out);
        Ok(())
    }

    /// Caller and supervisor are connected; the agent is free of the call.
    fn take_over(
        &mut self,
        by: &Principal,
        agent: &AgentId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        self.may_supervise(by, agent)?;
        let (call, leg, is_in) = self.listening(by)?;
        if self.served_by(agent) != Some(call) {
            return Err(Refusal::NotListening);
        }
        if !is_in {
            return Err(Refusal::NotAnsweredYet);
        }
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        if !matches!(known.talk, Talk::Together | Talk::Held) {
            return Err(Refusal::WrongMoment);
        }
        let back = Some(agent.clone());
        self.move_party(call, &leg, PartyRole::Target { back }, out);
        self.move_call(call, CallState::Transferring, out);
        self.caller_is(call, LegState::Answered, out);
        self.part_of_party(call, &leg, out);
        self.party_answered(call, &leg, out);
        self.release_agent(call, out);
        Ok(())
    }

    fn force_hang_up(
        &mut self,
        by: &Principal,
        call: CallId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NoSuchCall)?;
        match known.offer.as_ref().map(|offer| offer.agent.clone()) {
            Some(agent) => self.may_supervise(by, &agent)?,
            None => self.supervises_anybody(by)?,
        }
        self.end_call_by(call, Cause::NormalClearing, EndedBy::Supervisor, out);
        Ok(())
    }

    fn supervises_anybody(&self, by: &Principal) -> Result<(), Refusal> {
        let Some(own) = by.agent() else { return Ok(()) };
        let own = self.agents.get(own).ok_or(Refusal::NoSuchAgent)?;
        match own.settings.supervises.is_empty() {
            true => Err(Refusal::NotPermitted),
            false => Ok(()),
        }
    }

    /// Where a call waits: its places in its queues.
    fn places(&self, by: &Principal, call: CallId) -> Result<Vec<Entry>, Refusal> {
        self.supervises_anybody(by)?;
        let known = self.calls.get(&call).filter(|call| call.ending.is_none());
        let known = known.ok_or(Refusal::NoSuchCall)?;
        // One who is being connected waits no more.
        if known.offer.is_some() || !known.is_waiting() {
            return Err(Refusal::NotWaiting);
        }
        let entry = |visit: &Visit| Entry {
            queue: visit.queue().clone(),
            priority: visit.place.priority(),
            entered: visit.place.entered,
            step: visit.terms.step,
            sought: None,
        };
        Ok(known.visits.iter().map(entry).collect())
    }

    fn move_waiting(
        &mut self,
        by: &Principal,
        call: CallId,
        to: &QueueId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let places = self.places(by, call)?;
        let queue = self.queues.get(to).ok_or(Refusal::NoSuchQueue)?;
        if queue.is_full() && places.iter().all(|place| place.queue != *to) {
            return Err(Refusal::QueueFull);
        }
        let place = self.entry_now(call, to).ok_or(Refusal::NoSuchQueue)?;
        self.place_anew(call, vec![place], out);
        Ok(())
    }

    /// Takes a waiting call out of its place, whoever rings for it.
    fn take_out(&mut self, call: CallId, out: &mut Commands) {
        self.leave_queues(call, QueueExit::Moved, out);
        self.withdraw_offers(call, OfferOutcome::Withdrawn, out);
    }

    fn place_anew(&mut self, call: CallId, places: Vec<Entry>, out: &mut Commands) {
        self.take_out(call, out);
        self.forget_playback(call);
        self.enter_queues(call, places, out);
    }

    /// A waiting call goes to the supervisor's own device.
    fn pull(&mut self, by: &Principal, call: CallId, out: &mut Commands) -> Result<(), Refusal> {
        self.places(by, call)?;
        let own = by.agent().ok_or(Refusal::NoDevice)?.clone();
        let known = self.calls.get(&call).ok_or(Refusal::NoSuchCall)?;
        self.can_ring(&own, &known.caller.id)?;
        self.take_out(call, out);
        self.forget_playback(call);
        self.move_call(call, CallState::Transferring, out);
        self.keep_caller(call, out);
        let role = PartyRole::Target { back: None };
        self.ring_party(call, Invitee::Agent(own), role, out);
        Ok(())
    }
}
