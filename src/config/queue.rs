//! `[queues.<id>]`: where calls wait for an agent.

use crate::config::callback::CallbackConfig;
use crate::config::missed::QueueMissedConfig;
use crate::config::section::section;
use crate::engine::centre::{
    Announcements, CallbackSettings, LastAgent, Level, OverflowRule, OverflowTo, OverflowWhen,
    QueueSettings, RouteStep, Strategy, Whisper, WrapUpExtension,
};
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
        /// "least_talk_time", "least_occupied", "best_skill", "random", "weighted_share"; or several
        /// at once: "ring_all", or "progressive" (one more each `progress_s` seconds).
        default strategy: Strategy = "longest_idle",
        /// Skills an agent must have to be offered its calls, each with the least level, 1 to 9.
        default requires: BTreeMap<SkillId, Level> = {},
        /// What else must hold of an agent, as an expression (CEL) over `agent` and `call`.
        optional condition: Option<Condition> = "agent.site == \"north\"",
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
        /// Where calls go that it does not take, or that waited too long; the first rule that
        /// applies counts. `when` is "wait" (`after_s`), "estimate" (`over_s`), "length"
        /// (`calls`), "nobody_signed_in", "nobody_ready" or "closed"; `to` is "queue:<id>",
        /// "flow:<id>", "voicemail" (of this queue) or "voicemail:<mailbox>", "number:<number>",
        /// "site:<id>", "callback", "busy" or "hang_up"; a number that does not answer is followed
        /// by the next rule, or the place the call had. For example
        /// `[{ when = "wait", after_s = 120, to = "queue:overflow" }]`.
        default overflow: Vec<OverflowConfig> = [],
        /// What callers are told while they wait, each `every_s` seconds: their `position`,
        /// the estimated `wait`, `comfort` prompts in turn.
        optional announce: Option<AnnounceConfig> = { every_s = 45, position = true, wait = true, comfort = ["please-wait"] },
        /// Callers who do not want to wait keep their place and are called back: the `key` they
        /// press ("" for none) once told by `prompt`, after `offer_after_s` and again each
        /// `offer_every_s`, only while the estimated wait is over `offer_over_s`; whom: `may_dial`
        /// and `may_not_dial` (beginnings), `min_digits`, `max_digits`; `shown` to them;
        /// `attempts`, `retry_after_s`, `wrap_up_unreached`; `max` open, `days_ahead`, `keep_h`.
        optional callback: Option<CallbackConfig> = { may_dial = ["1", "0"], may_not_dial = ["00"] },
        /// What an agent hears before the bridge: a `prompt` that says which queue it is, and with
        /// `wait` how long the caller waited. Any key of the agent's cuts it short.
        optional whisper: Option<WhisperConfig> = { prompt = "reservations", wait = true },
        /// Whether callers hear the agent's `number` before the bridge, at the same time.
        default announce_agent: bool = false,
        /// Class of music on hold, as the switch knows it.
        default music: MusicClass = "default",
        /// Seconds one agent is rung.
        default ring_s: NonZeroU32 = 20,
        /// Seconds after which one more agent is rung, under "progressive".
        default progress_s: NonZeroU32 = 10,
        /// Seconds an agent has for work after a call, before the next one.
        default wrap_up_s: u32 = 15,
        /// How often an agent can ask for more of it for one call.
        default wrap_up_extensions: u32 = 0,
        /// Seconds that each time adds.
        default wrap_up_extension_s: NonZeroU32 = 30,
        /// What follows when an agent misses its offers, where it is not as [missed_offers] says,
        /// for example `{ no_answer = { in_a_row = 2, then = "sign_out" } }`.
        default missed_offers: QueueMissedConfig = {},
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

/// A rule of a queue's `overflow`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OverflowForm")]
pub struct OverflowConfig(OverflowRule);

