//! From what happens in the exchange to the events that FreeSWITCH sends, in
//! the order of the captures.

use crate::engine::cause::Cause;
use crate::engine::id::{ChannelId, CommandId, MusicClass, PromptId};
use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::esl::face::{Dialling, Face, Todo};
use crate::switch::simulated::esl::leg::{Application, ChannelPhase, Leg, cause_name};
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::tape::Tape;
use crate::switch::{Arrival, Digit, Extension, Language, SwitchCommand, SwitchEvent};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Component, Path, PathBuf};

/// What the dialect asks for with `RECORD_MIN_SEC`.
const SHORTEST_MESSAGE: Span = Span::seconds(1);

impl Face {
    pub(super) fn tell(&mut self, happening: Happening) {
        match happening {
            Happening::Event(event) => self.tell_event(event),
            Happening::Called { channel, .. } => self.called(&channel),
            Happening::HearsPrompt { channel, .. }
            | Happening::HearsMusic { channel }
            | Happening::HearsRingBack { channel } => {
                self.playback("PLAYBACK_START", &channel, &[]);
            }
            Happening::HearsNothing { channel } => self.heard(&channel),
            // Told by the beginning of its recording.
            Happening::RecordsMessage { .. }
            | Happening::Listens { .. }
            | Happening::TransferAnswered { .. } => {}
            Happening::Recorded(tape) => self.recorded(tape),
            Happening::FellBack { channel, .. } => {
                self.emit("CHANNEL_UNPARK", &channel, &[]);
            }
        }
    }

    fn tell_event(&mut self, event: SwitchEvent) {
        match event {
            SwitchEvent::Arrived(arrival) => self.arrived(arrival),
            SwitchEvent::Ringing { channel } => {
                self.emit("CHANNEL_PROGRESS", &channel, &[]);
                self.emit("CHANNEL_CALLSTATE", &channel, &[]);
            }
            SwitchEvent::Answered { channel } => self.answered(&channel),
            SwitchEvent::Digit { channel, digit } => self.digit(&channel, digit),
            SwitchEvent::Bridged { channel, peer } => self.bridged(&channel, &peer),
            SwitchEvent::Unbridged { channel, peer } => self.unbridged(&channel, &peer),
            SwitchEvent::RecordingStarted { recording } => self.recording_started(recording),
            SwitchEvent::HungUp { channel, cause } => self.hung_up(&channel, cause),
            SwitchEvent::Joined {
                channel,
                conference,
            } => self.conferred(&channel, conference, true),
            SwitchEvent::Left {
                channel,
                conference,
            } => self.conferred(&channel, conference, false),
            // Told by what the leg hears, or not told by this switch.
            SwitchEvent::PlaybackFinished { .. }
            | SwitchEvent::PlaybackFailed { .. }
            | SwitchEvent::RecordingFinished { .. }
            | SwitchEvent::RecordingFailed { .. }
            | SwitchEvent::Snapshot(_)
            | SwitchEvent::Listed(_)
            | SwitchEvent::Examined(_)
            | SwitchEvent::LinkLost { .. }
            | SwitchEvent::Held { .. }
            | SwitchEvent::Unheld { .. }
            | SwitchEvent::TransferAsked { .. } => {}
        }
    }

    fn arrived(&mut self, arrival: Arrival) {
        let channel = arrival.channel.clone();
        if !self.legs.contains_key(&channel) {
            let mut leg = Leg::new(channel.clone(), self.now);
            leg.caller_number = arrival.caller_number.to_string();
            leg.caller_name = arrival.caller_name.to_string();
            leg.dialled = arrival.dialled.to_string();
            self.legs.insert(channel.clone(), leg);
            self.emit("CHANNEL_STATE", &channel, &[]);
            self.emit("CHANNEL_CREATE", &channel, &[]);
            self.run_dialplan(&channel);
        }
        if let Some(leg) = self.legs.get_mut(&channel) {
            leg.state = ChannelPhase::Execute;
        }
        self.park(&channel);
    }

