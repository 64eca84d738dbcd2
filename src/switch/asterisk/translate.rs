//! ARI's events into the words all switches share. Pure: messages in, events
//! and chores out.

use super::bridges::Bridges;
use super::executor::Find;
use super::message::{Bridge, Channel, Message, Playback, ReferTo, ReferredBy};
use super::name::{Name, Side};
use super::recording::{Recordings, message_finished};
use crate::engine::cause::Cause;
use crate::engine::id::ChannelId;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::switch::{
    Arrival, ChannelState, Digit, DigitMethod, Extension, Key, Lag, LegVariable, LegVariables,
    LiveLeg, RecordedMedia, Snapshot, SwitchEvent,
};
use std::collections::BTreeMap;

/// What `appArgs` says of a leg that we dialled.
pub(super) const DIALLED_BY_US: &str = "ring";
/// What `appArgs` says of a snoop channel.
pub(super) const SNOOP: &str = "snoop";

/// Upkeep on the switch that follows from an event and needs no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Chore {
    DestroyBridge(String),
    /// Destroy the bridge of a conference if nobody is in it.
    EndConference(String),
    /// Record the snoop channel of this name under the same name.
    StartTrack(String),
    /// Hang up the snoop channel of this name, which ends its recording.
    EndTrack(String),
}

/// What one message meant.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Meaning {
    pub(super) events: Vec<SwitchEvent>,
    pub(super) chores: Vec<Chore>,
}

#[derive(Debug, Default)]
pub(super) struct Translator {
    app: String,
    /// What stands before an extension in the name of its device, where the name
    /// of a channel tells whose it is.
    devices: Option<String>,
    legs: BTreeMap<ChannelId, Leg>,
    bridges: Bridges,
    recordings: Recordings,
}

#[derive(Debug)]
struct Leg {
    /// We dialled it; otherwise the dialplan handed it over.
    ours: bool,
    /// Its end was announced, with a cause that holds unless a better one comes.
    hanging_up: Option<Cause>,
}

impl Leg {
    fn new(ours: bool) -> Self {
        Self {
            ours,
            hanging_up: None,
        }
    }
}

impl Translator {
    pub(super) fn new(app: &str) -> Self {
        Self {
            app: app.to_owned(),
            ..Self::default()
        }
    }

    /// Knows devices by `endpoint`, the setting by which they are dialled: channels are named
    /// `<technology>/<endpoint>-<number>`, and of whom an endpoint is, Asterisk has made sure.
    pub(super) fn with_devices(mut self, endpoint: &str) -> Self {
        let before = endpoint.strip_suffix("{extension}");
        self.devices = before.map(str::to_owned);
        self
    }

    fn device_of(&self, channel: &Channel) -> Option<Extension> {
        let name = channel.name.strip_prefix(self.devices.as_deref()?)?;
        Extension::new(name.rsplit_once('-')?.0).ok()
    }

    pub(super) fn message(&mut self, message: Message) -> Meaning {
        let mut meaning = Meaning::default();
        let happened = match message {
            Message::StasisStart { args, channel } => {
                return self.entered(&args, &channel);
            }
            Message::StasisEnd { channel } => self.left(&channel),
            Message::ChannelStateChange { channel } => progress(&channel),
            Message::ChannelDtmfReceived { digit, channel } => pressed(&digit, &channel),
            Message::ChannelHangupRequest {
                cause,
                soft,
                channel,
            } => {
                if let Some(leg) = leg_of(&channel).and_then(|id| self.legs.get_mut(&id)) {
                    leg.hanging_up = Some(cause_of_request(cause, soft, &channel));
                }
                None
            }
            Message::ChannelDestroyed { cause, channel } => self.destroyed(cause, &channel),
            Message::ChannelEnteredBridge { bridge, channel } => {
                let is_leg = |id: &ChannelId| self.legs.contains_key(id);
                self.bridges.entered(&bridge, &channel.id, is_leg)
            }
            Message::ChannelLeftBridge { bridge, channel } => {
                return self.bridges.left(&bridge, &channel);
            }
            Message::ChannelHold { channel } => {
                leg_of(&channel).map(|channel| SwitchEvent::Held { channel })
            }
            Message::ChannelUnhold { channel } => {
                leg_of(&channel).map(|channel| SwitchEvent::Unheld { channel })
            }
            Message::ChannelTransfer { state: Some(_), .. } => None,
            Message::ChannelTransfer {
                refer_to,
                referred_by,
                ..
            } => self.transfer_asked(&refer_to, &referred_by),
            Message::PlaybackFinished { playback } => played(&playback),
            Message::RecordingStarted {
                timestamp,
                recording,
            } => {
                let at = moment(&timestamp);
                self.recordings.started(&recording.name, at)
            }
            Message::RecordingFinished { recording } => {
                return self.track_ended(&recording.name);
            }
            Message::RecordingFailed { recording } => {
                let why = recording.cause.as_deref().unwrap_or("no cause given");
                return self.track_failed(&recording.name, why);
            }
            Message::ApplicationReplaced {} | Message::Unknown => None,
        };
        meaning.events.extend(happened);
        meaning
    }

