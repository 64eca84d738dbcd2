//! What a queue asks of agents and does for its callers.

use crate::engine::centre::{CallbackSettings, Level, MissedOffers};
use crate::engine::condition::Condition;
use crate::engine::id::{CalendarId, FlowId, MusicClass, PromptId, QueueId, SiteId, SkillId};
use crate::engine::mailbox::Mailbox;
use crate::engine::time::Span;
use crate::switch::PhoneNumber;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

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
    /// After how long one more is rung under [`Strategy::Progressive`].
    #[serde(default = "progress")]
    pub progress: Span,
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
    /// How much more wrap-up agents can ask for.
    #[serde(default)]
    pub extension: WrapUpExtension,
    /// In place of the centre's.
    #[serde(default)]
    pub missed_offers: MissedOffers,
    /// Whether and how its callers are called back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<CallbackSettings>,
    /// What an agent hears of a call before the bridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whisper: Option<Whisper>,
    /// Whether callers hear the agent's number before the bridge.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub announce_agent: bool,
}

/// What an agent hears of a call before the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whisper {
    /// Says which queue it is.
    pub prompt: Option<PromptId>,
    /// How long the caller waited, in minutes.
    pub wait: bool,
}

/// How much more wrap-up an agent can ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WrapUpExtension {
    /// How often for one call.
    pub times: u32,
    /// How much each time.
    pub by: Span,
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

impl OverflowWhen {
    /// The word used in tables and pages.
    pub fn word(self) -> &'static str {
        match self {
            OverflowWhen::Wait(_) => "wait",
            OverflowWhen::Length(_) => "length",
            OverflowWhen::EstimatedWait(_) => "estimate",
            OverflowWhen::NobodySignedIn => "nobody_signed_in",
            OverflowWhen::NobodyReady => "nobody_ready",
            OverflowWhen::Closed => "closed",
        }
    }
}

impl fmt::Display for OverflowTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OverflowTo::Queue(queue) => write!(f, "queue:{queue}"),
            OverflowTo::Flow(flow) => write!(f, "flow:{flow}"),
            OverflowTo::Callback => f.write_str("callback"),
            OverflowTo::Voicemail(None) => f.write_str("voicemail"),
            OverflowTo::Voicemail(Some(mailbox)) => write!(f, "voicemail:{mailbox}"),
            OverflowTo::Number(number) => write!(f, "number:{number}"),
            OverflowTo::Site(site) => write!(f, "site:{site}"),
            OverflowTo::Busy => f.write_str("busy"),
            OverflowTo::HangUp => f.write_str("hang_up"),
        }
    }
}

/// Where an overflow leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverflowTo {
    /// Another queue; the time waited counts on there.
    Queue(QueueId),
    Flow(FlowId),
    /// The caller is asked for the number, and called back in turn.
    Callback,
    /// The caller leaves a message; without a mailbox, in that of the queue.
    Voicemail(Option<Mailbox>),
    /// A number outside; when nobody answers there, the next rule, or the place it had.
    Number(PhoneNumber),
    /// Another site, by its own queue or number.
    Site(SiteId),
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

fn progress() -> Span {
    Span::seconds(10)
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
            progress: progress(),
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
            whisper: None,
            announce_agent: false,
            extension: WrapUpExtension::default(),
            missed_offers: MissedOffers::default(),
            callback: None,
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
    /// All of them at once, those who become free while it rings too.
    RingAll,
    /// The longest idle, and one more from time to time while those before
    /// ring on.
    Progressive,
}

impl Strategy {
    /// Whether several agents may ring for one call.
    pub fn rings_several(self) -> bool {
        matches!(self, Strategy::RingAll | Strategy::Progressive)
    }
}

impl Strategy {
    pub const ALL: [Strategy; 11] = [
        Strategy::LongestIdle,
        Strategy::RoundRobin,
        Strategy::InOrder,
        Strategy::FewestCalls,
        Strategy::LeastTalkTime,
        Strategy::LeastOccupied,
        Strategy::BestSkill,
        Strategy::Random,
        Strategy::WeightedShare,
        Strategy::RingAll,
        Strategy::Progressive,
    ];
}
