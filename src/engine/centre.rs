//! The centre as the engine is told of it: who works where, which queues and
//! access numbers exist, what callers hear. Made from the configuration,
//! validated there; the engine only reads it.

use crate::engine::calendar::Calendars;
use crate::engine::id::{
    AgentId, CalendarId, FlowId, MusicClass, PromptId, QueueId, SiteId, SkillId, SwitchId, TenantId,
};
use crate::engine::ivr::flow::Flow;
use crate::engine::time::Span;
use crate::switch::{Extension, Language};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Centre {
    pub tenant: TenantId,
    pub site: SiteId,
    pub switches: Vec<SwitchId>,
    /// Access numbers (DNIS) and the flow each starts.
    pub numbers: BTreeMap<String, AccessNumber>,
    pub flows: BTreeMap<FlowId, Arc<Flow>>,
    pub queues: BTreeMap<QueueId, QueueSettings>,
    pub agents: BTreeMap<AgentId, AgentSettings>,
    /// The open hours of the coming weeks, told anew each day.
    #[serde(default, skip_serializing_if = "Calendars::is_empty")]
    pub calendars: Calendars,
    pub limits: Limits,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessNumber {
    pub flow: FlowId,
    pub language: Language,
}

/// A level in a skill, 1 (beginner) to 9 (expert).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Level(u8);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a skill level is a whole number from 1 to 9, not {0}")]
pub struct NotALevel(pub i64);

impl Level {
    /// # Errors
    /// [`NotALevel`] outside 1..=9.
    pub fn new(level: i64) -> Result<Self, NotALevel> {
        match u8::try_from(level) {
            Ok(level @ 1..=9) => Ok(Self(level)),
            _ => Err(NotALevel(level)),
        }
    }

    pub fn get(self) -> u8 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Level::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueSettings {
    /// Shown to people.
    pub name: String,
    pub strategy: Strategy,
    /// What an agent must be able to do to be offered a call of this queue.
    pub requires: BTreeMap<SkillId, Level>,
    pub music: MusicClass,
    /// How long one agent is rung.
    pub ring: Span,
    pub wrap_up: Span,
    pub record: bool,
    /// Calls beyond this many are not let in: the flow goes on at the block's `full` edge.
    pub max_waiting: u32,
    /// Base priority of its calls; higher goes first.
    pub priority: i32,
    /// Played to callers when they enter, before the music.
    pub greeting: Option<PromptId>,
    /// Its opening hours; always open without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<CalendarId>,
}

/// How the agent for a call is chosen among those who can take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The agent whose last contact ended longest ago.
    LongestIdle,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSettings {
    pub name: String,
    /// What is rung on the agent's switch.
    pub extension: Extension,
    /// The switch the agent's device is on.
    pub switch: SwitchId,
    pub skills: BTreeMap<SkillId, Level>,
    /// The queues the agent serves.
    pub queues: Vec<QueueId>,
}

/// Limits on everything that could otherwise grow without end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Live calls; more are refused with congestion.
    pub max_calls: u32,
    /// Blocks one call may run through without waiting for anything.
    pub max_flow_steps: u32,
    /// How long the switch keeps a waiting leg when it hears nothing from us.
    pub dead_man: Span,
    /// How long a command may take before it counts as lost.
    pub command_deadline: Span,
    /// How long an agent who missed an offer rests before the next one.
    pub missed_offer_rest: Span,
    /// Offers a call may have before it is hung up with congestion.
    pub max_offers: u32,
    /// No list of prompts lasts longer; one whose end is not told by then is
    /// taken for ended.
    pub max_prompt: Span,
    /// How often each switch is asked for a list to compare with; zero for never.
    pub audit_every: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_calls: 10_000,
            max_flow_steps: 100,
            dead_man: Span::seconds(60),
            command_deadline: Span::seconds(10),
            missed_offer_rest: Span::seconds(5),
            max_offers: 100,
            max_prompt: Span::seconds(120),
            audit_every: Span::seconds(30),
        }
    }
}
