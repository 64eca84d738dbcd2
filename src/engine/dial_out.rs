//! Click-to-dial: the agent's device is rung, then the number, and the two are
//! connected. Until the number answers, the call's caller is the agent's own
//! leg; from then on it is the number, and the agent serves it.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::call::{Call, CallState, Dialler, Offer, OfferStage};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::fact::{Fact, OfferOutcome};
use crate::engine::id::{AgentId, CallId, LegId, MessageId, OfferId, SwitchId};
use crate::engine::leg::{Leg, LegRole, LegState};
use crate::engine::message::CalledBack;
use crate::engine::offer::SETTLING;
use crate::engine::order::Purpose;
use crate::engine::party::{PartyRole, Talk};
use crate::engine::request::{Invitee, Refusal};
use crate::engine::text::OutsideText;
use crate::engine::timer::Reason;
use crate::switch::{
    Arrival, ChannelState, LegVariable, LegVariables, PhoneNumber, Ring, SwitchCommand,
};

impl Engine {
    /// Whether the agent's group allows a number outside.
    pub(super) fn may_dial(&self, agent: &AgentId, number: &PhoneNumber) -> Result<(), Refusal> {
        let group = self
            .agents
            .get(agent)
            .and_then(|a| a.settings.group.as_ref());
        let centre = self.centre.as_ref();
        let group = group.and_then(|group| centre?.groups.get(group));
        match group {
            Some(group) if group.permits(number) => Ok(()),
            _ => Err(Refusal::NumberForbidden),
        }
    }

    /// The switch that rings an agent and dials a number outside for them: their
    /// own, or one that it is linked with, which rings them over its trunk.
    pub(super) fn way_out(&self, agent: &AgentId) -> Result<SwitchId, Refusal> {
        let known = self.agents.get(agent).ok_or(Refusal::NoSuchAgent)?;
        let centre = self.centre.as_ref().ok_or(Refusal::NobodyDials)?;
        let mut ways = centre.ways_out(&known.settings.switch).peekable();
        ways.peek().ok_or(Refusal::NobodyDials)?;
        let up = ways.find(|way| self.links.get(*way) == Some(&true));
        up.cloned().ok_or(Refusal::SwitchDown)
    }

    /// Rings the agent's device, and then the number; `message` is the one whose
    /// caller it is.
    pub(super) fn dial(
        &mut self,
        agent: &AgentId,
        number: &PhoneNumber,
        message: Option<MessageId>,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        self.may_dial(agent, number)?;
        let switch = self.way_out(agent)?;
        let settings = &self.agents.get(agent).ok_or(Refusal::NoSuchAgent)?.settings;
        let device = settings.device_from(&switch);
        if self.draining {
            return Err(Refusal::Draining);
        }
        if self.calls.len() >= self.limits().max_calls as usize {
            return Err(Refusal::TooManyCalls);
        }
        let call = CallId::from_ulid(self.new_ulid());
        let channel = OfferId::from_ulid(self.new_ulid()).channel();
        let standing = self.line_beside(agent, &switch);
        let leg = standing.clone().unwrap_or(LegId { switch, channel });
        self.can_invite(agent, &leg)?;
        let dialler = Dialler {
            agent: agent.clone(),
            number: number.clone(),
            callback: None,
            confirm: false,
            message,
        };
        let (nothing, nobody) = (OutsideText::default(), OutsideText::default());
        self.start_dialling(call, &leg, dialler.clone(), nothing, nobody, out);
        self.message_called(&dialler, call, CalledBack::Dialling, out);
        let timeout = self.in_call().ring;
        let ring = Ring {
            channel: leg.channel.clone(),
            to: device,
            auto_answer: true,
            caller_number: OutsideText::new(number.as_str()),
            caller_name: OutsideText::default(),
            timeout,
            variables: LegVariables::default()
                .with(LegVariable::Call, call)
                .with(LegVariable::Role, LegRole::Agent.word())
                .with(LegVariable::Agent, agent),
            originator: None,
        };
        if standing.is_none() {
            let purpose = Purpose::RingParty(leg.clone());
            self.order(call, &leg.switch, SwitchCommand::Ring(ring), purpose, out);
        }
        let overdue = self.now + timeout + SETTLING;
        self.timers.set(Reason::PartyOverdue(leg), overdue);
        self.engage(agent, call, out);
        if let Some(leg) = standing {
            self.sound_tone(call, &leg, out);
        }
        Ok(())
    }

