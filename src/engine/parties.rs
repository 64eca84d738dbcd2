//! Ringing, connecting and losing those who take part beside caller and agent.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::call::{CallState, Offer, OfferStage};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::event::AgentRequest;
use crate::engine::fact::{EndedBy, Fact, OfferOutcome, PartyOutcome, Stuck};
use crate::engine::id::{AgentId, CallId, LegId, OfferId, SwitchId};
use crate::engine::leg::{Leg, LegRole, LegState};
use crate::engine::line::LineState;
use crate::engine::offer::SETTLING;
use crate::engine::order::Purpose;
use crate::engine::party::{Astray, Party, PartyRole, Talk};
use crate::engine::request::{Invitee, Refusal};
use crate::engine::timer::Reason;
use crate::switch::{
    Extension, LegVariable, LegVariables, Ring, SupervisionMode, SwitchCommand, Target,
};

impl Engine {
    /// Whether an agent on one switch can be rung for a caller on the other.
    pub(super) fn are_linked(&self, one: &SwitchId, other: &SwitchId) -> bool {
        let centre = self.centre.as_ref();
        centre.is_some_and(|centre| centre.are_linked(one, other))
    }

    /// Whether an agent's device can be rung for a call on this leg's switch.
    pub(super) fn can_ring(&self, agent: &AgentId, beside: &LegId) -> Result<(), Refusal> {
        let agent = self.agents.get(agent).ok_or(Refusal::NoSuchAgent)?;
        if self.draining {
            return Err(Refusal::Draining);
        }
        let own = &agent.settings.switch;
        if !self.are_linked(own, &beside.switch) {
            return Err(Refusal::OtherSwitch);
        }
        let is_up = |switch| self.links.get(switch) == Some(&true);
        if !is_up(own) || !is_up(&beside.switch) {
            return Err(Refusal::SwitchDown);
        }
        let line = agent.line.as_ref();
        let line_rings = line.is_some_and(|line| line.state != LineState::Open);
        if agent.is_busy() || !agent.closing.is_empty() || line_rings {
            return Err(Refusal::Busy);
        }
        Ok(())
    }

    /// The same for somebody who takes part in the work: not signed out.
    pub(super) fn can_invite(&self, agent: &AgentId, beside: &LegId) -> Result<(), Refusal> {
        self.can_ring(agent, beside)?;
        let known = self.agents.get(agent).ok_or(Refusal::NoSuchAgent)?;
        match known.state {
            AgentState::SignedOut => Err(Refusal::SignedOut),
            _ => Ok(()),
        }
    }

