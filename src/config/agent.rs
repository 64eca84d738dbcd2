//! `[agents.<id>]`: the people who take calls.

use crate::config::section::section;
use crate::engine::centre::{AgentSettings, Level, Seat};
use crate::engine::id::{GroupId, SkillId, SwitchId};
use crate::switch::Extension;
use std::collections::BTreeMap;

section! {
    /// An agent, who takes calls.
    pub struct AgentConfig {
        /// Shown to people.
        required name: String = "王芳",
        /// What is rung on the agent's switch.
        required extension: Extension = "1001",
        /// The switch the agent's device is on.
        required switch: SwitchId = "pbx",
        /// What the agent can do, each skill with a level from 1 (beginner) to 9 (expert).
        default skills: BTreeMap<SkillId, Level> = {},
        /// The queues the agent serves, each by its name or with more:
        /// `{ queue = "reservations", level = 2, position = 1, weight = 1 }`. Agents of lower
        /// levels come first; positions are for "in_order" and "round_robin", weights for
        /// "weighted_share".
        required queues: Vec<Seat> = ["reservations"],
        /// What else is known of the agent, for the conditions of queues.
        default attributes: BTreeMap<String, String> = {},
        /// The group that says what the agent may dial; without one, nothing outside.
        optional group: Option<GroupId> = "desk",
        /// Groups whose agents and calls this agent supervises.
        default supervises: Vec<GroupId> = [],
        /// Whether the device is asked to answer by itself when it is rung for the agent; it must
        /// be set up to do so.
        default auto_answer: bool = false,
    }
}

impl From<&AgentConfig> for AgentSettings {
    fn from(agent: &AgentConfig) -> Self {
        Self {
            name: agent.name.clone(),
            extension: agent.extension.clone(),
            switch: agent.switch.clone(),
            skills: agent.skills.clone(),
            queues: agent.queues.clone(),
            attributes: agent.attributes.clone(),
            group: agent.group.clone(),
            supervises: agent.supervises.clone(),
            auto_answer: agent.auto_answer,
        }
    }
}