    /// Begins a call whose caller is the agent's own leg; `shown` is the number
    /// that who is dialled sees.
    pub(super) fn start_dialling(
        &mut self,
        call: CallId,
        leg: &LegId,
        dialler: Dialler,
        shown: OutsideText,
        name: OutsideText,
        out: &mut Commands,
    ) {
        let arrival = Arrival {
            channel: leg.channel.clone(),
            state: ChannelState::Ringing,
            caller_number: OutsideText::new(dialler.number.as_str()),
            caller_name: name,
            dialled: shown,
            device: None,
            variables: LegVariables::default(),
        };
        self.start_call(call, leg.clone(), &arrival, out);
        if let Some(known) = self.calls.get_mut(&call) {
            known.dialler = Some(dialler.clone());
        }
        out.note(Fact::DialledOut { call, dialler });
        self.move_call(call, CallState::Transferring, out);
    }

    /// The agent who dials has picked up: now the number is rung.
    pub(super) fn dialler_answered(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        let Some(Dialler {
            agent,
            number,
            callback,
            ..
        }) = known.dialler.clone()
        else {
            return;
        };
        let leg = known.caller.id.clone();
        self.timers.clear(&Reason::PartyOverdue(leg.clone()));
        if let Some(turn) = callback
            && !self.callback_dials(turn.callback, call, &agent, out)
        {
            return self.end_call(call, Cause::NormalClearing, out);
        }
        self.move_agent(&agent, AgentState::OnCall, Some(call), None, out);
        let command = SwitchCommand::RingBack {
            channel: leg.channel,
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
        let role = PartyRole::Target { back: None };
        self.ring_party(call, Invitee::Number(number), role, out);
    }

    /// The number answered and hears the agent: it is the caller from here on.
    pub(super) fn dial_answered(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        self.party_in(call, leg, out);
        self.caller_is(call, LegState::Bridged, out);
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(dialler) = known.become_answered(leg) else {
            return;
        };
        let id = known.offer.as_ref().map(|offer| offer.id);
        let agent_leg = known.offer.as_ref().map(|offer| offer.leg.id.clone());
        let (Some(id), Some(agent_leg)) = (id, agent_leg) else {
            return;
        };
        self.offers.insert(id, call);
        self.message_called(&dialler, call, CalledBack::Reached, out);
        let Dialler {
            agent, callback, ..
        } = dialler;
        out.note(Fact::DialAnswered {
            call,
            caller: leg.clone(),
            agent: agent.clone(),
            leg: agent_leg,
        });
        self.move_call(call, CallState::Connected, out);
        if let Some(turn) = callback {
            self.callback_reached(turn.callback, call, &agent, out);
        }
    }

    /// The agent's leg ended before the number answered.
    pub(super) fn dialler_gone(&mut self, call: CallId, cause: Cause, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(dialler) = known.dialler.take() else {
            return;
        };
        // Who answered and did not confirm it may have been a mailbox.
        let unconfirmed = known.caller.is_answered() && dialler.confirm;
        let answered = known.caller.is_answered() && !unconfirmed;
        let cause = if unconfirmed { Cause::NoAnswer } else { cause };
        let leg = known.caller.id.clone();
        self.timers.clear(&Reason::ConfirmationEnds(leg.clone()));
        self.timers.clear(&Reason::PartyOverdue(leg));
        self.message_called(&dialler, call, CalledBack::Unreached, out);
        if dialler.callback.is_some() {
            return self.free_after_attempt(call, &dialler, answered, cause, out);
        }
        match answered {
            true => self.wrap_up(&dialler.agent, call, out),
            false => self.agent_missed(&dialler.agent, OfferOutcome::Withdrawn, out),
        }
    }
}

impl Engine {
    /// Notes how far the call back to who left a message has come.
    fn message_called(
        &self,
        dialler: &Dialler,
        call: CallId,
        came: CalledBack,
        out: &mut Commands,
    ) {
        if let Some(message) = dialler.message {
            out.note(Fact::MessageCalled {
                message,
                by: dialler.agent.clone(),
                call,
                came,
            });
        }
    }
}

impl Call {
    /// Puts the number's leg into the caller's place, and the agent's into that
    /// of the serving agent. Gives who dialled.
    fn become_answered(&mut self, leg: &LegId) -> Option<Dialler> {
        let nth = self.parties.iter().position(|party| party.leg.id == *leg)?;
        let dialler = self.dialler.take()?;
        let number = self.parties.remove(nth);
        let own = std::mem::replace(&mut self.caller, number.leg);
        self.talk = Talk::Together;
        self.offer = Some(Offer {
            id: OfferId::of_channel(&own.id.channel)?,
            agent: dialler.agent.clone(),
            queue: dialler.callback.as_ref().map(|turn| turn.queue.clone()),
            leg: Leg {
                id: own.id,
                state: LegState::Bridged,
            },
            stage: OfferStage::Connected,
        });
        Some(dialler)
    }
}
