//! `[queues.<id>]`: where calls wait for an agent.

use crate::config::section::section;
use crate::engine::centre::{Level, QueueSettings, Strategy};
use crate::engine::id::{CalendarId, MusicClass, PromptId, SkillId};
use crate::engine::time::Span;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

section! {
    /// A queue, where calls wait for an agent. Agents name the queues they serve.
    pub struct QueueConfig {
        /// Shown to people.
        required name: String = "预订",
        /// How the agent is chosen: "longest_idle", the one whose last contact ended longest ago.
        default strategy: Strategy = "longest_idle",
        /// Skills an agent must have to be offered its calls, each with the least level, 1 to 9.
        default requires: BTreeMap<SkillId, Level> = {},
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

impl From<&QueueConfig> for QueueSettings {
    fn from(queue: &QueueConfig) -> Self {
        Self {
            name: queue.name.clone(),
            strategy: queue.strategy,
            requires: queue.requires.clone(),
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
