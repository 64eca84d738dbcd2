//! `[agents.<id>]`: the people who take calls.

use crate::config::section::section;
use crate::engine::centre::{AgentSettings, Device, Level, Line, Seat};
use crate::engine::id::{GroupId, SkillId, SwitchId};
use crate::switch::{Extension, Language, PhoneNumber, Target};
use serde::Deserialize;
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
        /// What is rung for a call, all of them at once; without any, the extension. Each is an
        /// `extension` or a `number` outside, which the switch's `outbound` setting dials, with
        /// its `switch` where that is another, and `confirm = true` if whoever answers must press
        /// a key before they count as the agent (of a `number` the rule, as its mailbox may pick
        /// up). For example `[{ extension = "1001" }, { number = "13800138000" }]`.
        default devices: Vec<DeviceConfig> = [],
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
        /// What callers are told of the agent (工号), where the queue says so.
        optional number: Option<Extension> = "1024",
        /// The language of what the agent hears; by default the centre's.
        optional language: Option<Language> = "en",
        /// "per_call": the device is rung for each call. "standing": it is rung once, when the
        /// agent signs in, and the leg is kept; callers follow a short tone on it.
        default line: Line = "per_call",
    }
}

/// One of an agent's `devices`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DeviceForm")]
pub struct DeviceConfig(Device);

impl DeviceConfig {
    pub(crate) fn device(&self) -> &Device {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceForm {
    extension: Option<Extension>,
    number: Option<PhoneNumber>,
    switch: Option<SwitchId>,
    confirm: Option<bool>,
}

impl TryFrom<DeviceForm> for DeviceConfig {
    type Error = &'static str;
    fn try_from(form: DeviceForm) -> Result<Self, Self::Error> {
        let (to, confirm) = match (form.extension, form.number) {
            (Some(extension), None) => (Target::Extension(extension), false),
            (None, Some(number)) => (Target::Number(number), true),
            _ => return Err("a device has either an `extension` or a `number`"),
        };
        Ok(Self(Device {
            to,
            switch: form.switch,
            confirm: form.confirm.unwrap_or(confirm),
        }))
    }
}

impl From<&AgentConfig> for AgentSettings {
    fn from(agent: &AgentConfig) -> Self {
        Self {
            name: agent.name.clone(),
            extension: agent.extension.clone(),
            switch: agent.switch.clone(),
            devices: agent
                .devices
                .iter()
                .map(|device| device.device().clone())
                .collect(),
            skills: agent.skills.clone(),
            queues: agent.queues.clone(),
            attributes: agent.attributes.clone(),
            group: agent.group.clone(),
            supervises: agent.supervises.clone(),
            auto_answer: agent.auto_answer,
            number: agent.number.clone(),
            language: agent.language.unwrap_or_default(),
            line: agent.line,
        }
    }
}
