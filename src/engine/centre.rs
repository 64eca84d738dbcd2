//! The centre as the engine is told of it: who works where, which queues and
//! access numbers exist, what callers hear. Made from the configuration,
//! validated there; the engine only reads it.

mod callback;
mod desk;
mod queue;

pub use callback::CallbackSettings;
pub use desk::{Line, Missed, MissedOffer, MissedOffers, MissedThen, NotReadyReason};
pub use queue::{
    Announcements, LastAgent, OverflowRule, OverflowTo, OverflowWhen, QueueSettings, RouteStep,
    Strategy, Whisper, WrapUpExtension,
};

use crate::engine::calendar::Calendars;
use crate::engine::caller_list::Callers;
use crate::engine::id::{
    AgentId, FlowId, GroupId, MusicClass, PromptId, QueueId, ReasonId, SiteId, SkillId, SwitchId,
    TenantId,
};
use crate::engine::ivr::flow::Flow;
use crate::engine::request::Destination;
use crate::engine::time::Span;
use crate::switch::{Extension, Language, PhoneNumber, Target};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Centre {
    pub tenant: TenantId,
    pub site: SiteId,
    pub switches: Vec<SwitchId>,
    /// Those of them that can dial numbers outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbound: Vec<SwitchId>,
    /// Switches that reach each other by trunks, each with the first of its pool
    /// by name: their calls and agents are served as if they were on one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pools: BTreeMap<SwitchId, SwitchId>,
    /// Access numbers (DNIS) and the flow each starts.
    pub numbers: BTreeMap<String, AccessNumber>,
    pub flows: BTreeMap<FlowId, Arc<Flow>>,
    pub queues: BTreeMap<QueueId, QueueSettings>,
    pub agents: BTreeMap<AgentId, AgentSettings>,
    /// The open hours of the coming weeks, told anew each day.
    #[serde(default, skip_serializing_if = "Calendars::is_empty")]
    pub calendars: Calendars,
    #[serde(default)]
    pub routing: RoutingSettings,
    pub limits: Limits,
    #[serde(default)]
    pub groups: BTreeMap<GroupId, GroupSettings>,
    #[serde(default)]
    pub in_call: InCallSettings,
    /// Why agents may be not ready; without any, every reason is taken.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_ready_reasons: BTreeMap<ReasonId, NotReadyReason>,
    /// What holds where a queue says nothing.
    #[serde(default)]
    pub missed_offers: MissedOffers,
    /// What is known of callers by their numbers.
    #[serde(default)]
    pub callers: Arc<Callers>,
    #[serde(default)]
    pub voicemail: VoicemailSettings,
    /// Other places where callers can be led, and how they get there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sites: BTreeMap<SiteId, SiteSettings>,
}

impl Centre {
    /// A centre with nothing in it.
    pub fn new(tenant: TenantId, site: SiteId) -> Self {
        Self {
            tenant,
            site,
            switches: Vec::new(),
            outbound: Vec::new(),
            pools: BTreeMap::new(),
            numbers: BTreeMap::new(),
            flows: BTreeMap::new(),
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            calendars: Calendars::default(),
            routing: RoutingSettings::default(),
            limits: Limits::default(),
            groups: BTreeMap::new(),
            in_call: InCallSettings::default(),
            not_ready_reasons: BTreeMap::new(),
            missed_offers: MissedOffers::default(),
            callers: Arc::default(),
            voicemail: VoicemailSettings::default(),
            sites: BTreeMap::new(),
        }
    }
}

/// A place where people answer calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSettings {
    /// Shown to people.
    pub name: String,
    pub entrance: SiteEntrance,
}

/// How a call gets to a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteEntrance {
    /// Its people serve this queue.
    Queue(QueueId),
    /// They have a telephone system of their own.
    Number(PhoneNumber),
}

/// What holds for every message that a caller leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VoicemailSettings {
    /// Played before the tone, where a flow says nothing else.
    pub greeting: PromptId,
    /// After it the caller speaks.
    pub tone: PromptId,
    /// The longest message.
    pub max: Span,
    /// Silence that ends a message.
    pub silence: Span,
    /// Less than this until the last sound is no message.
    pub min: Span,
    /// New messages in one mailbox; with as many in it callers are asked for none.
    pub max_messages: u32,
}

impl Default for VoicemailSettings {
    fn default() -> Self {
        Self {
            greeting: PromptId::of_word("leave-a-message"),
            tone: PromptId::of_word("tone"),
            max: Span::seconds(180),
            silence: Span::seconds(5),
            min: Span::seconds(2),
            max_messages: 500,
        }
    }
}

impl Centre {
    /// Whether an agent on one of these switches can be rung for a caller on the other.
    pub fn are_linked(&self, one: &SwitchId, other: &SwitchId) -> bool {
        let pool = |switch| self.pools.get(switch);
        one == other || pool(one).is_some_and(|pool| self.pools.get(other) == Some(pool))
    }

    /// The switches that dial numbers outside for whoever is on this one: itself
    /// first, and then those it is linked with.
    pub fn ways_out<'c>(&'c self, of: &'c SwitchId) -> impl Iterator<Item = &'c SwitchId> {
        let own = self.outbound.iter().filter(move |way| *way == of);
        let others = self.outbound.iter();
        let others = others.filter(move |way| *way != of && self.are_linked(way, of));
        own.chain(others)
    }

    /// Whether any switch dials numbers outside for whoever is on this one.
    pub fn has_way_out(&self, of: &SwitchId) -> bool {
        self.ways_out(of).next().is_some()
    }
}