    /// What a dialplan does before it parks an arriving call.
    fn run_dialplan(&mut self, channel: &ChannelId) {
        let mark = self.mark.clone();
        let variables = [
            ("switchyard_switch", mark.as_str()),
            ("park_after_bridge", "true"),
            ("hangup_after_bridge", "false"),
        ];
        for (name, value) in variables {
            if let Some(leg) = self.legs.get_mut(channel) {
                leg.state = ChannelPhase::Execute;
                leg.set(name, value);
            }
            self.pass(channel, "set", &format!("{name}={value}"));
        }
        self.pass(channel, "ring_ready", "");
        self.emit("CHANNEL_PROGRESS", channel, &[]);
    }

    /// An application that takes no time.
    fn pass(&mut self, channel: &ChannelId, name: &str, data: &str) {
        let uuid = self.uuid();
        let headers = [
            ("Application", name),
            ("Application-Data", data),
            ("Application-UUID", &uuid),
        ];
        self.emit("CHANNEL_EXECUTE", channel, &headers);
        self.emit("CHANNEL_EXECUTE_COMPLETE", channel, &headers);
    }

    fn park(&mut self, channel: &ChannelId) {
        let uuid = self.uuid();
        let headers = [("Application", "park"), ("Application-UUID", uuid.as_str())];
        self.emit("CHANNEL_EXECUTE", channel, &headers);
        self.emit("CHANNEL_PARK", channel, &[]);
    }

    fn called(&mut self, channel: &ChannelId) {
        self.judge_ring(channel);
        self.emit("CHANNEL_OUTGOING", channel, &[]);
        self.emit("CHANNEL_STATE", channel, &[]);
        self.emit("CHANNEL_CREATE", channel, &[]);
        self.emit("CHANNEL_ORIGINATE", channel, &[]);
        if let Some(leg) = self.legs.get_mut(channel) {
            leg.state = ChannelPhase::ConsumeMedia;
        }
        self.emit("CHANNEL_STATE", channel, &[]);
    }

    fn answered(&mut self, channel: &ChannelId) {
        let Some(leg) = self.legs.get_mut(channel) else {
            return;
        };
        leg.was_answered = true;
        let dialled = !leg.is_inbound();
        self.emit("CHANNEL_ANSWER", channel, &[]);
        self.emit("CHANNEL_CALLSTATE", channel, &[]);
        if dialled {
            self.emit("CALL_UPDATE", channel, &[]);
            self.dialled(channel, &format!("+OK {channel}\n"));
            if let Some(leg) = self.legs.get_mut(channel) {
                leg.state = ChannelPhase::Execute;
            }
            self.park(channel);
        }
    }

    /// Tells how dialling a leg went.
    fn dialled(&mut self, channel: &ChannelId, result: &str) {
        match self.dialling.remove(channel) {
            Some(Dialling::Job { job, arguments }) => {
                self.job_done(&job, "originate", &arguments, result)
            }
            // Whoever asked may have left.
            Some(Dialling::Caller(caller)) => drop(caller.send(result.to_owned())),
            None => {}
        }
    }

    pub(super) fn job_done(&mut self, job: &str, command: &str, arguments: &str, result: &str) {
        let headers = [
            ("Job-UUID", job),
            ("Job-Command", command),
            ("Job-Command-Arg", arguments),
        ];
        self.emit_plain("BACKGROUND_JOB", &headers, result);
    }

    fn digit(&mut self, channel: &ChannelId, digit: Digit) {
        let key = digit.key.to_string();
        let headers = [
            ("DTMF-Digit", key.as_str()),
            ("DTMF-Duration", "2000"),
            ("DTMF-Source", "RTP"),
        ];
        self.emit("DTMF", channel, &headers);
    }

