//! A returning caller waits a while for the agent who served them last, and
//! then for anybody.

use crate::engine::Engine;
use crate::engine::agent::{Agent, AgentState};
use crate::engine::command::Commands;
use crate::engine::explanation::Trigger;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, QueueId};
use crate::engine::time::Timestamp;
use crate::engine::timer::Reason;

impl Engine {
    /// Whom a call that comes to a queue is to wait for alone, and until when.
    pub(super) fn agent_to_seek(
        &self,
        call: CallId,
        queue: &QueueId,
    ) -> Option<(AgentId, Timestamp)> {
        let rule = self.queues.get(queue)?.settings.last_agent?;
        let (agent, at) = self.patrons.last(&self.calls.get(&call)?.caller_number)?;
        let serves = |known: &Agent| known.settings.seat(queue).is_some();
        let is_there = |known: &Agent| {
            !matches!(
                known.state,
                AgentState::SignedOut | AgentState::NotReady { .. }
            )
        };
        let known = self.agents.get(agent)?;
        let recent = self.now.since(at) <= rule.within;
        (recent && serves(known) && is_there(known)).then(|| (agent.clone(), self.now + rule.wait))
    }

    /// The agent did not become free in time: anybody will do.
    pub(super) fn search_ended(&mut self, call: CallId, queue: &QueueId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let offered = known.offer.is_some();
        if !offered {
            self.set_aside(call);
        }
        let visit = self
            .calls
            .get_mut(&call)
            .and_then(|call| call.visit_mut(queue));
        if let Some(visit) = visit {
            visit.terms.only = None;
        }
        out.note(Fact::AgentSought {
            call,
            queue: queue.clone(),
            agent: None,
            until: None,
        });
        if !offered {
            self.line_up(call);
            self.distribute_call(call, Trigger::SearchEnded, out);
        }
    }

    /// An agent is not there any more: who waits for them alone waits for anybody.
    pub(super) fn stop_seeking(&mut self, agent: &AgentId, out: &mut Commands) {
        let seeks = self.calls.iter().flat_map(|(call, known)| {
            let visits = known.visits.iter();
            let sought = visits.filter(|visit| visit.terms.only.as_ref() == Some(agent));
            sought.map(|visit| (*call, visit.queue().clone()))
        });
        let seeks: Vec<_> = seeks.collect();
        for (call, queue) in seeks {
            self.timers.clear(&Reason::SearchEnds(call, queue.clone()));
            self.search_ended(call, &queue, out);
        }
    }
}
