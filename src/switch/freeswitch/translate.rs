//! What FreeSWITCH tells, in our words.

use crate::engine::cause::Cause;
use crate::engine::id::{CallId, ChannelId, CommandId};
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::switch::freeswitch::cause;
use crate::switch::freeswitch::command::{Dialect, MARK, MUSIC_PREFIX, PLAY_PREFIX};
use crate::switch::freeswitch::event::EslEvent;
use crate::switch::freeswitch::fields::Lookup;
use crate::switch::freeswitch::phones::is_on_hold;
use crate::switch::freeswitch::rearrange::CONFERENCE_PREFIX;
use crate::switch::freeswitch::record::ONE_SIDE;
use crate::switch::{
    Arrival, ChannelState, Digit, DigitMethod, Extension, Key, LegVariable, LegVariables, LiveLeg,
    RecordedMedia, SwitchEvent,
};
use std::collections::{BTreeSet, VecDeque};

/// The events that are asked for. Of these the switch sends those of legs that
/// carry our mark, and the ones that belong to no leg.
pub const EVENTS: [&str; 18] = [
    "BACKGROUND_JOB",
    "CHANNEL_ANSWER",
    "CHANNEL_BRIDGE",
    "CHANNEL_EXECUTE_COMPLETE",
    "CHANNEL_HANGUP",
    "CHANNEL_HOLD",
    "CHANNEL_PARK",
    "CHANNEL_PROGRESS",
    "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_UNBRIDGE",
    "CHANNEL_UNHOLD",
    "DTMF",
    "HEARTBEAT",
    "RECORD_START",
    "RECORD_STOP",
    // What follows this are subclasses of it.
    "CUSTOM",
    "conference::maintenance",
    "sofia::error",
];

/// Events that carry no channel variables, so that the mark can't select them.
pub const UNMARKED: [&str; 3] = ["BACKGROUND_JOB", "DTMF", "HEARTBEAT"];

/// What conferences say all the time and nobody asked for.
pub const CHATTER: [&str; 3] = ["floor-change", "start-talking", "stop-talking"];

/// The context of the dialplan that a leg comes to when the device of the leg it
/// was bridged to asks for its transfer (SIP REFER). The legs name it themselves.
pub const REFERRED: &str = "switchyard-referred";

/// States of a leg that we dialled while `originate` works on it.
pub(super) const BEING_DIALLED: [&str; 4] = ["CS_NEW", "CS_INIT", "CS_ROUTING", "CS_CONSUME_MEDIA"];

/// Ended channels remembered so that each end is told once.
const ENDED: usize = 4_096;

/// Turns events into [`SwitchEvent`]s. Keeps nothing but the names of channels
/// that ended lately: an end may be told by the channel, by the job that dialled it, or both.
pub struct Translator {
    dialect: Dialect,
    ended: BTreeSet<ChannelId>,
    ended_in_order: VecDeque<ChannelId>,
}

impl Translator {
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            ended: BTreeSet::new(),
            ended_in_order: VecDeque::new(),
        }
    }

    /// What an event means; `None` when it means nothing to us.
    pub fn translate(&mut self, event: &EslEvent<'_>) -> Option<SwitchEvent> {
        if event.name() == "BACKGROUND_JOB" {
            return self.job_failed(event);
        }
        let channel = channel(event, "Unique-ID")?;
        match event.name() {
            "CHANNEL_PARK" if is_referred(event) => referred(event),
            "CHANNEL_PARK" if from_dialplan(event) => Some(self.parked(channel, event)),
            "CHANNEL_PROGRESS" | "CHANNEL_PROGRESS_MEDIA" if outbound(event) => {
                Some(SwitchEvent::Ringing { channel })
            }
            "CHANNEL_ANSWER" if !outbound(event) => Some(SwitchEvent::Answered { channel }),
            "DTMF" => digit(event).map(|digit| SwitchEvent::Digit { channel, digit }),
            "CHANNEL_EXECUTE_COMPLETE" => heard(channel, event),
            "CHANNEL_BRIDGE" => {
                peers(event).map(|(channel, peer)| SwitchEvent::Bridged { channel, peer })
            }
            "CHANNEL_UNBRIDGE" => {
                peers(event).map(|(channel, peer)| SwitchEvent::Unbridged { channel, peer })
            }
            "CHANNEL_HOLD" => Some(SwitchEvent::Held { channel }),
            // When a bridge ends it is told of a phone that holds on.
            "CHANNEL_UNHOLD" if holds_on(event) => None,
            "CHANNEL_UNHOLD" => Some(SwitchEvent::Unheld { channel }),
            "CUSTOM" => conferred(&channel, event).or_else(|| denied(channel, event)),
            "RECORD_START" => self
                .recording(event)
                .map(|recording| SwitchEvent::RecordingStarted { recording }),
            "RECORD_STOP" => self.recorded(event),
            "CHANNEL_HANGUP" => self.hung_up(channel, cause_of(event)),
            _ => None,
        }
    }

    /// A leg that was handed to us, or one we dialled. The latter counts as
    /// answered only now: as long as `originate` works on it, a bridge would be undone.
    fn parked(&self, channel: ChannelId, event: &EslEvent<'_>) -> SwitchEvent {
        if outbound(event) {
            SwitchEvent::Answered { channel }
        } else {
            SwitchEvent::Arrived(arrival(&self.dialect, channel, event))
        }
    }

    fn hung_up(&mut self, channel: ChannelId, cause: Cause) -> Option<SwitchEvent> {
        if !self.ended.insert(channel.clone()) {
            return None;
        }
        self.ended_in_order.push_back(channel.clone());
        if self.ended_in_order.len() > ENDED
            && let Some(oldest) = self.ended_in_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
        Some(SwitchEvent::HungUp { channel, cause })
    }

    /// A dialling that failed, perhaps before there was a channel to hang up.
    fn job_failed(&mut self, event: &EslEvent<'_>) -> Option<SwitchEvent> {
        if event.get("Job-Command").as_deref() != Some("originate") {
            return None;
        }
        let reason = event.body.trim().strip_prefix("-ERR")?.trim();
        self.hung_up(channel(event, "Job-UUID")?, cause::cause(reason))
    }

    fn recording(&self, event: &EslEvent<'_>) -> Option<CommandId> {
        self.dialect.recording_of(&event.get("Record-File-Path")?)
    }

    fn recorded(&self, event: &EslEvent<'_>) -> Option<SwitchEvent> {
        let recording = self.recording(event)?;
        let file = event.get("Record-File-Path")?.into_owned();
        match event.get("Record-Completion-Cause").as_deref() {
            Some(why @ ("empty-file" | "input-too-short" | "uri-failure")) => {
                Some(SwitchEvent::RecordingFailed {
                    recording,
                    why: OutsideText::new(why),
                })
            }
            _ => {
                let is_message = event.get(&format!("Recording-Variable-{ONE_SIDE}"));
                let media = match is_message {
                    Some(_) => RecordedMedia::Mono { file },
                    None => RecordedMedia::Stereo { file },
                };
                Some(SwitchEvent::RecordingFinished { recording, media })
            }
        }
    }
}