    /// Everything alive, after a connect: what follows is understood on top of it.
    pub(super) fn adopt(&mut self, channels: &[Channel], bridges: &[Bridge]) -> Snapshot {
        self.legs = legs_of(channels, &self.app)
            .map(|(id, channel)| {
                let ours = channel.dialplan.app_data.split(',').nth(1) == Some(DIALLED_BY_US);
                (id, Leg::new(ours))
            })
            .collect();
        self.bridges = Bridges::of(bridges, |id| self.legs.contains_key(id));
        snapshot(channels, &self.app, &self.bridges)
    }

    /// What was found on the switch while the link is up. Changes nothing here:
    /// events that tell the same may be under way.
    pub(super) fn found(&self, find: Find) -> Meaning {
        let event = match find {
            Find::Stock { channels, bridges } => {
                let legs: BTreeMap<_, _> = legs_of(&channels, &self.app).collect();
                let bridges = Bridges::of(&bridges, |id| legs.contains_key(id));
                SwitchEvent::Listed(snapshot(&channels, &self.app, &bridges))
            }
            Find::Message(name) => message_finished(&name),
            Find::Recording(name) => SwitchEvent::RecordingFinished {
                recording: name.command,
                media: RecordedMedia::Pair {
                    caller: name.track(Side::Caller),
                    agent: name.track(Side::Agent),
                    agent_lag: Lag::default(),
                },
            },
        };
        let events = vec![event];
        Meaning {
            events,
            ..Meaning::default()
        }
    }

    /// The tracks of recordings that may have ended while the link was down.
    pub(super) fn open_tracks(&self) -> Vec<String> {
        self.recordings.open()
    }

    pub(super) fn track_ended(&mut self, track: &str) -> Meaning {
        let (event, chores) = self.recordings.finished(track);
        let events = event.into_iter().collect();
        Meaning { events, chores }
    }

    /// A track could not be started, or was lost.
    pub(super) fn track_failed(&mut self, track: &str, why: &str) -> Meaning {
        let (event, chores) = self.recordings.failed(track, why);
        let events = event.into_iter().collect();
        Meaning { events, chores }
    }

    fn entered(&mut self, args: &[String], channel: &Channel) -> Meaning {
        let mut meaning = Meaning::default();
        let kind = args.first().map(String::as_str);
        if kind == Some(SNOOP) || is_snoop(channel) {
            meaning
                .chores
                .extend(self.recordings.snoop_ready(&channel.id));
            return meaning;
        }
        let Some(mut arrival) = arrival(channel) else {
            return meaning;
        };
        arrival.device = self.device_of(channel);
        let ours = kind == Some(DIALLED_BY_US);
        let leg = arrival.channel.clone();
        let known = self.legs.insert(leg, Leg::new(ours)).is_some();
        if !ours && !known {
            meaning.events.push(SwitchEvent::Arrived(arrival));
        }
        meaning
    }

    /// A leg left our application, and of a leg that the dialplan gave us
    /// Asterisk tells no more. When it was not hung up, the dead-man's timer
    /// has sent it to the fallback path. The end of a leg that we dialled is
    /// told with its cause a moment later.
    fn left(&mut self, channel: &Channel) -> Option<SwitchEvent> {
        let channel = leg_of(channel)?;
        if self.legs.get(&channel)?.ours {
            return None;
        }
        let leg = self.legs.remove(&channel)?;
        self.bridges.ended(&channel);
        let cause = leg.hanging_up.unwrap_or(Cause::Timeout);
        Some(SwitchEvent::HungUp { channel, cause })
    }

    fn destroyed(&mut self, cause: u16, channel: &Channel) -> Option<SwitchEvent> {
        let channel = leg_of(channel)?;
        self.legs.remove(&channel)?;
        self.bridges.ended(&channel);
        let cause = Cause::from_q850(cause);
        Some(SwitchEvent::HungUp { channel, cause })
    }

    fn transfer_asked(&self, to: &ReferTo, by: &ReferredBy) -> Option<SwitchEvent> {
        let channel = leg_of(&by.source_channel)?;
        self.legs.get(&channel)?;
        let destination = to.requested_destination.destination.as_deref();
        Some(SwitchEvent::TransferAsked {
            channel,
            to: OutsideText::new(destination.unwrap_or_default()),
            replaces: to.destination_channel.as_ref().and_then(leg_of),
        })
    }
}

