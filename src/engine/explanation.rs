//! Why a call was offered to one agent and not to another: the reasons kept
//! with every routing decision.

use crate::engine::centre::Strategy;
use crate::engine::id::AgentId;
use crate::engine::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many of the agents not chosen are kept by name; the rest are counted.
pub const NEAREST_KEPT: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// What made this the moment to decide.
    pub trigger: Trigger,
    pub strategy: Strategy,
    /// How long the call had waited in this queue.
    pub waited: Span,
    pub chosen: Candidate,
    /// Agents of this queue who could have taken the call, the chosen included.
    pub eligible: u32,
    /// The next best, in order.
    pub nearest: Vec<Candidate>,
    /// Agents of this queue who could not take the call, counted by reason.
    pub excluded: BTreeMap<Exclusion, u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    CallEntered,
    AgentFreed,
    /// The offer before this one ended without an answer.
    OfferEnded,
    /// The centre's settings changed.
    Reconfigured,
}

/// One agent, as the strategy saw them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub agent: AgentId,
    /// Since the agent's last contact ended, or since signing in.
    pub idle: Span,
}

/// Why an agent of the queue could not take the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    SignedOut,
    NotReady,
    Offered,
    OnCall,
    WrapUp,
    /// Lacks a required skill, or its level.
    Skill,
    /// The agent's switch is out of reach.
    SwitchDown,
    /// Rests after a missed offer.
    Resting,
    /// The device is on another switch than the caller, and no trunk joins the two.
    OtherSwitch,
}
