//! `[queues.<id>]`: where calls wait for an agent.

use crate::config::section::section;
use crate::engine::centre::{LastAgent, Level, QueueSettings, RouteStep, Strategy};
use crate::engine::condition::Condition;
use crate::engine::id::{CalendarId, MusicClass, PromptId, QueueId, SkillId};
use crate::engine::time::Span;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

section! {
    /// A queue, where calls wait for an agent. Agents name the queues they serve.
    pub struct QueueConfig {
        /// Shown to people.
        required name: String = "预订",
        /// How the agent is chosen: "longest_idle", "round_robin", "in_order", "fewest_calls",
        /// "least_talk_time", "least_occupied", "best_skill", "random" or "weighted_share".
        default strategy: Strategy = "longest_idle",
        /// Skills an agent must have to be offered its calls, each with the least level, 1 to 9.
        default requires: BTreeMap<SkillId, Level> = {},
        /// What else must hold of an agent, as an expression (CEL) over `agent` and `call`.
        optional condition: Option<Condition> = "agent.site == \"north\" || agent.skills.english >= 3",
        /// The highest level of an agent's seat that is offered its calls from the beginning.
        optional max_level: Option<u8> = 1,
        /// What changes as a call waits, each step from `after_s` seconds on; what it does not
        /// name stays: `requires`, `condition`, `max_level`, `also` (queues whose agents can take
        /// the call too), `priority` (added), `skip_if` (an expression over `call` and `queue`).
        /// For example `[{ after_s = 30, requires = { english = 2 }, priority = 1 }]`.
        default steps: Vec<StepConfig> = [],
        /// Returning callers wait for the agent who served them last:
        /// `{ within_days = 7, wait_s = 20 }`, then for anybody.
        optional last_agent: Option<LastAgentConfig> = { within_days = 7, wait_s = 20 },
        /// Class of music on hold, as the switch knows it.
        default music: MusicClass = "default",
        /// Seconds one agent is rung.
        default ring_s: NonZeroU32 = 20,
        /// Seconds an agent has for work after a call, before the next one.
        default wrap_up_s: u32 = 15,
        /// Whether its conversations are recorded.
        default record: bool = true,
        /// Calls that may wait; more go on at the flow's `full` edge.
        default max_waiting: NonZeroU32 = 200,
        /// Priority of its calls; higher goes first.
        default priority: i32 = 0,
        /// Prompt played to callers when they enter, before the music.
        optional greeting: Option<PromptId> = "please-wait",
        /// The calendar of its opening hours; without one it is always open.
        optional calendar: Option<CalendarId> = "office",
    }
}

/// One of a queue's `steps`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepConfig {
    pub after_s: NonZeroU32,
    #[serde(default)]
    pub requires: Option<BTreeMap<SkillId, Level>>,
    #[serde(default)]
    pub condition: Option<Condition>,
    #[serde(default)]
    pub max_level: Option<u8>,
    #[serde(default)]
    pub also: Option<Vec<QueueId>>,
    #[serde(default)]
    pub priority: i32,
    #[serde(default)]
    pub skip_if: Option<Condition>,
}

/// A queue's `last_agent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastAgentConfig {
    pub within_days: NonZeroU32,
    pub wait_s: NonZeroU32,
}

const DAY_S: u32 = 86_400;

impl From<&QueueConfig> for QueueSettings {
    fn from(queue: &QueueConfig) -> Self {
        Self {
            name: queue.name.clone(),
            strategy: queue.strategy,
            requires: queue.requires.clone(),
            condition: queue.condition.clone(),
            max_level: queue.max_level,
            steps: steps_of(queue),
            last_agent: queue.last_agent.map(LastAgent::from),
            music: queue.music.clone(),
            ring: Span::seconds(queue.ring_s.get()),
            wrap_up: Span::seconds(queue.wrap_up_s),
            record: queue.record,
            max_waiting: queue.max_waiting.get(),
            priority: queue.priority,
            greeting: queue.greeting.clone(),
            calendar: queue.calendar.clone(),
        }
    }
}

/// Each step in full: what it does not name is as it was before.
fn steps_of(queue: &QueueConfig) -> Vec<RouteStep> {
    let mut present = RouteStep {
        after: Span::ZERO,
        requires: queue.requires.clone(),
        condition: queue.condition.clone(),
        also: Vec::new(),
        max_level: queue.max_level,
        priority: 0,
        skip_if: None,
    };
    let mut steps = Vec::with_capacity(queue.steps.len());
    for step in &queue.steps {
        let StepConfig {
            after_s,
            requires,
            condition,
            max_level,
            also,
            priority,
            skip_if,
        } = step.clone();
        present = RouteStep {
            after: Span::seconds(after_s.get()),
            requires: requires.unwrap_or(present.requires),
            condition: condition.or(present.condition),
            also: also.unwrap_or(present.also),
            max_level: max_level.or(present.max_level),
            priority,
            skip_if,
        };
        steps.push(present.clone());
    }
    steps
}

impl From<LastAgentConfig> for LastAgent {
    fn from(last: LastAgentConfig) -> Self {
        Self {
            within: Span::seconds(last.within_days.get().saturating_mul(DAY_S)),
            wait: Span::seconds(last.wait_s.get()),
        }
    }
}