/// The channels that are in our hands: those that run `Stasis(<app>…)` of ours.
/// One in the fallback path runs another application.
fn legs_of<'a>(
    channels: &'a [Channel],
    app: &'a str,
) -> impl Iterator<Item = (ChannelId, &'a Channel)> {
    let is_ours = move |channel: &&Channel| {
        let dialplan = &channel.dialplan;
        dialplan.app_name == "Stasis" && dialplan.app_data.split(',').next() == Some(app)
    };
    let ours = channels.iter().filter(is_ours);
    ours.filter_map(|channel| Some((leg_of(channel)?, channel)))
}

fn snapshot(channels: &[Channel], app: &str, bridges: &Bridges) -> Snapshot {
    let legs = legs_of(channels, app).filter_map(|(id, channel)| {
        Some(LiveLeg {
            peer: bridges.peer(&id),
            conference: bridges.conference(&id),
            created: created(channel),
            arrival: arrival(channel)?,
        })
    });
    Snapshot {
        legs: legs.collect(),
        ..Snapshot::default()
    }
}

/// A leg's id; `None` for snoop channels and ids we could not have.
fn leg_of(channel: &Channel) -> Option<ChannelId> {
    if is_snoop(channel) {
        return None;
    }
    ChannelId::new(&channel.id).ok()
}

fn is_snoop(channel: &Channel) -> bool {
    channel.name.starts_with("Snoop/")
}

/// A caller who leaves before the answer cancels; Asterisk says 127 then.
fn cause_of_request(cause: Option<u16>, soft: bool, channel: &Channel) -> Cause {
    match cause {
        _ if soft => Cause::NormalClearing,
        _ if channel.state != "Up" => Cause::OriginatorCancel,
        None | Some(0) => Cause::NormalClearing,
        Some(number) => Cause::from_q850(number),
    }
}

fn arrival(channel: &Channel) -> Option<Arrival> {
    let mut variables = LegVariables::default();
    for variable in LegVariable::ALL {
        let value = channel.channelvars.get(variable.name());
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            variables.set(variable, value);
        }
    }
    // In the fallback path the extension is no longer the number dialled.
    let dialled = variables.get(LegVariable::Dialled);
    let dialled = OutsideText::new(dialled.unwrap_or(&channel.dialplan.exten));
    Some(Arrival {
        channel: leg_of(channel)?,
        state: match channel.state.as_str() {
            "Up" => ChannelState::Answered,
            _ => ChannelState::Ringing,
        },
        caller_number: OutsideText::new(&channel.caller.number),
        caller_name: OutsideText::new(&channel.caller.name),
        dialled,
        device: None,
        variables,
    })
}

fn progress(channel: &Channel) -> Option<SwitchEvent> {
    let leg = leg_of(channel)?;
    match channel.state.as_str() {
        "Up" => Some(SwitchEvent::Answered { channel: leg }),
        "Ringing" => Some(SwitchEvent::Ringing { channel: leg }),
        _ => None,
    }
}

fn pressed(digit: &str, channel: &Channel) -> Option<SwitchEvent> {
    let mut keys = digit.chars().map(Key::try_from);
    let (Some(Ok(key)), None) = (keys.next(), keys.next()) else {
        return None;
    };
    // ARI does not say whether it came as a telephone event or by SIP INFO.
    let method = DigitMethod::Unknown;
    let digit = Digit { key, method };
    let channel = leg_of(channel)?;
    Some(SwitchEvent::Digit { channel, digit })
}

/// Of a list of prompts Asterisk tells a failure of the last one only.
fn played(playback: &Playback) -> Option<SwitchEvent> {
    let name = Name::read(&playback.id)?;
    let channel = ChannelId::new(playback.target_uri.strip_prefix("channel:")?).ok()?;
    if playback.state == "failed" {
        let why = format!("Asterisk cannot play {}", playback.media_uri);
        return Some(SwitchEvent::PlaybackFailed {
            channel,
            playback: name.command,
            why: OutsideText::new(&why),
        });
    }
    Some(SwitchEvent::PlaybackFinished {
        channel,
        playback: name.command,
    })
}

fn created(channel: &Channel) -> Option<Timestamp> {
    let at = moment(&channel.creationtime)?;
    Some(Timestamp::from_millis(at.as_millisecond()))
}

/// A time as ARI writes it: `2026-11-22T00:39:46.460+0000`.
fn moment(text: &str) -> Option<jiff::Timestamp> {
    jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()
}
