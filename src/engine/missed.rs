//! An agent missed an offer: how long they rest, and what follows after too many
//! in a row.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::centre::{Missed, MissedOffer};
use crate::engine::command::Commands;
use crate::engine::explanation::Trigger;
use crate::engine::fact::{Fact, OfferOutcome};
use crate::engine::id::{AgentId, CallId, QueueId};
use crate::engine::time::Span;
use crate::engine::timer::Reason;

impl Engine {
    /// The offer of a call ended without a conversation.
    pub(super) fn offer_missed(
        &mut self,
        id: &AgentId,
        call: CallId,
        queue: Option<&QueueId>,
        outcome: OfferOutcome,
        out: &mut Commands,
    ) {
        let (Some(missed), Some(queue)) = (Missed::of(outcome), queue) else {
            return self.agent_missed(id, outcome, out);
        };
        let policy = self.missed_policy(queue, missed);
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        let in_a_row = agent.missed.get(&missed).map_or(1, |before| before + 1);
        agent.missed.insert(missed, in_a_row);
        let due = policy.as_ref();
        let due = due.filter(|policy| in_a_row >= policy.in_a_row.get());
        let then = due.and_then(|policy| policy.then.clone());
        let notify = due.is_some_and(|policy| policy.notify);
        if let Some(then) = &then {
            agent.missed.clear();
            agent.next.get_or_insert(then.request());
        }
        out.note(Fact::OfferMissed {
            call,
            agent: id.clone(),
            queue: queue.clone(),
            missed,
            in_a_row,
            then,
            notify,
        });
        let rest = policy.and_then(|policy| policy.rest);
        let rest = rest.unwrap_or(self.limits().missed_offer_rest);
        self.free_of_offer(id, Some(rest), out);
    }

    /// What the queue says, or else the centre.
    fn missed_policy(&self, queue: &QueueId, missed: Missed) -> Option<MissedOffer> {
        let queue = self.queues.get(queue);
        let own = queue.and_then(|queue| queue.settings.missed_offers.get(missed));
        let centre = || self.centre.as_ref()?.missed_offers.get(missed);
        own.or_else(centre).cloned()
    }

    /// One who was rung was not connected.
    pub(super) fn agent_missed(&mut self, id: &AgentId, outcome: OfferOutcome, out: &mut Commands) {
        // An agent whose offer was taken back did nothing wrong and goes on at once.
        let rests = !matches!(
            outcome,
            OfferOutcome::CallerLeft | OfferOutcome::AnsweredElsewhere | OfferOutcome::Withdrawn
        );
        let rest = rests.then(|| self.limits().missed_offer_rest);
        self.free_of_offer(id, rest, out);
    }

    fn free_of_offer(&mut self, id: &AgentId, rest: Option<Span>, out: &mut Commands) {
        let Some(agent) = self.agents.get_mut(id) else {
            return;
        };
        if let Some(request) = agent.next.take() {
            return self.grant(id, request, out);
        }
        agent.resting = rest.is_some();
        self.move_agent(id, AgentState::Ready, None, None, out);
        if let Some(rest) = rest {
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