    /// Begins to run an application on a leg.
    pub(super) fn begin(&mut self, channel: &ChannelId, application: Application) {
        let command = match playing(channel, &application) {
            Some(command) => command,
            None => return self.run_at_once(channel, application),
        };
        if let Some(leg) = self.legs.get_mut(channel) {
            leg.running = Some(application);
        }
        if self.obey(&command).is_err() {
            self.over(channel, "PLAYBACK ERROR");
        }
    }

    fn run_at_once(&mut self, channel: &ChannelId, application: Application) {
        let Application { name, data, uuid } = application;
        match name.as_str() {
            "answer" => {
                self.attempt(&SwitchCommand::Answer {
                    channel: channel.clone(),
                });
            }
            "park" => return self.emit("CHANNEL_PARK", channel, &[]),
            "hangup" => self.hang_up(channel, &data),
            "set" => {
                let (variable, value) = data.split_once('=').unwrap_or((&data, ""));
                if let Some(leg) = self.legs.get_mut(channel) {
                    leg.set(variable, value);
                }
            }
            _ => {}
        }
        let headers = [
            ("Application", name.as_str()),
            ("Application-Data", data.as_str()),
            ("Application-UUID", uuid.as_str()),
        ];
        self.emit("CHANNEL_EXECUTE_COMPLETE", channel, &headers);
        self.todo.push(Todo::Next(channel.clone()));
    }

    /// The model says that the leg hears nothing any more.
    fn heard(&mut self, channel: &ChannelId) {
        let torn = self.tearing;
        let Some(leg) = self.legs.get_mut(channel) else {
            return;
        };
        let broken = std::mem::take(&mut leg.breaking);
        let Some(application) = &leg.running else {
            return;
        };
        let torn = torn || leg.cause.is_some() || (application.is_endless() && !broken);
        if application.is_endless() && !torn {
            // As on the real switch: a break ends one round, and the next begins.
            self.playback("PLAYBACK_STOP", channel, &[("Playback-Status", "break")]);
            self.todo.push(Todo::Restart(channel.clone()));
        } else if torn {
            leg.waiting.clear();
            self.playback("PLAYBACK_STOP", channel, &[("Playback-Status", "break")]);
            self.over(channel, "PLAYBACK ERROR");
        } else {
            let status = if broken { "break" } else { "done" };
            self.playback("PLAYBACK_STOP", channel, &[("Playback-Status", status)]);
            self.over(channel, "FILE PLAYED");
        }
    }

    fn over(&mut self, channel: &ChannelId, response: &str) {
        let running = self
            .legs
            .get_mut(channel)
            .and_then(|leg| leg.running.take());
        let Some(Application { name, data, uuid }) = running else {
            return;
        };
        let headers = [
            ("Application", name.as_str()),
            ("Application-Data", data.as_str()),
            ("Application-Response", response),
            ("Application-UUID", uuid.as_str()),
        ];
        self.emit("CHANNEL_EXECUTE_COMPLETE", channel, &headers);
        self.todo.push(Todo::Next(channel.clone()));
    }

    fn playback(&mut self, event: &str, channel: &ChannelId, extra: &[(&str, &str)]) {
        let running = self.legs.get(channel).and_then(|leg| leg.running.as_ref());
        let Some(file) = running.map(|application| application.data.clone()) else {
            return;
        };
        let kind = file
            .split_once("://")
            .map_or("file", |(kind, _)| kind)
            .to_owned();
        let mut headers = vec![
            ("Playback-File-Type", kind.as_str()),
            ("Playback-File-Path", file.as_str()),
        ];
        headers.extend_from_slice(extra);
        self.emit(event, channel, &headers);
    }

