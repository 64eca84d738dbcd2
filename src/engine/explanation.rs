//! Why a call was offered to one agent and not to another: the reasons kept
//! with every routing decision.

use crate::engine::centre::Strategy;
use crate::engine::id::AgentId;
use crate::engine::time::Span;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// How many of the agents not chosen are kept by name; the rest are counted.
pub const NEAREST_KEPT: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// What made this the moment to decide.
    pub trigger: Trigger,
    pub strategy: Strategy,
    /// Which of the queue's steps the call had come to; 0 before the first.
    #[serde(default, skip_serializing_if = "is_first")]
    pub step: usize,
    /// How long the call had waited in this queue.
    pub waited: Span,
    pub chosen: Candidate,
    /// How many were rung by this decision, the chosen among them, when it was
    /// more than one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rung: u32,
    /// How many rang for the call already.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub beside: u32,
    /// Agents of this queue who could have taken the call, the chosen included.
    pub eligible: u32,
    /// The next best, in order.
    pub nearest: Vec<Candidate>,
    /// Agents of this queue who could not take the call, counted by reason.
    pub excluded: Exclusions,
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
    /// The call had waited long enough for its queue's next step.
    StepReached,
    /// It had rung long enough for one more to be rung in addition.
    OneMore,
    /// No agent it waited for alone became free in time.
    SearchEnded,
}

impl Trigger {
    pub const ALL: [Trigger; 7] = [
        Trigger::CallEntered,
        Trigger::AgentFreed,
        Trigger::OfferEnded,
        Trigger::Reconfigured,
        Trigger::StepReached,
        Trigger::OneMore,
        Trigger::SearchEnded,
    ];
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn is_first(step: &usize) -> bool {
    *step == 0
}

/// A share in millionths, as strategies measure it, to the tenth of a per cent.
pub fn percent(millionths: u64) -> String {
    format!("{}.{} %", millionths / 10_000, millionths / 1_000 % 10)
}

/// One agent, as the strategy saw them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub agent: AgentId,
    /// Since the agent's last contact ended, or since signing in.
    pub idle: Span,
    /// The level of the agent's seat, when it is not the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// What the strategy compared: how long ago the last offer was, in
    /// milliseconds (round robin: the largest is chosen, none before all); of
    /// the others the smallest is chosen: calls answered (fewest calls), the same
    /// for their weight in millionths (weighted share), talk time in milliseconds,
    /// occupancy in millionths, levels short of the highest (best skill).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<u64>,
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
    /// The call is for another agent alone.
    NotSought,
    /// The level of the agent's seat is not reached yet.
    Level,
    /// Does not fulfil the condition of the queue or of its step.
    Condition,
    /// The caller must not be brought together with this agent.
    Forbidden,
}

impl Exclusion {
    pub const ALL: [Exclusion; 13] = [
        Exclusion::SignedOut,
        Exclusion::NotReady,
        Exclusion::Offered,
        Exclusion::OnCall,
        Exclusion::WrapUp,
        Exclusion::Skill,
        Exclusion::SwitchDown,
        Exclusion::Resting,
        Exclusion::OtherSwitch,
        Exclusion::NotSought,
        Exclusion::Level,
        Exclusion::Condition,
        Exclusion::Forbidden,
    ];
}

/// Agents counted by why they could not take a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exclusions([u32; Exclusion::ALL.len()]);

impl Exclusions {
    /// Every reason that somebody was excluded for, and how many were.
    pub fn iter(&self) -> impl Iterator<Item = (Exclusion, u32)> + '_ {
        let counted = Exclusion::ALL.into_iter().zip(self.0);
        counted.filter(|(_, count)| *count > 0)
    }

    pub fn count(&self, reason: Exclusion) -> u32 {
        self.0[reason as usize]
    }

    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(crate) fn add(&mut self, reason: Exclusion) {
        self.0[reason as usize] += 1;
    }

    pub(crate) fn add_many(&mut self, reason: Exclusion, count: u32) {
        self.0[reason as usize] += count;
    }

    pub(crate) fn remove(&mut self, reason: Exclusion) {
        self.0[reason as usize] -= 1;
    }

    /// These, and `count` for `reason`.
    pub(crate) fn with(mut self, reason: Exclusion, count: u32) -> Self {
        self.0[reason as usize] = count;
        self
    }
}

impl FromIterator<(Exclusion, u32)> for Exclusions {
    fn from_iter<I: IntoIterator<Item = (Exclusion, u32)>>(counted: I) -> Self {
        let none = Self::default();
        let add = |all: Self, (reason, count)| all.with(reason, count);
        counted.into_iter().fold(none, add)
    }
}

impl<const N: usize> From<[(Exclusion, u32); N]> for Exclusions {
    fn from(counted: [(Exclusion, u32); N]) -> Self {
        counted.into_iter().collect()
    }
}

impl Serialize for Exclusions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Exclusions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let counted = BTreeMap::<Exclusion, u32>::deserialize(deserializer)?;
        Ok(counted.into_iter().collect())
    }
}
