//! What a switch tells us and what we ask of it, in words that FreeSWITCH,
//! Asterisk and the simulated switch share. The engine speaks only these; an
//! adapter translates them to its protocol and adds no decision of its own.
//!
//! Rules every adapter keeps:
//!
//! - Each [`SwitchCommand`] is answered exactly once, with an [`Outcome`].
//!   `Done` means *accepted*: that it took effect is told by an event.
//! - Commands of one call take effect in the order they were given.
//! - A leg hears one thing at a time: a new [`SwitchCommand::Play`] or
//!   [`SwitchCommand::Music`] replaces what it heard, and a bridge ends it.
//! - A value from outside never reaches a protocol line unquoted.

pub mod asterisk;
pub mod backlog;
mod backoff;
pub mod freeswitch;
pub mod link;
pub mod simulated;
mod target;

pub use target::{NotAPhoneNumber, PhoneNumber, Target};

use crate::engine::cause::Cause;
use crate::engine::id::{CallId, ChannelId, CommandId, MusicClass, PromptId, SwitchId};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What happened on a switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SwitchEvent {
    /// The dialplan handed us a leg, unanswered (`state` says so), and waits
    /// for a decision.
    Arrived(Arrival),
    /// The far end of a leg we dialled rings.
    Ringing {
        channel: ChannelId,
    },
    Answered {
        channel: ChannelId,
    },
    /// One digit pressed, reported when it ends.
    Digit {
        channel: ChannelId,
        digit: Digit,
    },
    /// A [`SwitchCommand::Play`] came to its end or was replaced.
    PlaybackFinished {
        channel: ChannelId,
        playback: CommandId,
    },
    /// A prompt could not be played (missing file, wrong format).
    PlaybackFailed {
        channel: ChannelId,
        playback: CommandId,
        why: OutsideText,
    },
    Bridged {
        channel: ChannelId,
        peer: ChannelId,
    },
    /// The two legs are apart; each still lives unless [`SwitchEvent::HungUp`] says otherwise.
    Unbridged {
        channel: ChannelId,
        peer: ChannelId,
    },
    /// The leg hears everybody in the conference and is heard.
    Joined {
        channel: ChannelId,
        conference: CallId,
    },
    /// The leg is out of the conference; it lives unless [`SwitchEvent::HungUp`] says otherwise.
    Left {
        channel: ChannelId,
        conference: CallId,
    },
    /// The device put its far end on hold by itself (SIP re-INVITE, hold key).
    Held {
        channel: ChannelId,
    },
    /// The device took its far end off hold.
    Unheld {
        channel: ChannelId,
    },
    /// The device asked for the other side to be transferred (SIP REFER). The
    /// switch has sent the other side nowhere; it may have taken the two apart,
    /// which [`SwitchEvent::Unbridged`] said before. The device waits for
    /// [`SwitchCommand::AnswerTransfer`].
    TransferAsked {
        channel: ChannelId,
        /// The user part of `Refer-To`.
        to: OutsideText,
        /// The leg that `Replaces` names, for a transfer after a consultation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<ChannelId>,
    },
    RecordingStarted {
        recording: CommandId,
    },
    /// The recording is complete on the switch's side and can be filed.
    RecordingFinished {
        recording: CommandId,
        media: RecordedMedia,
    },
    RecordingFailed {
        recording: CommandId,
        why: OutsideText,
    },
    HungUp {
        channel: ChannelId,
        cause: Cause,
    },
    /// The link is up and this is everything alive on the switch that is ours.
    /// Sent after every connect, and whenever the adapter cannot be sure that
    /// it saw every event.
    Snapshot(Snapshot),
    /// The same, asked for by [`SwitchCommand::List`] while the link is up:
    /// taken between events, some of which may come after it.
    Listed(Snapshot),
    /// What [`SwitchCommand::Examine`] found.
    Examined(Examination),
    /// The link is gone; nothing is known about the switch until the next snapshot.
    LinkLost {
        why: OutsideText,
    },
}

/// A leg that the dialplan handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    pub channel: ChannelId,
    pub state: ChannelState,
    /// ANI: the caller's number as the network gave it; empty when withheld.
    pub caller_number: OutsideText,
    pub caller_name: OutsideText,
    /// DNIS: the access number that was dialled.
    pub dialled: OutsideText,
    /// The device of this switch that calls, when the switch has made sure of it: a number
    /// that is only claimed is not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Extension>,
    /// The variables of ours that the leg carries ([`LegVariables::NAMES`]);
    /// empty on a first visit, filled when a fallback path offers the call again.
    #[serde(default, skip_serializing_if = "LegVariables::is_empty")]
    pub variables: LegVariables,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelState {
    /// Created, not answered.
    Ringing,
    Answered,
}

