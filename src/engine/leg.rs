//! A leg: one channel of a call.

use crate::engine::id::LegId;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegRole {
    Caller,
    Agent,
    /// Of somebody beside caller and serving agent.
    Party,
    /// An agent's leg that is kept from call to call.
    Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// Created and not answered.
    Ringing,
    Answered,
    /// Connected to the other leg of its call.
    Bridged,
    Ended,
}

impl LegRole {
    pub fn word(self) -> &'static str {
        match self {
            LegRole::Caller => "caller",
            LegRole::Agent => "agent",
            LegRole::Party => "party",
            LegRole::Standing => "standing",
        }
    }
}

impl LegState {
    pub fn word(self) -> &'static str {
        match self {
            LegState::Ringing => "ringing",
            LegState::Answered => "answered",
            LegState::Bridged => "bridged",
            LegState::Ended => "ended",
        }
    }
}

/// One leg as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) state: LegState,
}

impl Leg {
    pub(crate) fn is_answered(&self) -> bool {
        matches!(self.state, LegState::Answered | LegState::Bridged)
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.state != LegState::Ended
    }
}
