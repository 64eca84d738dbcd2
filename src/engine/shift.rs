//! What an agent has done since signing in: what strategies compare agents by.

use crate::engine::agent::AgentState;
use crate::engine::id::QueueId;
use crate::engine::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An agent's work since signing in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// When the agent signed in.
    since: Timestamp,
    /// When the present state began.
    state_since: Timestamp,
    /// With callers, over all queues.
    talk: Span,
    /// Offered, with callers or in wrap-up, before the present state.
    busy: Span,
    queues: BTreeMap<QueueId, Served>,
}

/// What an agent has done for one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Calls answered.
    pub calls: u32,
    /// When its last call was offered, if one was.
    pub offered: Option<Timestamp>,
}

impl Shift {
    /// The agent goes from one state to another.
    pub(crate) fn moved(&mut self, at: Timestamp, from: &AgentState, to: &AgentState) {
        if *from == AgentState::SignedOut {
            *self = Self {
                since: at,
                state_since: at,
                ..Self::default()
            };
            return;
        }
        let past = at.since(self.state_since);
        if from.is_busy() {
            self.busy = self.busy + past;
        }
        if *from == AgentState::OnCall {
            self.talk = self.talk + past;
        }
        if from != to {
            self.state_since = at;
        }
    }

    pub(crate) fn offered(&mut self, at: Timestamp, queue: &QueueId) {
        self.queues.entry(queue.clone()).or_default().offered = Some(at);
    }

    pub(crate) fn answered(&mut self, queue: &QueueId) {
        self.queues.entry(queue.clone()).or_default().calls += 1;
    }

    pub(crate) fn served(&self, queue: &QueueId) -> Served {
        self.queues.get(queue).copied().unwrap_or_default()
    }

    /// Time with callers.
    pub(crate) fn talk(&self) -> Span {
        self.talk
    }

    /// The share of the time signed in that the agent, free now, was busy, in
    /// millionths.
    pub(crate) fn occupancy(&self, now: Timestamp) -> u64 {
        let signed_in = now.since(self.since).as_millis().max(1);
        self.busy.as_millis().saturating_mul(1_000_000) / signed_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occupancy_is_the_busy_share_of_the_time_signed_in_and_begins_anew_with_it() {
        let at = Timestamp::from_millis;
        let mut shift = Shift::default();
        shift.moved(at(1_000), &AgentState::SignedOut, &AgentState::Ready);
        shift.moved(at(2_000), &AgentState::Ready, &AgentState::OnCall);
        shift.moved(at(5_000), &AgentState::OnCall, &AgentState::WrapUp);
        shift.moved(at(6_000), &AgentState::WrapUp, &AgentState::Ready);
        assert_eq!(shift.talk(), Span::millis(3_000));
        assert_eq!(shift.occupancy(at(9_000)), 500_000);
        shift.moved(at(9_000), &AgentState::Ready, &AgentState::SignedOut);
        shift.moved(at(10_000), &AgentState::SignedOut, &AgentState::Ready);
        assert_eq!((shift.talk(), shift.occupancy(at(11_000))), (Span::ZERO, 0));
    }
}
