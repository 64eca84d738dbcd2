//! An agent and the one state each agent is in.

use crate::engine::text::OutsideText;
use serde::{Deserialize, Serialize};

/// What an agent is doing. Exactly one at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AgentState {
    SignedOut,
    Ready,
    NotReady {
        reason: OutsideText,
    },
    /// Being rung for a call.
    Offered,
    OnCall,
    WrapUp,
}

impl AgentState {
    /// The word used in tables, the API and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            AgentState::SignedOut => "signed_out",
            AgentState::Ready => "ready",
            AgentState::NotReady { .. } => "not_ready",
            AgentState::Offered => "offered",
            AgentState::OnCall => "on_call",
            AgentState::WrapUp => "wrap_up",
        }
    }
}