    fn bridged(&mut self, channel: &ChannelId, peer: &ChannelId) {
        self.judge_pair(channel, peer);
        for (side, other) in [(channel, peer), (peer, channel)] {
            self.emit("CHANNEL_UNPARK", side, &[]);
            self.emit("CHANNEL_EXECUTE_COMPLETE", side, &[("Application", "park")]);
            if let Some(leg) = self.legs.get_mut(side) {
                leg.state = ChannelPhase::SoftExecute;
                leg.peer = Some(other.clone());
                leg.was_bridged = true;
                leg.leads = side == channel;
            }
            self.emit("CHANNEL_STATE", side, &[]);
        }
        for (side, other) in [(channel, peer), (peer, channel)] {
            let headers = [
                ("Application", "uuid_bridge"),
                ("Application-Data", other.as_str()),
            ];
            self.emit("CHANNEL_EXECUTE", side, &headers);
        }
        self.emit("CHANNEL_BRIDGE", channel, &bridge_headers(channel, peer));
        if let Some(leg) = self.legs.get_mut(peer) {
            leg.state = ChannelPhase::ExchangeMedia;
        }
        for (side, other) in [(channel, peer), (peer, channel)] {
            self.set_bond(side);
            if let Some(leg) = self.legs.get_mut(side) {
                leg.set("bridge_to", other.as_str());
            }
            self.emit("CALL_UPDATE", side, &[]);
        }
    }

    /// The variable by which a leg's partner is told.
    fn set_bond(&mut self, channel: &ChannelId) {
        if let Some(leg) = self.legs.get_mut(channel) {
            let peer = leg
                .peer
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            leg.set("signal_bond", &peer);
        }
    }

    fn unbridged(&mut self, one: &ChannelId, other: &ChannelId) {
        let other_leads = self.legs.get(other).is_some_and(|leg| leg.leads);
        let (channel, peer) = if other_leads {
            (other, one)
        } else {
            (one, other)
        };
        self.emit("CHANNEL_UNBRIDGE", channel, &bridge_headers(channel, peer));
        for side in [channel, peer] {
            if let Some(leg) = self.legs.get_mut(side) {
                leg.peer = None;
            }
            self.set_bond(side);
            self.todo.push(Todo::AfterBridge(side.clone()));
        }
    }

    pub(super) fn after_bridge(&mut self, channel: &ChannelId) {
        let Some(leg) = self.legs.get_mut(channel) else {
            return;
        };
        if leg.cause.is_some() || leg.peer.is_some() || leg.confers {
            return;
        }
        if leg.parks_after_bridge() {
            leg.state = ChannelPhase::Park;
            self.emit("CHANNEL_STATE", channel, &[]);
            self.emit("CHANNEL_PARK", channel, &[]);
        } else {
            self.hang_up(channel, "NORMAL_CLEARING");
        }
    }

    fn recording_started(&mut self, recording: CommandId) {
        if let Some(running) = self.recordings.get(&recording) {
            let (channel, file) = (running.channel.clone(), running.file.clone());
            self.emit("RECORD_START", &channel, &[("Record-File-Path", &file)]);
        }
    }

    fn recorded(&mut self, tape: Tape) {
        let Some(running) = self.recordings.remove(&tape.recording) else {
            return;
        };
        let samples = tape.length().as_millis() * 8;
        if let Some(leg) = self.legs.get_mut(&running.channel) {
            leg.set("record_samples", &samples.to_string());
            leg.set("record_ms", &tape.length().as_millis().to_string());
        }
        let too_short = tape.is_message && tape.length() < SHORTEST_MESSAGE;
        let cause = match too_short {
            true => "input-too-short",
            false if self.write_recording(&tape, &running.file) => "success-maxtime",
            false => "uri-failure",
        };
        let mut headers = vec![
            ("Record-File-Path", running.file.as_str()),
            ("Record-Completion-Cause", cause),
        ];
        if tape.is_message {
            headers.push(("Recording-Variable-RECORD_READ_ONLY", "true"));
        }
        self.emit("RECORD_STOP", &running.channel, &headers);
    }