/// How a digit reached the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigitMethod {
    /// Named telephone events in RTP (RFC 4733).
    Rfc4733,
    SipInfo,
    /// The switch does not say.
    Unknown,
}

/// A pressed key: `0`–`9`, `*`, `#`, `A`–`D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Key(char);

impl Key {
    /// `#`, by which a caller says that they are done.
    pub const END: Key = Key('#');
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a telephone key (0-9, *, #, A-D)")]
pub struct NotAKey(pub char);

impl TryFrom<char> for Key {
    type Error = NotAKey;
    fn try_from(c: char) -> Result<Self, NotAKey> {
        match c {
            '0'..='9' | '*' | '#' | 'A'..='D' => Ok(Self(c)),
            'a'..='d' => Ok(Self(c.to_ascii_uppercase())),
            other => Err(NotAKey(other)),
        }
    }
}

impl From<Key> for char {
    fn from(key: Key) -> char {
        key.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digit {
    pub key: Key,
    pub method: DigitMethod,
}

/// Where the audio of a finished recording lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RecordedMedia {
    /// One stereo file, caller left, agent right, by the switch's own name for it.
    Stereo { file: String },
    /// Two mono files. `agent_lag` says how much later the agent's side started.
    Pair {
        caller: String,
        agent: String,
        agent_lag: Lag,
    },
    /// One mono file: a message that was left.
    Mono { file: String },
}

/// How much later the second track started than the first, in milliseconds;
/// negative when it started earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lag(pub i64);

/// Everything alive on a switch that is ours or waits for us.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Legs of ours of which everything is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub legs: Vec<LiveLeg>,
    /// Channels of a switch whose list does not say whose they are, and is
    /// behind by a second or more: what it shows otherwise than is believed,
    /// and what the engine does not know, has to be examined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<ListedLeg>,
    /// Whether the list is one of the latter kind.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lags: bool,
}

/// A channel as far as a list without variables tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLeg {
    pub channel: ChannelId,
    pub state: ChannelState,
    /// The channel it is bridged to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<ChannelId>,
}

/// Channels looked at one by one, with their variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    pub legs: Vec<LiveLeg>,
    /// Those that are none of ours, or gone.
    pub strangers: Vec<ChannelId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveLeg {
    pub arrival: Arrival,
    /// The channel it is bridged to, if any.
    pub peer: Option<ChannelId>,
    /// The conference it is in, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conference: Option<CallId>,
    /// When the switch created the channel, if it says.
    pub created: Option<Timestamp>,
}

/// Our state, riding on the leg as channel variables, so that a leg can be
/// understood without our store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegVariables(BTreeMap<LegVariable, OutsideText>);

/// The variables we put on legs. On both switches the channel variable has the
/// name given by [`LegVariable::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegVariable {
    Call,
    Role,
    Tenant,
    Queue,
    /// Time of entry into the queue, milliseconds since the epoch.
    Entered,
    Priority,
    /// How many offers the call has had.
    Attempt,
    Agent,
    /// Who dialled and what was dialled: kept so that a fallback path can offer the call again.
    Dialled,
}

impl LegVariable {
    pub const ALL: [LegVariable; 9] = [
        LegVariable::Call,
        LegVariable::Role,
        LegVariable::Tenant,
        LegVariable::Queue,
        LegVariable::Entered,
        LegVariable::Priority,
        LegVariable::Attempt,
        LegVariable::Agent,
        LegVariable::Dialled,
    ];

    /// The channel variable's name on the switch.
    pub const fn name(self) -> &'static str {
        match self {
            LegVariable::Call => "switchyard_call",
            LegVariable::Role => "switchyard_role",
            LegVariable::Tenant => "switchyard_tenant",
            LegVariable::Queue => "switchyard_queue",
            LegVariable::Entered => "switchyard_entered",
            LegVariable::Priority => "switchyard_priority",
            LegVariable::Attempt => "switchyard_attempt",
            LegVariable::Agent => "switchyard_agent",
            LegVariable::Dialled => "switchyard_dialled",
        }
    }
}

impl LegVariables {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, variable: LegVariable) -> Option<&str> {
        self.0.get(&variable).map(OutsideText::as_str)
    }

    pub fn set(&mut self, variable: LegVariable, value: impl fmt::Display) {
        self.0
            .insert(variable, OutsideText::new(&value.to_string()));
    }

    pub fn with(mut self, variable: LegVariable, value: impl fmt::Display) -> Self {
        self.set(variable, value);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = (LegVariable, &str)> {
        self.0
            .iter()
            .map(|(variable, value)| (*variable, value.as_str()))
    }
}

