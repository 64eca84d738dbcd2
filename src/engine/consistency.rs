//! What must always hold, checked by tests after every event.

use super::*;
use crate::engine::agent::AgentState;
use crate::engine::call::CallState;

impl Engine {
    /// Panics when the state contradicts itself.
    pub(crate) fn assert_consistent(&self) {
        for (id, call) in &self.calls {
            assert_eq!(
                self.legs.get(&call.caller.id),
                Some(id),
                "the caller's leg leads to its call"
            );
            let queued = matches!(call.state, CallState::Waiting | CallState::Offered);
            if call.ending.is_none() {
                assert_eq!(
                    queued,
                    call.waiting.is_some(),
                    "in a queue exactly while it waits: {call:?}"
                );
                assert_eq!(
                    call.state == CallState::Connected,
                    call.is_connected(),
                    "{call:?}"
                );
            }
            if let Some(offer) = &call.offer {
                let agent = &self.agents[&offer.agent];
                assert_eq!(agent.call, Some(*id), "an offered agent knows the call");
                assert!(matches!(
                    agent.state,
                    AgentState::Offered | AgentState::OnCall
                ));
            }
        }
        for (id, agent) in &self.agents {
            if matches!(agent.state, AgentState::Offered | AgentState::OnCall) {
                let call = &self.calls[&agent.call.expect("a busy agent has a call")];
                assert_eq!(call.offer.as_ref().map(|offer| &offer.agent), Some(id));
            }
        }
        for index in self.queues.indices() {
            let queue = self.queues.queue(index);
            let inside = self
                .calls
                .values()
                .filter(|call| call.waiting.as_ref().is_some_and(|(id, _)| *id == queue.id));
            assert_eq!(
                u32::try_from(inside.count()).unwrap(),
                queue.length(),
                "the length is the calls inside"
            );
            for place in self.queues.waiting(index) {
                assert!(
                    self.calls[&place.call].offer.is_none(),
                    "a call with an offer is set aside"
                );
            }
        }
        for reason in self.timers.reasons() {
            if let Reason::OfferOverdue(offer) = reason {
                assert!(self.offers.contains_key(offer), "a timer has its owner");
            }
        }
    }
}
