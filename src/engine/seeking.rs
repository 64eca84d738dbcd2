//! A call waits a while for certain agents alone, and then for anybody: for those
//! its caller's list or its flow prefers, or for the one who served the caller
//! last. Agents it must not reach are never asked.

use crate::engine::Engine;
use crate::engine::agent::{Agent, AgentState};
use crate::engine::command::Commands;
use crate::engine::explanation::Trigger;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, QueueId};
use crate::engine::text::OutsideText;
use crate::engine::timer::Reason;
use crate::engine::wishes::{AgentSet, Sought, SoughtWhy, Wishes};

impl Engine {
    /// Whom a call that comes to a queue is to wait for alone.
    pub(super) fn agents_to_seek(&self, call: CallId, queue: &QueueId) -> Option<Sought> {
        self.preferred_in(call, queue)
            .or_else(|| self.last_agent_in(call, queue))
            .filter(|sought| sought.agents.iter().any(|agent| self.is_there(agent)))
    }

    /// Of a call, or of a callback.
    fn wishes_of(&self, id: CallId) -> Option<&Wishes> {
        let callback = || Some(&self.callbacks.get(&id)?.order.wishes);
        let call = self.calls.get(&id).map(|known| &known.wishes);
        call.or_else(callback)
    }

    /// The number by which who calls, or is to be called back, is remembered.
    fn patron_of(&self, id: CallId) -> Option<OutsideText> {
        if let Some(known) = self.calls.get(&id) {
            return Some(known.recognition.patron(&known.caller_number).clone());
        }
        let order = &self.callbacks.get(&id)?.order;
        let number = self.normal(order.number.as_str());
        Some(order.recognition.patron(&number).clone())
    }

    fn preferred_in(&self, call: CallId, queue: &QueueId) -> Option<Sought> {
        let wishes = self.wishes_of(call)?;
        let serves = |id: &AgentId| !wishes.never.contains(id) && self.serves(id, queue);
        let agents = wishes.prefer.filtered(serves);
        (!agents.is_empty()).then(|| Sought {
            agents,
            until: self.now + wishes.wait,
            why: SoughtWhy::Preferred,
        })
    }

    fn last_agent_in(&self, call: CallId, queue: &QueueId) -> Option<Sought> {
        let rule = self.queues.get(queue)?.settings.last_agent?;
        let number = self.patron_of(call)?;
        let (agent, at) = self.patrons.last(&number)?;
        let recent = self.now.since(at) <= rule.within;
        let may = !self.wishes_of(call)?.never.contains(agent) && self.serves(agent, queue);
        (recent && may).then(|| Sought {
            agents: AgentSet::one(agent.clone()),
            until: self.now + rule.wait,
            why: SoughtWhy::LastAgent,
        })
    }

    fn serves(&self, agent: &AgentId, queue: &QueueId) -> bool {
        let known = self.agents.get(agent);
        known.is_some_and(|known| known.settings.seat(queue).is_some())
    }

    /// Whether it is worth while to wait for an agent.
    fn is_there(&self, agent: &AgentId) -> bool {
        let gone = |known: &Agent| {
            matches!(
                known.state,
                AgentState::SignedOut | AgentState::NotReady { .. }
            )
        };
        self.agents.get(agent).is_some_and(|known| !gone(known))
    }

    /// Those of the agents whom a call must not reach who could take it otherwise.
    pub(super) fn forbidden_in(&self, call: CallId, queue: &QueueId, step: usize) -> AgentSet {
        let (Some(wishes), Some(settings)) = (self.wishes_of(call), self.queues.get(queue)) else {
            return AgentSet::default();
        };
        let asked = settings.settings.asked(step);
        wishes.never.filtered(|agent| {
            let known = self.agents.get(agent);
            known.is_some_and(|known| asked.level(queue, &known.settings).is_some())
        })
    }

    /// A block of the flow has wishes too.
    pub(super) fn add_wishes(&mut self, call: CallId, wishes: &Wishes, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let all = known.wishes.and(wishes);
        if all != known.wishes {
            known.wishes = all.clone();
            out.note(Fact::Wished { call, wishes: all });
        }
    }

    /// None of the agents became free in time: anybody will do.
    pub(super) fn search_ended(&mut self, call: CallId, queue: &QueueId, out: &mut Commands) {
        self.set_aside(call);
        if let Some(callback) = self.callbacks.get_mut(&call) {
            callback.progress.seek(self.now, None);
        }
        let mut why = SoughtWhy::default();
        if let Some(visit) = self.visit_of_mut(call, queue) {
            visit.terms.only = AgentSet::default();
            why = visit.sought_why;
        }
        out.note(Fact::AgentSought {
            call,
            queue: queue.clone(),
            agents: AgentSet::default(),
            until: None,
            why,
        });
        self.line_up(call);
        let known = self.calls.get(&call);
        if known.is_none_or(|known| known.seeks_anybody(&self.queues)) {
            self.distribute_call(call, Trigger::SearchEnded, out);
        }
    }

    /// An agent is not there any more: who waits for nobody else who is there
    /// waits for anybody.
    pub(super) fn stop_seeking(&mut self, agent: &AgentId, out: &mut Commands) {
        let calls = self.calls.iter().map(|(id, known)| (id, &known.visits));
        let callbacks = self.callbacks.iter();
        let callbacks = callbacks.map(|(id, known)| (id, &known.visits));
        let seeks = calls.chain(callbacks).flat_map(|(call, visits)| {
            let visits = visits.iter();
            let vain = visits.filter(|visit| {
                let only = &visit.terms.only;
                only.contains(agent) && !only.iter().any(|other| self.is_there(other))
            });
            vain.map(|visit| (*call, visit.queue().clone()))
        });
        let seeks: Vec<_> = seeks.collect();
        for (call, queue) in seeks {
            self.timers.clear(&Reason::SearchEnds(call, queue.clone()));
            self.search_ended(call, &queue, out);
        }
    }
}