/// What we ask of a switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum SwitchCommand {
    /// Answer an arrived leg. [`SwitchEvent::Answered`] says that it happened.
    Answer { channel: ChannelId },
    /// End an unanswered leg with a cause the caller's network understands.
    Refuse { channel: ChannelId, cause: Cause },
    /// Play prompts one after the other; [`SwitchEvent::PlaybackFinished`]
    /// carries the command's id when the last one ended.
    Play {
        channel: ChannelId,
        prompts: Vec<PromptId>,
        language: Language,
    },
    /// Music until something else is heard.
    Music {
        channel: ChannelId,
        class: MusicClass,
    },
    /// The tone that says of a number called that it rings (ITU-T E.180), until
    /// something else is heard.
    RingBack { channel: ChannelId },
    /// Stop whatever the leg hears.
    Silence { channel: ChannelId },
    /// Create a leg named `channel` and ring `extension`. Its progress comes as
    /// `Ringing`, `Answered` or `HungUp` with the cause.
    Ring(Ring),
    /// Connect two answered legs. Disarms the dead-man's timer of both in the
    /// same write, and ends what they hear. A leg that is bridged to a third,
    /// or in a conference, leaves it; what it leaves lives on in silence.
    Bridge { channel: ChannelId, peer: ChannelId },
    /// Take two bridged legs apart. Both live on and hear nothing;
    /// [`SwitchEvent::Unbridged`] says that it happened.
    Part { channel: ChannelId, peer: ChannelId },
    /// Let an answered leg into the conference named after a call, which the
    /// first one makes. It leaves the bridge it was in, whose other leg lives on
    /// in silence; its dead-man's timer is disarmed in the same write.
    /// [`SwitchEvent::Joined`] says that it happened.
    Join {
        channel: ChannelId,
        conference: CallId,
    },
    /// Take a leg out of its conference: it lives on and hears nothing.
    /// [`SwitchEvent::Left`] says that it happened.
    Leave {
        channel: ChannelId,
        conference: CallId,
    },
    /// Let the answered leg `channel`, a supervisor's, hear what `target`, an
    /// agent's leg that is bridged, hears and says. Given again with another
    /// mode it changes the mode. A bridge, a [`SwitchCommand::Silence`] or the
    /// end of either leg ends it; `channel` lives on when `target` ends.
    Supervise {
        channel: ChannelId,
        target: ChannelId,
        mode: SupervisionMode,
    },
    /// Tell the phone on `channel` whether the transfer it asked for is
    /// `granted`, in the words of its protocol (a NOTIFY of its REFER). Refused,
    /// it is together with `peer` again, if the switch had taken the two apart.
    AnswerTransfer {
        channel: ChannelId,
        peer: Option<ChannelId>,
        granted: bool,
    },
    /// Send keys to the far end of a leg, as its phone would (RFC 4733).
    SendDigits {
        channel: ChannelId,
        digits: Vec<Key>,
    },
    /// Record what the leg says, from now until `max` is over, it was silent
    /// for `silence`, [`SwitchCommand::StopRecording`], or it ends. The command's id names
    /// the recording, and its media is [`RecordedMedia::Mono`].
    RecordMessage {
        channel: ChannelId,
        max: Span,
        silence: Span,
    },
    /// Light or put out the message lamp of a mailbox (SIP message-summary).
    SetLamp {
        mailbox: Extension,
        new: u32,
        old: u32,
    },
    /// Record a conversation with each side on its own channel, from now until
    /// [`SwitchCommand::StopRecording`] or the end of either leg. The command's
    /// id names the recording.
    Record { caller: ChannelId, agent: ChannelId },
    StopRecording {
        caller: ChannelId,
        recording: CommandId,
    },
    /// Arm or renew the dead-man's timer: without another command for `after`,
    /// the switch sends the leg to the fallback path by itself.
    Guard { channel: ChannelId, after: Span },
    SetVariables {
        channel: ChannelId,
        variables: LegVariables,
    },
    /// End a leg.
    HangUp { channel: ChannelId, cause: Cause },
    /// Tell everything alive that is ours, by [`SwitchEvent::Listed`].
    List,
    /// Tell what these channels are, by [`SwitchEvent::Examined`].
    Examine { channels: Vec<ChannelId> },
    /// The end of a recording was not told: say [`SwitchEvent::RecordingFinished`]
    /// if its audio is there, [`SwitchEvent::RecordingFailed`] if not.
    FindRecording { recording: CommandId },
}

/// What a supervisor's leg is to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionMode {
    /// Hears both, heard by nobody.
    Listen,
    /// Hears both, heard by the agent alone.
    Whisper,
    /// Hears both, heard by both.
    Barge,
}

