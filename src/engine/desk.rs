//! What agents ask for, and the states they pass through around a call.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::command::Commands;
use crate::engine::event::AgentRequest;
use crate::engine::explanation::Trigger;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, ReasonId};
use crate::engine::line;
use crate::engine::request::{Principal, Refusal};
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::engine::timer::Reason;

impl Engine {
    /// Moves an agent to a state; every queue of theirs learns of it.
    pub(super) fn move_agent(
        &mut self,
        id: &AgentId,
        state: AgentState,
        call: Option<CallId>,
        until: Option<Timestamp>,
        out: &mut Commands,
    ) {
        let (Some(centre), Some(agent)) = (&self.centre, self.agents.get_mut(id)) else {
            return;
        };
        let is_gone = matches!(state, AgentState::SignedOut | AgentState::NotReady { .. });
        let before = std::mem::replace(&mut agent.state, state.clone());
        agent.call = call;
        if matches!(state, AgentState::OnCall | AgentState::SignedOut) {
            agent.missed.clear();
        }
        if let Some(index) = self.queues.agent_index(id) {
            let shift = self.queues.shift_mut(index);
            shift.moved(self.now, &before, &state);
        }
        out.note(Fact::AgentMoved {
            agent: id.clone(),
            tenant: centre.tenant.clone(),
            site: centre.site.clone(),
            switch: agent.settings.switch.clone(),
            state,
            call,
            until,
        });
        self.refresh_standing(id);
        if is_gone {
            self.stop_seeking(id, out);
        }
    }

    /// A request made while busy with a call is granted when the call is over.
    pub(super) fn on_agent_request(
        &mut self,
        id: &AgentId,
        request: AgentRequest,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        self.is_known_reason(&request)?;
        let agent = self.agents.get_mut(id).ok_or(Refusal::NoSuchAgent)?;
        match (&agent.state, &request) {
            (_, AgentRequest::SignIn) if agent.is_busy() => {}
            _ if agent.is_busy() => {
                agent.next = Some(request).filter(|request| *request != AgentRequest::Ready);
                let (agent, request) = (id.clone(), agent.next.clone());
                out.note(Fact::AgentAsked { agent, request });
            }
            (AgentState::SignedOut, AgentRequest::SignIn) => {
                agent.idle_since = self.now;
                let rings = self.lacks_line(id);
                let reason = OutsideText::new(if rings { line::RINGING } else { "" });
                self.move_agent(id, AgentState::NotReady { reason }, None, None, out);
                if rings {
                    self.ring_line(id, false, out);
                }
            }
            (_, AgentRequest::SignIn) | (AgentState::Ready, AgentRequest::Ready) => {}
            _ => self.grant(id, request, out),
        }
        Ok(())
    }

    /// Where the centre names the reasons for being not ready, no other is taken.
    fn is_known_reason(&self, request: &AgentRequest) -> Result<(), Refusal> {
        let reasons = self.centre.as_ref().map(|centre| &centre.not_ready_reasons);
        let (AgentRequest::NotReady { reason }, Some(reasons)) = (request, reasons) else {
            return Ok(());
        };
        let named = ReasonId::new(reason.as_str()).is_ok_and(|id| reasons.contains_key(&id));
        match named || reasons.is_empty() {
            true => Ok(()),
            false => Err(Refusal::UnknownReason),
        }
    }

    /// An agent, or somebody for them, asks for a state and waits for the answer.
    pub(super) fn state_asked(
        &mut self,
        by: &Principal,
        agent: &AgentId,
        ask: AgentRequest,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        if by.agent() != Some(agent) {
            self.may_supervise(by, agent)?;
        }
        self.on_agent_request(agent, ask, out)
    }

    pub(super) fn grant(&mut self, id: &AgentId, request: AgentRequest, out: &mut Commands) {
        self.end_pauses(id);
        if let Some(agent) = self.agents.get_mut(id)
            && agent.state == AgentState::SignedOut
        {
            agent.idle_since = self.now;
        }
        match request {
            AgentRequest::Ready | AgentRequest::SignIn if self.lacks_line(id) => {
                let reason = OutsideText::new(line::RINGING);
                self.move_agent(id, AgentState::NotReady { reason }, None, None, out);
                self.ring_line(id, true, out);
            }
            AgentRequest::Ready | AgentRequest::SignIn => {
                self.move_agent(id, AgentState::Ready, None, None, out);
                self.agent_freed(id, Trigger::AgentFreed, out);
            }
            AgentRequest::NotReady { reason } => {
                self.move_agent(id, AgentState::NotReady { reason }, None, None, out);
            }
            AgentRequest::SignOut => {
                self.move_agent(id, AgentState::SignedOut, None, None, out);
                self.end_line(id, out);
            }
        }
    }

    /// Wrap-up and rest are over at once.
    pub(super) fn end_pauses(&mut self, id: &AgentId) {
        self.timers.clear(&Reason::WrapUpEnds(id.clone()));
        self.timers.clear(&Reason::RestEnds(id.clone()));
        if let Some(agent) = self.agents.get_mut(id) {
            agent.resting = false;
        }
    }
}