/// What the agents of a group may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSettings {
    /// Beginnings of numbers outside that its agents may dial and send callers to.
    pub may_dial: Vec<String>,
    /// Beginnings that they may not, though a shorter one is allowed.
    pub may_not_dial: Vec<String>,
}

impl GroupSettings {
    /// The longest beginning decides; where both are as long, the prohibition.
    pub fn permits(&self, number: &PhoneNumber) -> bool {
        number.begins_as_allowed(&self.may_dial, &self.may_not_dial)
    }
}

/// What holds for every call that an agent serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InCallSettings {
    /// What a caller hears on hold who came through no queue.
    pub music: Option<MusicClass>,
    /// How long one who is consulted, invited or sent a caller is rung.
    pub ring: Span,
    /// Parking slots, first and last.
    pub slots: (u16, u16),
    /// How long a caller stays parked before the agent who parked is rung.
    pub parking: Span,
    /// People in one conference, the caller and the agent included.
    pub max_conference: u32,
    /// What agents dial on their phones to send a caller there.
    pub transfer_codes: BTreeMap<String, Destination>,
}

impl Default for InCallSettings {
    fn default() -> Self {
        Self {
            music: MusicClass::new("default").ok(),
            ring: Span::seconds(30),
            slots: (700, 799),
            parking: Span::seconds(120),
            max_conference: 50,
            transfer_codes: BTreeMap::new(),
        }
    }
}

/// What holds for the order of calls in all queues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoutingSettings {
    /// How much waiting one point of priority counts for.
    pub priority_worth: Span,
}

impl Default for RoutingSettings {
    fn default() -> Self {
        Self {
            priority_worth: Span::seconds(60),
        }
    }
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

/// An agent's seat in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SeatForm")]
pub struct Seat {
    pub queue: QueueId,
    /// Agents of lower levels are offered calls first.
    pub level: u8,
    /// The place in the order of [`Strategy::InOrder`] and [`Strategy::RoundRobin`].
    pub position: u16,
    /// The share under [`Strategy::WeightedShare`].
    pub weight: NonZeroU16,
}

/// A seat as it can be written: as the queue's name alone, or in full.
#[derive(Deserialize)]
#[serde(untagged)]
enum SeatForm {
    Name(QueueId),
    Full(FullSeat),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FullSeat {
    queue: QueueId,
    #[serde(default = "first_level")]
    level: u8,
    #[serde(default = "first_position")]
    position: u16,
    #[serde(default = "single_weight")]
    weight: NonZeroU16,
}

fn first_level() -> u8 {
    1
}

fn first_position() -> u16 {
    1
}

fn single_weight() -> NonZeroU16 {
    NonZeroU16::MIN
}

impl From<SeatForm> for Seat {
    fn from(form: SeatForm) -> Self {
        match form {
            SeatForm::Name(queue) => Seat::plain(queue),
            SeatForm::Full(FullSeat {
                queue,
                level,
                position,
                weight,
            }) => Self {
                queue,
                level,
                position,
                weight,
            },
        }
    }
}

impl Seat {
    /// First level, first position, single weight.
    pub fn plain(queue: QueueId) -> Self {
        Self {
            queue,
            level: first_level(),
            position: first_position(),
            weight: single_weight(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentSettings {
    pub name: String,
    /// What is rung on the agent's switch.
    pub extension: Extension,
    /// The switch the agent's device is on.
    pub switch: SwitchId,
    /// What is rung for a call of a queue, all at once; the extension alone
    /// when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
    pub skills: BTreeMap<SkillId, Level>,
    /// The queues the agent serves.
    pub queues: Vec<Seat>,
    /// What else is known of the agent, for conditions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// Says what the agent may dial; without one, nothing outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// The groups whose agents and calls this agent supervises.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supervises: Vec<GroupId>,
    /// The device is asked to answer by itself when it is rung.
    #[serde(default)]
    pub auto_answer: bool,
    /// What callers are told of the agent (工号).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<Extension>,
    /// What the agent hears.
    #[serde(default)]
    pub language: Language,
    #[serde(default)]
    pub line: Line,
}

/// One of the devices an agent answers calls on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub to: Target,
    /// The switch that rings it; the agent's own without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch: Option<SwitchId>,
    /// Whoever answers must press a key before they count as the agent: a
    /// mailbox may have picked up.
    #[serde(default)]
    pub confirm: bool,
}

impl AgentSettings {
    /// What is rung for a caller on this switch.
    pub fn devices_for(&self, caller: &SwitchId) -> Vec<Device> {
        let switch = |device: &Device| device.switch.as_ref().unwrap_or(&self.switch) == caller;
        let near: Vec<Device> = self.devices.iter().filter(|d| switch(d)).cloned().collect();
        match near.is_empty() {
            false => near,
            true => vec![self.own_device(caller)],
        }
    }

    /// The extension that the agent is known by, as this switch dials it: over a
    /// trunk when it is on another.
    pub fn device_from(&self, switch: &SwitchId) -> Target {
        let extension = self.extension.clone();
        match self.switch == *switch {
            true => Target::Extension(extension),
            false => Target::Remote {
                switch: self.switch.clone(),
                extension,
            },
        }
    }

    /// The same as a device.
    pub fn own_device(&self, caller: &SwitchId) -> Device {
        Device {
            to: self.device_from(caller),
            switch: None,
            confirm: false,
        }
    }

    pub fn seat(&self, queue: &QueueId) -> Option<&Seat> {
        self.queues.iter().find(|seat| seat.queue == *queue)
    }
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