/// Whether a leg was handed to us. One whose bridge ended parks too, but by a
/// state of its own, and one that we transferred parks under the dialplan
/// `inline`: both are ours already.
fn from_dialplan(event: &EslEvent<'_>) -> bool {
    event.get("Channel-State").as_deref() == Some("CS_EXECUTE")
        && event.get("Caller-Dialplan").as_deref() != Some("inline")
}

/// Whether a leg was brought here by a REFER.
fn is_referred(event: &dyn Lookup) -> bool {
    event.get("Caller-Context").as_deref() == Some(REFERRED)
        && event.get("Caller-Dialplan").as_deref() == Some("XML")
}

/// A REFER of a device, as the leg that it is about tells it. FreeSWITCH has taken
/// the two legs apart: both live on in silence (`SwitchEvent::Unbridged` comes
/// first), and the device waits for its answer (`confirm_blind_transfer`). One with
/// Replaces is denied by the switch, and told by its log alone (`phones`).
fn referred(event: &EslEvent<'_>) -> Option<SwitchEvent> {
    Some(SwitchEvent::TransferAsked {
        channel: channel(event, "variable_last_bridge_to")?,
        to: OutsideText::new(&event.get("Caller-Destination-Number")?),
        replaces: None,
    })
}

/// A REFER of a device that is together with nobody, because it holds: it has been
/// told 403, and asks for the transfer all the same.
fn denied(channel: ChannelId, event: &EslEvent<'_>) -> Option<SwitchEvent> {
    if event.get("Error-Type").as_deref() != Some("blind_transfer") {
        return None;
    }
    Some(SwitchEvent::TransferAsked {
        channel,
        to: OutsideText::new(&event.get("Transfer-Exten")?),
        replaces: None,
    })
}

/// Whether a leg's phone, by its last media description, holds its far end.
fn holds_on(event: &EslEvent<'_>) -> bool {
    let described = event.variable("switch_r_sdp");
    described.is_some_and(|sdp| is_on_hold(&sdp))
}

fn outbound(event: &dyn Lookup) -> bool {
    event.get("Call-Direction").as_deref() == Some("outbound")
}

/// A channel whose name is none of ours to repeat is left alone: it could not be commanded.
fn channel(event: &dyn Lookup, header: &str) -> Option<ChannelId> {
    ChannelId::new(&event.get(header)?).ok()
}

fn peers(event: &EslEvent<'_>) -> Option<(ChannelId, ChannelId)> {
    Some((
        channel(event, "Bridge-A-Unique-ID")?,
        channel(event, "Bridge-B-Unique-ID")?,
    ))
}

/// A leg that entered or left a conference of ours.
fn conferred(channel: &ChannelId, event: &EslEvent<'_>) -> Option<SwitchEvent> {
    let conference = conference(&event.get("Conference-Name")?)?;
    let channel = channel.clone();
    match event.get("Action").as_deref() {
        Some("add-member") => Some(SwitchEvent::Joined {
            channel,
            conference,
        }),
        Some("del-member") => Some(SwitchEvent::Left {
            channel,
            conference,
        }),
        _ => None,
    }
}