impl OverflowConfig {
    pub(crate) fn rule(&self) -> &OverflowRule {
        &self.0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverflowForm {
    when: WhenWord,
    after_s: Option<NonZeroU32>,
    over_s: Option<NonZeroU32>,
    calls: Option<NonZeroU32>,
    to: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhenWord {
    Wait,
    Estimate,
    Length,
    NobodySignedIn,
    NobodyReady,
    Closed,
}

impl TryFrom<OverflowForm> for OverflowConfig {
    type Error = String;
    fn try_from(form: OverflowForm) -> Result<Self, String> {
        let seconds = |given: NonZeroU32| Span::seconds(given.get());
        let when = match (form.when, form.after_s, form.over_s, form.calls) {
            (WhenWord::Wait, Some(after), None, None) => OverflowWhen::Wait(seconds(after)),
            (WhenWord::Estimate, None, Some(over), None) => {
                OverflowWhen::EstimatedWait(seconds(over))
            }
            (WhenWord::Length, None, None, Some(calls)) => OverflowWhen::Length(calls.get()),
            (WhenWord::NobodySignedIn, None, None, None) => OverflowWhen::NobodySignedIn,
            (WhenWord::NobodyReady, None, None, None) => OverflowWhen::NobodyReady,
            (WhenWord::Closed, None, None, None) => OverflowWhen::Closed,
            _ => {
                return Err("\"wait\" goes with `after_s`, \"estimate\" with `over_s`, \
                     \"length\" with `calls`, and the others with none of them"
                    .to_owned());
            }
        };
        let to = overflow_target(&form.to)?;
        Ok(Self(OverflowRule { when, to }))
    }
}

fn overflow_target(text: &str) -> Result<OverflowTo, String> {
    let named = |error: crate::engine::id::IdError| format!("`to` = {text:?}: {error}");
    match text.split_once(':') {
        Some(("queue", id)) => id.parse().map(OverflowTo::Queue).map_err(named),
        Some(("flow", id)) => id.parse().map(OverflowTo::Flow).map_err(named),
        Some(("site", id)) => id.parse().map(OverflowTo::Site).map_err(named),
        Some(("number", number)) => match number.parse() {
            Ok(number) => Ok(OverflowTo::Number(number)),
            Err(error) => Err(format!("`to` = {text:?}: {error}")),
        },
        Some(("voicemail", mailbox)) => match mailbox.parse() {
            Ok(mailbox) => Ok(OverflowTo::Voicemail(Some(mailbox))),
            Err(error) => Err(format!("`to` = {text:?}: {error}")),
        },
        None if text == "voicemail" => Ok(OverflowTo::Voicemail(None)),
        None if text == "callback" => Ok(OverflowTo::Callback),
        None if text == "busy" => Ok(OverflowTo::Busy),
        None if text == "hang_up" => Ok(OverflowTo::HangUp),
        _ => Err(format!(
            "`to` = {text:?} is not \"queue:<id>\", \"flow:<id>\", \"voicemail\", \
             \"voicemail:<mailbox>\", \"number:<number>\", \"site:<id>\", \"callback\", \"busy\" \
             or \"hang_up\""
        )),
    }
}

/// A queue's `announce`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnounceConfig {
    pub every_s: NonZeroU32,
    #[serde(default)]
    pub position: bool,
    #[serde(default)]
    pub wait: bool,
    #[serde(default)]
    pub comfort: Vec<PromptId>,
}

/// A queue's `whisper`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhisperConfig {
    #[serde(default)]
    pub prompt: Option<PromptId>,
    #[serde(default)]
    pub wait: bool,
}

impl From<&WhisperConfig> for Whisper {
    fn from(whisper: &WhisperConfig) -> Self {
        Self {
            prompt: whisper.prompt.clone(),
            wait: whisper.wait,
        }
    }
}

impl From<&AnnounceConfig> for Announcements {
    fn from(announce: &AnnounceConfig) -> Self {
        Self {
            every: Span::seconds(announce.every_s.get()),
            position: announce.position,
            wait: announce.wait,
            comfort: announce.comfort.clone(),
        }
    }
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
            overflow: queue.overflow.iter().map(|rule| rule.0.clone()).collect(),
            announce: queue.announce.as_ref().map(Announcements::from),
            callback: queue.callback.as_ref().map(CallbackSettings::from),
            whisper: queue.whisper.as_ref().map(Whisper::from),
            announce_agent: queue.announce_agent,
            music: queue.music.clone(),
            progress: Span::seconds(queue.progress_s.get()),
            ring: Span::seconds(queue.ring_s.get()),
            wrap_up: Span::seconds(queue.wrap_up_s),
            record: queue.record,
            extension: WrapUpExtension {
                times: queue.wrap_up_extensions,
                by: Span::seconds(queue.wrap_up_extension_s.get()),
            },
            missed_offers: (&queue.missed_offers).into(),
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