    /// Rings somebody for a call.
    pub(super) fn ring_party(
        &mut self,
        call: CallId,
        who: Invitee,
        role: PartyRole,
        out: &mut Commands,
    ) {
        let id = OfferId::from_ulid(self.new_ulid());
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let switch = known.caller.id.switch.clone();
        let own = who.agent().and_then(|agent| self.agents.get(agent));
        let auto_answer = own.is_some_and(|agent| agent.settings.auto_answer);
        let extension = own.map(|agent| agent.settings.extension.clone());
        let to = match (&who, own) {
            (Invitee::Number(number), _) => Target::Number(number.clone()),
            (Invitee::Agent(_), Some(agent)) => agent.settings.device_from(&switch),
            (Invitee::Agent(_), None) => return,
        };
        let timeout = self.in_call().ring;
        let ring = Ring {
            channel: id.channel(),
            caller_number: match &who {
                Invitee::Agent(_) => known.caller_number.clone(),
                // Outside, we are known by the number that was called.
                Invitee::Number(_) => known.dialled.clone(),
            },
            caller_name: known.caller_name.clone(),
            to,
            auto_answer,
            timeout,
            variables: variables(call, &who),
            originator: Some(known.caller.id.channel.clone()),
        };
        let standing = who
            .agent()
            .and_then(|agent| self.line_beside(agent, &switch));
        let leg = standing.clone().unwrap_or(LegId {
            switch,
            channel: id.channel(),
        });
        if standing.is_none() {
            let purpose = Purpose::RingParty(leg.clone());
            self.order(call, &leg.switch, SwitchCommand::Ring(ring), purpose, out);
        }
        let overdue = self.now + timeout + SETTLING;
        self.timers.set(Reason::PartyOverdue(leg.clone()), overdue);
        self.add_party(call, id, leg, who, role, extension, out);
        if let Some(leg) = standing {
            self.sound_tone(call, &leg, out);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one party, told once")]
    fn add_party(
        &mut self,
        call: CallId,
        id: OfferId,
        leg: LegId,
        who: Invitee,
        role: PartyRole,
        extension: Option<Extension>,
        out: &mut Commands,
    ) {
        out.note(Fact::PartyAdded {
            call,
            leg: leg.clone(),
            who: who.clone(),
            role: role.clone(),
        });
        out.note(Fact::LegStarted {
            call,
            leg: leg.clone(),
            role: LegRole::Party,
            agent: who.agent().cloned(),
            extension,
            number: None,
            confirm: false,
        });
        self.legs.insert(leg.clone(), call);
        if let Some(agent) = who.agent().cloned() {
            self.engage(&agent, call, out);
        }
        if let Some(known) = self.calls.get_mut(&call) {
            known.parties.push(Party {
                id,
                leg: Leg {
                    id: leg,
                    state: LegState::Ringing,
                },
                who,
                role,
                astray: Astray::No,
            });
        }
    }

    /// An agent is rung beside the queues: afterwards they are what they were.
    pub(super) fn engage(&mut self, id: &AgentId, call: CallId, out: &mut Commands) {
        self.end_pauses(id);
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        let again = match &agent.state {
            AgentState::SignedOut => Some(AgentRequest::SignOut),
            AgentState::NotReady { reason } => Some(AgentRequest::NotReady {
                reason: reason.clone(),
            }),
            _ => agent.next.take(),
        };
        agent.next.clone_from(&again);
        self.move_agent(id, AgentState::Offered, Some(call), None, out);
        if again.is_some() {
            let (agent, request) = (id.clone(), again);
            out.note(Fact::AgentAsked { agent, request });
        }
    }

    /// One who was rung is there: they are connected as their role says.
    pub(super) fn party_answered(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        let Some(party) = known.party(leg) else {
            return;
        };
        let role = party.role.clone();
        let agent_leg = known.offer.as_ref().map(|offer| offer.leg.id.clone());
        let overdue = Reason::PartyOverdue(leg.clone());
        self.timers.set(overdue, self.now + SETTLING);
        match (role, agent_leg) {
            (PartyRole::Consulted | PartyRole::OwnLine, Some(agent)) => {
                self.connect_consulted(call, &agent, out);
            }
            (PartyRole::Member, Some(_)) => self.join_member(call, leg, out),
            (PartyRole::Target { .. }, _) => {
                let caller = known.caller.id.clone();
                self.let_go_of_caller(call, &caller);
                self.connect_party(call, &caller, leg, out);
            }
            (PartyRole::Supervisor { mode }, Some(agent)) => {
                self.supervise(call, leg, &agent, mode, out);
                self.party_in(call, leg, out);
            }
            (_, None) => self.party_failed(leg, PartyOutcome::Failed, out),
        }
    }

    pub(super) fn connect_party(
        &mut self,
        call: CallId,
        to: &LegId,
        leg: &LegId,
        out: &mut Commands,
    ) {
        let command = SwitchCommand::Bridge {
            channel: to.channel.clone(),
            peer: leg.channel.clone(),
        };
        let purpose = Purpose::ConnectParty(leg.clone());
        self.order(call, &leg.switch, command, purpose, out);
    }

    pub(super) fn supervise(
        &mut self,
        call: CallId,
        leg: &LegId,
        agent: &LegId,
        mode: SupervisionMode,
        out: &mut Commands,
    ) {
        let command = SwitchCommand::Supervise {
            channel: leg.channel.clone(),
            target: agent.channel.clone(),
            mode,
        };
        let purpose = Purpose::ConnectParty(leg.clone());
        self.order(call, &leg.switch, command, purpose, out);
    }

    /// A party hears and is heard as its role says.
    pub(super) fn party_in(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        self.timers.clear(&Reason::PartyOverdue(leg.clone()));
        let known = self.calls.get_mut(&call);
        let Some(party) = known.and_then(|call| call.party_mut(leg)) else {
            return;
        };
        if party.is_in() {
            return;
        }
        party.leg.state = LegState::Bridged;
        party.astray = Astray::No;
        let agent = party.who.agent().filter(|_| !party.is_own_line()).cloned();
        out.note(Fact::LegMoved {
            call,
            leg: leg.clone(),
            state: LegState::Bridged,
        });
        if let Some(agent) = agent {
            self.agent_is(&agent, AgentState::OnCall, call, out);
        }
    }

    /// Two legs of a composed call hear each other. True when that is what one
    /// of its parties was for.
    pub(super) fn party_bridged(
        &mut self,
        call: CallId,
        one: &LegId,
        other: &LegId,
        out: &mut Commands,
    ) -> bool {
        let Some(known) = self.calls.get(&call) else {
            return false;
        };
        if known.is_own_consultation(one, other) {
            self.party_in(call, one, out);
            self.party_in(call, other, out);
            return true;
        }
        let party = known.party(one).or_else(|| known.party(other));
        let Some(party) = party else { return false };
        let (leg, role) = (party.leg.id.clone(), party.role.clone());
        let peer = if leg == *one { other } else { one };
        let with_caller = known.caller.id == *peer;
        let with_agent = known.offer.as_ref().is_some_and(|o| o.leg.id == *peer);
        match role {
            PartyRole::Target { .. } if with_caller => self.target_reached(call, &leg, out),
            PartyRole::Consulted if with_agent => self.party_in(call, &leg, out),
            _ => {}
        }
        true
    }

    /// The caller and the one they went to hear each other.
    fn target_reached(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        self.timers.clear(&Reason::ApartOverdue(call));
        let caller = known.caller.id.clone();
        if known.dialler.is_some() {
            return self.dial_answered(call, leg, out);
        }
        let agent = known
            .party(leg)
            .and_then(|party| party.who.agent())
            .cloned();
        self.let_go_of_caller(call, &caller);
        self.caller_is(call, LegState::Bridged, out);
        self.party_in(call, leg, out);
        match agent {
            Some(agent) => self.hand_over(call, leg, agent, Talk::Together, out),
            None => self.move_call(call, CallState::Outside, out),
        }
    }

    /// A party who is an agent serves the call from here on.
    pub(super) fn hand_over(
        &mut self,
        call: CallId,
        leg: &LegId,
        agent: AgentId,
        talk: Talk,
        out: &mut Commands,
    ) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(nth) = known.parties.iter().position(|p| p.leg.id == *leg) else {
            return;
        };
        let party = known.parties.remove(nth);
        known.talk = talk;
        known.offer = Some(Offer {
            id: party.id,
            agent: agent.clone(),
            queue: None,
            leg: party.leg,
            stage: OfferStage::Connected,
        });
        let caller = known.caller.id.clone();
        self.offers.insert(party.id, call);
        out.note(Fact::HandedOver {
            call,
            agent: agent.clone(),
            leg: leg.clone(),
        });
        if talk != Talk::Together {
            out.note(Fact::TalkMoved { call, talk });
        }
        self.move_call(call, CallState::Connected, out);
        self.agent_is(&agent, AgentState::OnCall, call, out);
        let served = self.calls.get(&call).and_then(|call| call.served.clone());
        let recorded = served.is_some_and(|served| self.is_recorded(&served.queue));
        if recorded {
            self.start_recording(call, &caller, leg, out);
        }
    }

    /// A party's leg ended by itself.
    pub(super) fn party_gone(
        &mut self,
        call: CallId,
        leg: &LegId,
        cause: Cause,
        out: &mut Commands,
    ) {
        let known = self.calls.get(&call);
        let Some(party) = known.and_then(|call| call.party(leg)) else {
            return;
        };
        let outcome = match (party.leg.state, cause) {
            (LegState::Bridged, _) => PartyOutcome::Talked,
            _ if party.astray != Astray::No => PartyOutcome::Talked,
            (_, Cause::NoAnswer | Cause::OriginatorCancel | Cause::Timeout) => {
                PartyOutcome::NoAnswer
            }
            (_, Cause::UserBusy) => PartyOutcome::Busy,
            (_, Cause::Rejected) => PartyOutcome::Rejected,
            (_, Cause::NotReachable | Cause::UnallocatedNumber) => PartyOutcome::Unreachable,
            _ => PartyOutcome::Failed,
        };
        self.party_over(call, leg, outcome, out);
    }

    /// A party cannot be rung or connected: it is let go.
    pub(super) fn party_failed(&mut self, leg: &LegId, outcome: PartyOutcome, out: &mut Commands) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        let known = self.calls.get(&call);
        if known.is_some_and(|call| call.party(leg).is_some()) {
            self.close_party(call, leg, out);
            self.party_over(call, leg, outcome, out);
        }
    }

