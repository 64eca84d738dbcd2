//! An agent and the one state each agent is in.

use crate::engine::centre::{AgentSettings, Missed};
use crate::engine::event::AgentRequest;
use crate::engine::explanation::Exclusion;
use crate::engine::id::{CallId, LegId};
use crate::engine::line::StandingLeg;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// With a call whose caller is on hold.
    Hold,
    /// With a call, asking somebody else about it while the caller is on hold.
    Consult,
    WrapUp,
}

impl AgentState {
    /// Whether the agent works on a call.
    pub fn is_busy(&self) -> bool {
        matches!(
            self,
            AgentState::Offered | AgentState::OnCall | AgentState::WrapUp
        )
    }

    /// The word used in tables, the API and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            AgentState::SignedOut => "signed_out",
            AgentState::Ready => "ready",
            AgentState::NotReady { .. } => "not_ready",
            AgentState::Offered => "offered",
            AgentState::OnCall => "on_call",
            AgentState::Hold => "hold",
            AgentState::Consult => "consult",
            AgentState::WrapUp => "wrap_up",
        }
    }
}

/// One agent as the engine knows them.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) settings: AgentSettings,
    pub(crate) state: AgentState,
    /// Since the last contact ended, or since signing in.
    pub(crate) idle_since: Timestamp,
    /// The call that is offered, talked on or being wrapped up.
    pub(crate) call: Option<CallId>,
    /// Until when the agent is left alone after a missed offer.
    pub(crate) resting: bool,
    /// Legs to the agent's devices that a switch was asked to end and has not
    /// yet: the agent is not free before.
    pub(crate) closing: BTreeSet<LegId>,
    /// Asked for while busy with a call; granted when the agent is free of it.
    pub(crate) next: Option<AgentRequest>,
    /// Offers missed since the last one that was answered.
    pub(crate) missed: BTreeMap<Missed, u32>,
    /// How often the present or last wrap-up was extended.
    pub(crate) extensions: u32,
    /// The leg that is kept from call to call.
    pub(crate) line: Option<StandingLeg>,
}

impl Agent {
    pub(crate) fn new(settings: AgentSettings, at: Timestamp) -> Self {
        Self {
            settings,
            state: AgentState::SignedOut,
            idle_since: at,
            call: None,
            resting: false,
            closing: BTreeSet::new(),
            next: None,
            missed: BTreeMap::new(),
            extensions: 0,
            line: None,
        }
    }

    /// Whether the agent is rung for a call or takes part in one.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(
            self.state,
            AgentState::Offered | AgentState::OnCall | AgentState::Hold | AgentState::Consult
        )
    }

    /// Why the agent can take no call at all now, if so.
    pub(crate) fn unavailable(&self) -> Option<Exclusion> {
        match &self.state {
            AgentState::SignedOut => Some(Exclusion::SignedOut),
            AgentState::NotReady { .. } => Some(Exclusion::NotReady),
            AgentState::Offered => Some(Exclusion::Offered),
            AgentState::OnCall | AgentState::Hold | AgentState::Consult => Some(Exclusion::OnCall),
            AgentState::WrapUp => Some(Exclusion::WrapUp),
            AgentState::Ready if !self.closing.is_empty() => Some(Exclusion::OnCall),
            AgentState::Ready if self.resting => Some(Exclusion::Resting),
            AgentState::Ready => None,
        }
    }
}
