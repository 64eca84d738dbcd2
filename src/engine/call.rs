//! A call: one customer contact, from arrival to end.

use serde::{Deserialize, Serialize};

/// Where a call is. Exactly one at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Known, not yet decided about.
    Arrived,
    /// In a flow.
    InFlow,
    /// Waiting in a queue.
    Waiting,
    /// Waiting, while an agent rings for it.
    Offered,
    /// With an agent.
    Connected,
    Ended,
}

impl CallState {
    /// The word used in tables, the API and metrics.
    pub fn word(self) -> &'static str {
        match self {
            CallState::Arrived => "arrived",
            CallState::InFlow => "in_flow",
            CallState::Waiting => "waiting",
            CallState::Offered => "offered",
            CallState::Connected => "connected",
            CallState::Ended => "ended",
        }
    }
}