    /// Writes the file when its folder is ours to write into; false when that
    /// failed. Here and now: the file must be complete before its event.
    fn write_recording(&self, tape: &Tape, file: &str) -> bool {
        let path = Path::new(file);
        let plain = !path.components().any(|part| part == Component::ParentDir);
        let ours = |folder: &PathBuf| plain && path.starts_with(folder);
        if !self.recordings_below.as_ref().is_some_and(ours) {
            return true;
        }
        match tape.write(path) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(file, %error, "a simulated recording could not be written");
                false
            }
        }
    }

    fn hung_up(&mut self, channel: &ChannelId, cause: Cause) {
        self.judge_end(channel);
        let Some(leg) = self.legs.get_mut(channel) else {
            return;
        };
        leg.cause = Some(cause);
        let hook = leg.variables.get("api_hangup_hook").cloned();
        self.emit("CHANNEL_HANGUP", channel, &[]);
        if let Some(leg) = self.legs.get_mut(channel) {
            leg.state = ChannelPhase::Reporting;
        }
        self.dialled(channel, &format!("-ERR {}\n", cause_name(cause)));
        self.todo.extend(hook.map(Todo::Hook));
        self.todo.push(Todo::Finish(channel.clone()));
    }

    pub(super) fn finish(&mut self, channel: &ChannelId) {
        self.emit("CHANNEL_STATE", channel, &[]);
        self.emit("CHANNEL_CALLSTATE", channel, &[]);
        self.emit("CHANNEL_HANGUP_COMPLETE", channel, &[]);
        self.emit("CHANNEL_DESTROY", channel, &[]);
        self.legs.remove(channel);
    }
}

impl Leg {
    fn new(channel: ChannelId, created: Timestamp) -> Self {
        Self {
            channel,
            extension: None,
            caller_number: String::new(),
            caller_name: String::new(),
            dialled: String::new(),
            created,
            state: ChannelPhase::Init,
            peer: None,
            was_bridged: false,
            confers: false,
            leads: false,
            was_answered: false,
            cause: None,
            variables: BTreeMap::new(),
            running: None,
            waiting: VecDeque::new(),
            breaking: false,
        }
    }

    /// A leg that is dialled to a device.
    pub(super) fn dialled(channel: ChannelId, extension: Extension, created: Timestamp) -> Self {
        let mut leg = Self::new(channel, created);
        extension.as_str().clone_into(&mut leg.dialled);
        leg.extension = Some(extension);
        leg
    }
}

fn bridge_headers<'a>(channel: &'a ChannelId, peer: &'a ChannelId) -> [(&'a str, &'a str); 2] {
    [
        ("Bridge-A-Unique-ID", channel.as_str()),
        ("Bridge-B-Unique-ID", peer.as_str()),
    ]
}

/// What a leg will hear, if the application plays anything: music for streams
/// without an end, else the files as prompts.
fn playing(channel: &ChannelId, application: &Application) -> Option<SwitchCommand> {
    let file = application.data.as_str();
    let endless = match application.name.as_str() {
        "endless_playback" => true,
        "playback" => file.starts_with("local_stream://") || file.contains("loops=-1"),
        _ => return None,
    };
    let channel = channel.clone();
    Some(if endless {
        let class = file
            .strip_prefix("local_stream://")
            .and_then(|name| MusicClass::new(name).ok());
        let class = class.or_else(|| MusicClass::new("default").ok())?;
        SwitchCommand::Music { channel, class }
    } else {
        let files = file.strip_prefix("file_string://").unwrap_or(file);
        let name = |file: &str| {
            let last = file.rsplit('/').next().unwrap_or_default();
            PromptId::new(last.trim_end_matches(".wav"))
                .or_else(|_| PromptId::new("file"))
                .ok()
        };
        let prompts = files.split('!').filter_map(name).collect();
        SwitchCommand::Play {
            channel,
            prompts,
            language: Language::default(),
        }
    })
}