/// The call that a conference belongs to, by its name.
fn conference(name: &str) -> Option<CallId> {
    name.strip_prefix(CONFERENCE_PREFIX)?.parse().ok()
}

fn digit(event: &EslEvent<'_>) -> Option<Digit> {
    let key = Key::try_from(event.get("DTMF-Digit")?.chars().next()?).ok()?;
    let method = match event.get("DTMF-Source").as_deref() {
        Some("RTP") => DigitMethod::Rfc4733,
        Some("ENDPOINT") => DigitMethod::SipInfo,
        _ => DigitMethod::Unknown,
    };
    Some(Digit { key, method })
}

/// The end of a prompt, which its `Event-UUID` names. Music ends only by
/// failing or by being replaced, and the latter tells nothing new.
fn heard(channel: ChannelId, event: &EslEvent<'_>) -> Option<SwitchEvent> {
    let id = event.get("Application-UUID")?;
    let prompt = id.strip_prefix(PLAY_PREFIX);
    let playback = CommandId(
        prompt
            .or_else(|| id.strip_prefix(MUSIC_PREFIX))?
            .parse()
            .ok()?,
    );
    match event.get("Application-Response").as_deref() {
        // PLAYBACK ERROR is no failure: it's also what a bridge or a hang-up makes of a prompt.
        Some(why @ "FILE NOT FOUND") => Some(SwitchEvent::PlaybackFailed {
            channel,
            playback,
            why: OutsideText::new(why),
        }),
        _ => prompt.map(|_| SwitchEvent::PlaybackFinished { channel, playback }),
    }
}

fn cause_of(event: &EslEvent<'_>) -> Cause {
    event
        .get("Hangup-Cause")
        .map_or(Cause::Other(0), |name| cause::cause(&name))
}

/// A leg as an event or a dump describes it.
fn arrival(dialect: &Dialect, channel: ChannelId, leg: &dyn Lookup) -> Arrival {
    let text = |name: &str| {
        leg.get(name)
            .map(|value| OutsideText::new(&value))
            .unwrap_or_default()
    };
    let mut variables = LegVariables::default();
    for variable in LegVariable::ALL {
        if let Some(value) = leg.variable(variable.name()) {
            variables.set(variable, value);
        }
    }
    let state = match leg.get("Answer-State").as_deref() {
        Some("answered") if !is_being_dialled(leg) => ChannelState::Answered,
        _ => ChannelState::Ringing,
    };
    Arrival {
        channel,
        state,
        caller_number: text("Caller-Caller-ID-Number"),
        caller_name: text("Caller-Caller-ID-Name"),
        dialled: dialled(dialect, leg),
        device: device(leg),
        variables,
    }
}

/// The user of the directory whose device calls, when the switch has made sure of it.
fn device(leg: &dyn Lookup) -> Option<Extension> {
    let is_sure = leg.variable("sip_authorized").as_deref() == Some("true");
    let user = leg.variable("user_name").filter(|_| is_sure)?;
    Extension::new(&user).ok()
}

/// Whether `originate` still works on the leg: a bridge would be undone.
fn is_being_dialled(leg: &dyn Lookup) -> bool {
    let state = leg.get("Channel-State");
    outbound(leg) && state.is_some_and(|state| BEING_DIALLED.contains(&&*state))
}

/// What the caller dialled. The fallback path replaces the destination by names
/// of its own, and a REFER by what it asks for, but neither replaces the address
/// of the caller's request.
fn dialled(dialect: &Dialect, leg: &dyn Lookup) -> OutsideText {
    let destination = leg
        .get("Caller-Destination-Number")
        .filter(|name| !name.starts_with(dialect.fallback_extension()) && !is_referred(leg));
    let first = leg
        .variable(LegVariable::Dialled.name())
        .or(destination)
        .or_else(|| leg.variable("sip_req_user"));
    first
        .map(|value| OutsideText::new(&value))
        .unwrap_or_default()
}

/// A leg of the snapshot, if it is ours.
pub fn live_leg(dialect: &Dialect, dump: &dyn Lookup) -> Option<LiveLeg> {
    if dump.variable(MARK).as_deref() != Some(dialect.switch().as_str()) {
        return None;
    }
    let id = channel(dump, "Unique-ID")?;
    let created = dump
        .get("Caller-Channel-Created-Time")
        .and_then(|micros| micros.parse::<i64>().ok());
    // It is taken off a leg that leaves, the conference's name is not.
    let confers = dump.variable("conference_call_key").is_some();
    let name = dump.variable("conference_name").filter(|_| confers);
    // A leg may keep `signal_bond` when its peer is gone, and keeps `bridge_to` a
    // moment longer than the bridge: only both together say that there is one.
    let peer = channel(dump, "variable_bridge_to");
    let bond = channel(dump, "variable_signal_bond");
    Some(LiveLeg {
        peer: peer.filter(|peer| bond.as_ref() == Some(peer)),
        conference: name.and_then(|name| conference(&name)),
        created: created.map(|micros| Timestamp::from_millis(micros / 1_000)),
        arrival: arrival(dialect, id, dump),
    })
}
