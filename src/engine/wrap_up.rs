//! Wrap-up: the time after a conversation to write it up, and more of it for
//! those who ask in time.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::command::Commands;
use crate::engine::event::AgentRequest;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId};
use crate::engine::queue::Queue;
use crate::engine::request::Refusal;
use crate::engine::time::Span;
use crate::engine::timer::Reason;

impl Engine {
    /// A conversation ended: time to write it up.
    pub(super) fn wrap_up(&mut self, id: &AgentId, call: CallId, out: &mut Commands) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        agent.idle_since = self.now;
        agent.extensions = 0;
        if agent.next == Some(AgentRequest::SignOut) {
            agent.next = None;
            return self.grant(id, AgentRequest::SignOut, out);
        }
        let spans = self.queues_of(id).map(|queue| queue.settings.wrap_up);
        // A short one would cut off the other's work.
        let span = spans.max().unwrap_or(Span::ZERO);
        let until = self.now + span;
        self.move_agent(id, AgentState::WrapUp, Some(call), Some(until), out);
        if span == Span::ZERO {
            // In the same step: a timer would cost a caller its granularity.
            return self.wrap_up_ended(id, out);
        }
        self.timers.set(Reason::WrapUpEnds(id.clone()), until);
    }

    fn queues_of(&self, id: &AgentId) -> impl Iterator<Item = &Queue> {
        let seats = self.agents.get(id).map(|agent| &agent.settings.queues);
        let seats = seats.into_iter().flatten();
        seats.filter_map(|seat| self.queues.get(&seat.queue))
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

    /// More wrap-up, by what the most generous of the agent's queues allows.
    pub(super) fn extend_wrap_up(
        &mut self,
        id: &AgentId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let ends = Reason::WrapUpEnds(id.clone());
        let agent = self.agents.get(id).ok_or(Refusal::NoSuchAgent)?;
        let until = self.timers.get(&ends).ok_or(Refusal::NotInWrapUp)?;
        let call = agent.call.ok_or(Refusal::NotInWrapUp)?;
        let allowed = self.queues_of(id).map(|queue| queue.settings.extension);
        let allowed = allowed.max().unwrap_or_default();
        if agent.extensions >= allowed.times {
            return Err(Refusal::NoMoreExtensions);
        }
        let extensions = agent.extensions + 1;
        let until = until + allowed.by;
        self.timers.set(ends, until);
        if let Some(agent) = self.agents.get_mut(id) {
            agent.extensions = extensions;
        }
        out.note(Fact::WrapUpExtended {
            agent: id.clone(),
            call,
            until,
            extensions,
        });
        Ok(())
    }
}
