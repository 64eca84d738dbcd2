//! The centre as the engine is told of it: who works where, which queues and
//! access numbers exist, what callers hear. Made from the configuration,
//! validated there; the engine only reads it.

use crate::engine::calendar::Calendars;
use crate::engine::condition::Condition;
use crate::engine::id::{
    AgentId, CalendarId, FlowId, GroupId, MusicClass, PromptId, QueueId, SiteId, SkillId, SwitchId,
    TenantId,
};
use crate::engine::ivr::flow::Flow;
use crate::engine::time::Span;
use crate::switch::{Extension, Language, PhoneNumber};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU16;
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
    #[serde(default)]
    pub routing: RoutingSettings,
    pub limits: Limits,
    #[serde(default)]
    pub groups: BTreeMap<GroupId, GroupSettings>,
    #[serde(default)]
    pub in_call: InCallSettings,
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
        let longest = |beginnings: &[String]| {
            let fitting = beginnings
                .iter()
                .filter(|b| number.as_str().starts_with(*b));
            fitting.map(String::len).max()
        };
        longest(&self.may_dial) > longest(&self.may_not_dial)
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
}

impl Default for InCallSettings {
    fn default() -> Self {
        Self {
            music: MusicClass::new("default").ok(),
            ring: Span::seconds(30),
            slots: (700, 799),
            parking: Span::seconds(120),
            max_conference: 50,
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
    /// What changes as a call waits, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RouteStep>,
    /// The highest level of an agent's seat that is offered its calls from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_level: Option<u8>,
    /// What else an agent must be, besides the skills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Whether a returning caller waits for the agent who served them last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<LastAgent>,
    /// The first rule that applies counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overflow: Vec<OverflowRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce: Option<Announcements>,
}

/// Where a call goes that a queue does not take, or that waited in it too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverflowRule {
    pub when: OverflowWhen,
    pub to: OverflowTo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverflowWhen {
    /// The call has waited so long.
    Wait(Span),
    /// So many calls wait already.
    Length(u32),
    /// The median of the estimated wait is longer.
    EstimatedWait(Span),
    /// No agent of the queue is signed in.
    NobodySignedIn,
    /// No agent of the queue could take the call at once.
    NobodyReady,
    /// The queue's calendar is closed.
    Closed,
}

/// Where an overflow leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverflowTo {
    /// Another queue; the time waited counts on there.
    Queue(QueueId),
    Flow(FlowId),
    /// The call is refused with busy, or hung up so if it was answered.
    Busy,
    HangUp,
}

/// What callers are told while they wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcements {
    pub every: Span,
    /// The caller's place.
    pub position: bool,
    /// The estimated wait, as an interval in minutes.
    pub wait: bool,
    /// One of these each time, in turn.
    pub comfort: Vec<PromptId>,
}

impl QueueSettings {
    /// A plain queue, longest idle agent first.
    pub fn new(name: &str, music: MusicClass) -> Self {
        Self {
            name: name.to_owned(),
            strategy: Strategy::LongestIdle,
            requires: BTreeMap::new(),
            music,
            ring: Span::seconds(20),
            wrap_up: Span::ZERO,
            record: false,
            max_waiting: 100,
            priority: 0,
            greeting: None,
            steps: Vec::new(),
            max_level: None,
            condition: None,
            last_agent: None,
            overflow: Vec::new(),
            announce: None,
            calendar: None,
        }
    }
}

/// What a queue asks of agents from a moment of a call's waiting on, in place
/// of what it asked before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteStep {
    /// Since the call entered the queue.
    pub after: Span,
    pub requires: BTreeMap<SkillId, Level>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Queues whose agents can take the call as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<QueueId>,
    /// The highest level of an agent's seat that is offered the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_level: Option<u8>,
    /// Added to the call's priority when the step begins.
    #[serde(default)]
    pub priority: i32,
    /// The step is left out for a call for which this holds when it would begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_if: Option<Condition>,
}

/// Callers go to the agent who served them last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAgent {
    /// How long ago the last conversation may have been.
    pub within: Span,
    /// How long a call waits for this agent alone.
    pub wait: Span,
}

/// How the agent for a call is chosen among those who can take it. Agents with
/// a lower level of their seat come first under every strategy, and of two who
/// are equal the one who is idle longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The agent whose last contact ended longest ago.
    LongestIdle,
    /// The agent whose last offer from this queue was longest ago; at first in the
    /// order of their positions.
    RoundRobin,
    /// The agent with the lowest position.
    InOrder,
    /// The agent who answered the fewest calls of this queue since signing in.
    FewestCalls,
    /// The agent who talked least since signing in.
    LeastTalkTime,
    /// The agent who was busy for the least share of the time signed in.
    LeastOccupied,
    /// The agent with the highest levels in the skills that the call requires.
    BestSkill,
    /// Any.
    Random,
    /// The agent who answered the fewest calls of this queue for their weight.
    WeightedShare,
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
}

impl AgentSettings {
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
