//! Requests about calls: each is done or refused in the step in which it is
//! asked, noted with who asked, and answered once.
//!
//! What becomes of a call when somebody leaves it:
//!
//! | step | caller leaves | serving agent leaves | the other leaves, or does not answer |
//! |---|---|---|---|
//! | together | the call ends | the call ends | – |
//! | on hold | the call ends | the call ends | – |
//! | consulting, the other rings | the call ends | becomes a transfer to the other | on hold |
//! | consulting, the other answered | the call ends | the caller goes to the other | on hold |
//! | conference | the call ends | another agent serves the call; without one, the caller goes on with a number | the two who are left talk on |
//! | transferring | the call ends | – | to the agent who sent the caller, then to the queue, then to the flow |
//! | parked | the call ends | – | in time: to the agent who parked, then as above |
//! | outside | the call ends | – | the call ends |
//! | dialling out | (no caller yet) | the call ends | the call ends |
//! | supervised | the call ends, the supervisor is let go | the call ends, the supervisor is let go | the conversation goes on |
//!
//! Whoever took part wraps up; who only rang is what they were before; and a
//! supervisor does not wrap up.

use crate::engine::Engine;
use crate::engine::cause::Cause;
use crate::engine::centre::InCallSettings;
use crate::engine::command::{Command, Commands};
use crate::engine::fact::{EndedBy, Fact};
use crate::engine::id::{AgentId, CallId, LegId, RequestId};
use crate::engine::order::Purpose;
use crate::engine::party::Talk;
use crate::engine::request::{CallRequest, Principal, Refusal, Request, SupervisorRequest};
use crate::engine::text::OutsideText;
use crate::switch::{Key, SwitchCommand};

/// Keys sent by one request.
const MAX_DIGITS: usize = 64;

impl Engine {
    pub(super) fn asked(
        &mut self,
        request: RequestId,
        by: Principal,
        what: Request,
        out: &mut Commands,
    ) {
        let outcome = self.carry_out(by, what, out);
        out.push(Command::Answer { request, outcome });
    }

    pub(super) fn carry_out(
        &mut self,
        by: Principal,
        what: Request,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let (agent, call) = self.subject(&by, &what);
        let (ask, object) = (what.word(), what.object());
        let outcome = match &what {
            Request::InCall { agent, ask } => self.agent_asks(&by, agent, ask, out),
            Request::Supervision { ask } => self.supervisor_asks(&by, ask, out),
            Request::State { agent, ask } => self.state_asked(&by, agent, ask.clone(), out),
            Request::Callback { ask } => self.callback_asked(&by, ask, out),
            Request::Message { message, ask } => self.message_asked(&by, *message, ask, out),
        };
        // What it named may have come to be by it.
        let own_state = matches!(&what, Request::State { agent, .. } if by.agent() == Some(agent));
        if own_state && outcome.is_ok() {
            // The change itself is noted.
            return outcome;
        }
        let call = call.or_else(|| self.agents.get(agent.as_ref()?)?.call);
        out.note(Fact::Asked {
            by,
            agent,
            call,
            ask: OutsideText::new(ask),
            object: OutsideText::new(&object),
            refused: outcome.err(),
        });
        outcome
    }

    /// Whom and which call a request is about.
    fn subject(&self, by: &Principal, what: &Request) -> (Option<AgentId>, Option<CallId>) {
        let of = |agent: &AgentId| {
            let call = self.agents.get(agent).and_then(|agent| agent.call);
            (Some(agent.clone()), call)
        };
        match what {
            Request::InCall { agent, .. } | Request::State { agent, .. } => of(agent),
            Request::Callback { .. } => (None, None),
            Request::Message { message, .. } => {
                let call = self.messages.get(*message).map(|message| message.call);
                (by.agent().cloned(), call)
            }
            Request::Supervision { ask } => match ask {
                SupervisorRequest::Listen { agent, .. }
                | SupervisorRequest::TakeOver { agent }
                | SupervisorRequest::SetState { agent, .. } => of(agent),
                SupervisorRequest::HangUp { call }
                | SupervisorRequest::Move { call, .. }
                | SupervisorRequest::Pull { call }
                | SupervisorRequest::SetPriority { call, .. } => (None, Some(*call)),
                SupervisorRequest::StopListening => (None, None),
            },
        }
    }

    fn agent_asks(
        &mut self,
        by: &Principal,
        agent: &AgentId,
        ask: &CallRequest,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        if by.agent() != Some(agent) {
            self.may_supervise(by, agent)?;
        }
        match ask {
            CallRequest::Dial { to } => return self.dial(agent, to, None, out),
            CallRequest::Retrieve { slot } => return self.retrieve(agent, *slot, out),
            CallRequest::ExtendWrapUp => return self.extend_wrap_up(agent, out),
            _ => {}
        }
        let call = self.served_by(agent).ok_or(Refusal::NotOnACall)?;
        match ask {
            CallRequest::Hold => self.hold(call, out),
            CallRequest::Resume => self.take_off_hold(call, out),
            CallRequest::Transfer { to } => self.transfer(call, to, out),
            CallRequest::Consult { to } => self.consult(call, to.clone(), out),
            CallRequest::Complete => self.complete(call, out),
            CallRequest::Return => self.return_to_caller(call, out),
            CallRequest::Conference => self.confer(call, out),
            CallRequest::Invite { to } => self.invite(call, to.clone(), out),
            CallRequest::SendDigits { digits } => self.send_digits(call, digits, out),
            CallRequest::Park => self.park(call, out),
            CallRequest::HangUp => {
                self.end_call_by(call, Cause::NormalClearing, EndedBy::Agent, out);
                Ok(())
            }
            CallRequest::Dial { .. } | CallRequest::Retrieve { .. } | CallRequest::ExtendWrapUp => {
                Err(Refusal::WrongMoment)
            }
        }
    }

    /// To whoever the agent talks to: the caller, or who is consulted.
    fn send_digits(
        &mut self,
        call: CallId,
        digits: &[Key],
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        if digits.is_empty() || digits.len() > MAX_DIGITS {
            return Err(Refusal::BadDigits);
        }
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        let consulted = known.consulted().filter(|party| party.is_in());
        let leg = match (known.is_talking(), consulted) {
            (true, _) => known.caller.id.clone(),
            (false, Some(party)) => party.leg.id.clone(),
            (false, None) => return Err(Refusal::WrongMoment),
        };
        let command = SwitchCommand::SendDigits {
            channel: leg.channel.clone(),
            digits: digits.to_vec(),
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
        Ok(())
    }

    /// A device put its far end on hold, or took it back: the same as if the
    /// agent had asked us.
    pub(super) fn hold_key(&mut self, leg: &LegId, ask: CallRequest, out: &mut Commands) {
        let call = self.call_of(leg).and_then(|call| self.calls.get(&call));
        let offer = call.and_then(|call| call.offer.as_ref());
        let Some(offer) = offer.filter(|offer| offer.leg.id == *leg) else {
            return;
        };
        let held = call.is_some_and(|call| call.talk == Talk::Held);
        if ask == CallRequest::Resume && !held {
            return;
        }
        let agent = offer.agent.clone();
        let what = Request::InCall {
            agent: agent.clone(),
            ask,
        };
        // Refused or not, it is noted.
        let _ = self.carry_out(Principal::Device(agent), what, out);
    }

    pub(super) fn in_call(&self) -> InCallSettings {
        let centre = self.centre.as_ref();
        centre.map_or_else(InCallSettings::default, |centre| centre.in_call.clone())
    }
}
