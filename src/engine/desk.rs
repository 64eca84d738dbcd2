//! What agents ask for, and the states they pass through around a call.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::command::Commands;
use crate::engine::event::AgentRequest;
use crate::engine::explanation::Trigger;
use crate::engine::fact::{Fact, OfferOutcome};
use crate::engine::id::{AgentId, CallId};
use crate::engine::time::{Span, Timestamp};
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
    ) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        match (&agent.state, &request) {
            (_, AgentRequest::SignIn) if agent.is_busy() => {}
            _ if agent.is_busy() => {
                agent.next = Some(request).filter(|request| *request != AgentRequest::Ready);
                let (agent, request) = (id.clone(), agent.next.clone());
                out.note(Fact::AgentAsked { agent, request });
            }
            (AgentState::SignedOut, AgentRequest::SignIn) => {
                agent.idle_since = self.now;
                let state = AgentState::NotReady {
                    reason: Default::default(),
                };
                self.move_agent(id, state, None, None, out);
            }
            (_, AgentRequest::SignIn) | (AgentState::Ready, AgentRequest::Ready) => {}
            _ => self.grant(id, request, out),
        }
    }

    fn grant(&mut self, id: &AgentId, request: AgentRequest, out: &mut Commands) {
        self.end_pauses(id);
        if let Some(agent) = self.agents.get_mut(id)
            && agent.state == AgentState::SignedOut
        {
            agent.idle_since = self.now;
        }
        match request {
            AgentRequest::Ready | AgentRequest::SignIn => {
                self.move_agent(id, AgentState::Ready, None, None, out);
                self.agent_freed(id, Trigger::AgentFreed, out);
            }
            AgentRequest::NotReady { reason } => {
                self.move_agent(id, AgentState::NotReady { reason }, None, None, out);
            }
            AgentRequest::SignOut => self.move_agent(id, AgentState::SignedOut, None, None, out),
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

    /// A conversation ended: time to write it up.
    pub(super) fn wrap_up(&mut self, id: &AgentId, call: CallId, out: &mut Commands) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        agent.idle_since = self.now;
        if agent.next == Some(AgentRequest::SignOut) {
            agent.next = None;
            return self.grant(id, AgentRequest::SignOut, out);
        }
        let span = self.wrap_up_span(id);
        let until = self.now + span;
        self.move_agent(id, AgentState::WrapUp, Some(call), Some(until), out);
        if span == Span::ZERO {
            // In the same step: a timer would cost a caller its granularity.
            return self.wrap_up_ended(id, out);
        }
        self.timers.set(Reason::WrapUpEnds(id.clone()), until);
    }

    /// The longest wrap-up among the agent's queues: a short one would cut off the other's work.
    fn wrap_up_span(&self, id: &AgentId) -> Span {
        let queues = self
            .agents
            .get(id)
            .map(|agent| agent.settings.queues.as_slice())
            .unwrap_or_default();
        let spans = queues
            .iter()
            .filter_map(|seat| self.queues.get(&seat.queue))
            .map(|queue| queue.settings.wrap_up);
        spans.max().unwrap_or(Span::ZERO)
    }

    pub(super) fn wrap_up_ended(&mut self, id: &AgentId, out: &mut Commands) {
        let Some(agent) = self
            .agents
            .get_mut(id)
            .filter(|agent| agent.state == AgentState::WrapUp)
        else {
            return;
        };
        let request = agent.next.take().unwrap_or(AgentRequest::Ready);
        self.grant(id, request, out);
    }

    /// An offer ended without a conversation.
    pub(super) fn agent_missed(&mut self, id: &AgentId, outcome: OfferOutcome, out: &mut Commands) {
        let rest = self.limits().missed_offer_rest;
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        if let Some(request) = agent.next.take() {
            return self.grant(id, request, out);
        }
        // An agent whose offer was taken back did nothing wrong and goes on at once.
        let rests = !matches!(outcome, OfferOutcome::CallerLeft | OfferOutcome::Withdrawn);
        agent.resting = rests;
        self.move_agent(id, AgentState::Ready, None, None, out);
        if rests {
            let (agent, until) = (id.clone(), self.now + rest);
            self.timers.set(Reason::RestEnds(agent.clone()), until);
            out.note(Fact::AgentRests { agent, until });
        }
        self.agent_freed(id, Trigger::AgentFreed, out);
    }

    pub(super) fn rest_ended(&mut self, id: &AgentId, out: &mut Commands) {
        if let Some(agent) = self.agents.get_mut(id) {
            agent.resting = false;
            self.refresh_standing(id);
            self.agent_freed(id, Trigger::AgentFreed, out);
        }
    }
}