    /// Neither an answer, nor an end, nor a connection was told in time.
    pub(super) fn party_overdue(&mut self, leg: &LegId, out: &mut Commands) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        if self.bring_back(call, leg, out) {
            return;
        }
        let known = self.calls.get(&call);
        let party = known.and_then(|call| call.party(leg));
        let agent = party.and_then(|party| party.who.agent().cloned());
        let outcome = match party {
            Some(party) if party.astray != Astray::No => PartyOutcome::Talked,
            Some(party) if party.leg.is_answered() => PartyOutcome::Failed,
            _ => PartyOutcome::NoAnswer,
        };
        let dials = known.is_some_and(|call| call.dialler.is_some() && call.caller.id == *leg);
        out.note(Fact::Overdue {
            stuck: Stuck::Party,
            call: Some(call),
            agent,
        });
        match dials {
            true => self.end_call(call, Cause::NoAnswer, out),
            false => self.party_failed(leg, outcome, out),
        }
    }

    /// A party could not be rung or connected; the same for the agent who dials.
    pub(super) fn party_order_failed(&mut self, leg: &LegId, out: &mut Commands) {
        let call = self
            .call_of(leg)
            .and_then(|call| Some((call, self.calls.get(&call)?)));
        match call {
            Some((call, known)) if known.is_dialled_from(leg) => {
                self.drop_dialling(call, leg, Cause::NetworkFailure, out);
            }
            // The answer is late; what was ordered has been seen to happen.
            Some((_, known)) if known.party(leg).is_some_and(Party::is_settled) => {}
            _ => self.party_failed(leg, PartyOutcome::Failed, out),
        }
    }

    fn close_party(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let Some(party) = known.and_then(|call| call.party(leg)) else {
            return;
        };
        let (agent, answered) = (party.who.agent().cloned(), party.leg.is_answered());
        let cause = match answered {
            true => Cause::NormalClearing,
            // Their phone called, and hears why nobody is there.
            false if party.is_own_line() => Cause::NoAnswer,
            false => Cause::OriginatorCancel,
        };
        self.close_leg(call, leg, agent.as_ref(), cause, answered, out);
    }

    /// Lets a party go, which changes nothing else.
    pub(super) fn dismiss(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let Some(party) = known.and_then(|call| call.party(leg)) else {
            return;
        };
        let outcome = match party.is_in() {
            true => PartyOutcome::Talked,
            false => PartyOutcome::Withdrawn,
        };
        self.close_party(call, leg, out);
        self.forget_party(call, leg, outcome, out);
    }

    /// Lets everybody go who matches.
    pub(super) fn dismiss_all(
        &mut self,
        call: CallId,
        which: impl Fn(&Party) -> bool,
        out: &mut Commands,
    ) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let matching = known.parties.iter().filter(|party| which(party));
        let legs: Vec<LegId> = matching.map(|party| party.leg.id.clone()).collect();
        for leg in legs {
            self.dismiss(call, &leg, out);
        }
    }

    /// A party is gone; what follows depends on what it was.
    fn party_over(&mut self, call: CallId, leg: &LegId, outcome: PartyOutcome, out: &mut Commands) {
        let Some(role) = self.forget_party(call, leg, outcome, out) else {
            return;
        };
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        match role {
            PartyRole::Consulted | PartyRole::OwnLine if known.talk == Talk::Consulting => {
                self.dismiss_all(call, Party::takes_part_in_consultation, out);
                self.set_talk(call, Talk::Held, out);
            }
            PartyRole::Member => self.thin_out(call, out),
            PartyRole::Target { .. } if known.state == CallState::Outside => {
                self.end_call_by(call, Cause::NormalClearing, EndedBy::Party, out);
            }
            PartyRole::Target { back } => self.transfer_failed(call, back, out),
            PartyRole::Consulted | PartyRole::OwnLine | PartyRole::Supervisor { .. } => {}
        }
    }

    /// Takes a party off the call; its agent is free of it.
    fn forget_party(
        &mut self,
        call: CallId,
        leg: &LegId,
        outcome: PartyOutcome,
        out: &mut Commands,
    ) -> Option<PartyRole> {
        let known = self.calls.get_mut(&call)?;
        let nth = known.parties.iter().position(|p| p.leg.id == *leg)?;
        let party = known.parties.remove(nth);
        self.timers.clear(&Reason::PartyOverdue(leg.clone()));
        out.note(Fact::PartyLeft {
            call,
            leg: leg.clone(),
            who: party.who.clone(),
            outcome,
        });
        if let Some(agent) = party.who.agent().filter(|_| !party.is_own_line()) {
            match (&party.role, outcome) {
                (PartyRole::Supervisor { .. }, _) | (_, PartyOutcome::Withdrawn) => {
                    self.agent_missed(agent, OfferOutcome::Withdrawn, out);
                }
                (_, PartyOutcome::Talked) => self.wrap_up(agent, call, out),
                (_, _) => self.agent_missed(agent, OfferOutcome::NoAnswer, out),
            }
        }
        Some(party.role)
    }

    /// Gives a party another part in the call.
    pub(super) fn move_party(
        &mut self,
        call: CallId,
        leg: &LegId,
        role: PartyRole,
        out: &mut Commands,
    ) {
        let known = self.calls.get_mut(&call);
        if let Some(party) = known.and_then(|call| call.party_mut(leg)) {
            party.role = role.clone();
            party.astray = Astray::No;
            let leg = leg.clone();
            out.note(Fact::PartyMoved { call, leg, role });
        }
    }
}

fn variables(call: CallId, who: &Invitee) -> LegVariables {
    let variables = LegVariables::default().with(LegVariable::Call, call);
    match who {
        Invitee::Agent(agent) => variables
            .with(LegVariable::Role, LegRole::Agent.word())
            .with(LegVariable::Agent, agent),
        Invitee::Number(_) => variables.with(LegVariable::Role, LegRole::Party.word()),
    }
}