/// Rings one device or number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// The name the new leg shall have.
    pub channel: ChannelId,
    /// Whom to ring; a setting of the switch turns it into a dial string.
    pub to: Target,
    /// Whether the device is asked to answer by itself (SIP `Call-Info:
    /// answer-after=0`, `Alert-Info: info=alert-autoanswer`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub auto_answer: bool,
    pub caller_number: OutsideText,
    pub caller_name: OutsideText,
    /// How long the device rings before the switch gives up.
    pub timeout: Span,
    pub variables: LegVariables,
    /// The leg this is rung for, if any, for switches that link the two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub originator: Option<ChannelId>,
}

/// A number or name inside the centre that a device answers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Extension(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an extension has 1 to 64 letters, digits, '.', '_', '-' or '+'; {0:?} does not")]
pub struct NotAnExtension(pub String);

impl Extension {
    /// # Errors
    /// [`NotAnExtension`] when the text holds anything a dial string could read as syntax.
    pub fn new(text: &str) -> Result<Self, NotAnExtension> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
        if text.is_empty() || text.len() > 64 || !text.chars().all(plain) {
            return Err(NotAnExtension(text.chars().take(80).collect()));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Extension {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Extension::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The language a caller hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// The tag used in folders and attributes (BCP 47).
    pub const fn tag(self) -> &'static str {
        match self {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        }
    }
}

/// The single answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Accepted by the switch.
    Done,
    /// Refused by the switch, or could not be sent.
    Failed { why: Failure, detail: OutsideText },
    /// No answer before the command's deadline. Set by the engine, never by an adapter.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The channel does not exist (any more).
    NoSuchChannel,
    /// The link to the switch is down.
    LinkDown,
    /// The adapter's queue of commands is full.
    Overloaded,
    /// The switch cannot do it in the channel's present state.
    WrongState,
    /// Any other refusal, explained by `detail`.
    Refused,
}

/// A command on its way to one switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchOrder {
    pub id: CommandId,
    /// All commands of one call take the same path, so that they stay in order.
    /// Commands about the switch as a whole have a number of their own here.
    pub call: CallId,
    pub switch: SwitchId,
    pub command: SwitchCommand,
}

impl SwitchCommand {
    /// Whether the command can't be taken back, so that it must leave only
    /// after the event that caused it is durable. What a caller says after the
    /// tone is such a thing: no run may forget that it is recorded.
    pub fn is_irrevocable(&self) -> bool {
        match self {
            SwitchCommand::HangUp { .. }
            | SwitchCommand::Refuse { .. }
            | SwitchCommand::RecordMessage { .. } => true,
            SwitchCommand::Ring(ring) => matches!(ring.to, Target::Number(_)),
            SwitchCommand::Play { prompts, .. } => prompts.iter().any(PromptId::is_promise),
            _ => false,
        }
    }

    /// Whether the command only keeps up what the switch was told before, so
    /// that calls lose nothing when it is left out while the switch is behind.
    pub fn is_upkeep(&self) -> bool {
        matches!(
            self,
            SwitchCommand::Guard { .. } | SwitchCommand::SetVariables { .. }
        )
    }

    /// The channel whose order of commands this one belongs to, if it is about one.
    pub fn channel(&self) -> Option<&ChannelId> {
        match self {
            SwitchCommand::Answer { channel }
            | SwitchCommand::Refuse { channel, .. }
            | SwitchCommand::Play { channel, .. }
            | SwitchCommand::Music { channel, .. }
            | SwitchCommand::RingBack { channel }
            | SwitchCommand::Silence { channel }
            | SwitchCommand::Bridge { channel, .. }
            | SwitchCommand::Part { channel, .. }
            | SwitchCommand::Join { channel, .. }
            | SwitchCommand::Leave { channel, .. }
            | SwitchCommand::Supervise { channel, .. }
            | SwitchCommand::AnswerTransfer { channel, .. }
            | SwitchCommand::SendDigits { channel, .. }
            | SwitchCommand::RecordMessage { channel, .. }
            | SwitchCommand::Guard { channel, .. }
            | SwitchCommand::SetVariables { channel, .. }
            | SwitchCommand::HangUp { channel, .. } => Some(channel),
            SwitchCommand::Ring(ring) => Some(&ring.channel),
            SwitchCommand::Record { caller, .. } | SwitchCommand::StopRecording { caller, .. } => {
                Some(caller)
            }
            SwitchCommand::List
            | SwitchCommand::Examine { .. }
            | SwitchCommand::SetLamp { .. }
            | SwitchCommand::FindRecording { .. } => None,
        }
    }
}
