//! Recordings in progress: each is two tracks, one per side, made on two snoop
//! channels; it is whole when both tracks are. A message is one recording.

use super::name::{Name, Side};
use super::translate::Chore;
use crate::engine::text::OutsideText;
use crate::switch::{Lag, RecordedMedia, SwitchEvent};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(super) struct Recordings {
    conversations: BTreeMap<Name, Tracks>,
    messages: BTreeSet<Name>,
}

#[derive(Debug, Default)]
struct Tracks {
    caller: Track,
    agent: Track,
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Track {
    #[default]
    Asked,
    /// Runs since then; `None` when we did not see it start.
    Runs(Option<Timestamp>),
    Finished(Option<Timestamp>),
}

impl Track {
    fn started(self) -> Option<Timestamp> {
        match self {
            Track::Asked => None,
            Track::Runs(at) | Track::Finished(at) => at,
        }
    }
}

impl Tracks {
    fn of(&mut self, side: Side) -> &mut Track {
        match side {
            Side::Caller => &mut self.caller,
            Side::Agent => &mut self.agent,
        }
    }

    /// How much later the agent's track started; zero when one start was not seen.
    fn agent_lag(&self) -> Lag {
        match (self.caller.started(), self.agent.started()) {
            (Some(caller), Some(agent)) => Lag(agent.as_millisecond() - caller.as_millisecond()),
            _ => Lag(0),
        }
    }
}

impl Recordings {
    pub(super) fn started(&mut self, track: &str, at: Option<Timestamp>) -> Option<SwitchEvent> {
        if let Some(name) = Name::read_message(track) {
            self.messages.insert(name);
            return Some(SwitchEvent::RecordingStarted {
                recording: name.command,
            });
        }
        let (name, side) = Name::read_track(track)?;
        let tracks = self.conversations.entry(name).or_default();
        *tracks.of(side) = Track::Runs(at);
        let both = tracks.caller != Track::Asked && tracks.agent != Track::Asked;
        both.then_some(SwitchEvent::RecordingStarted {
            recording: name.command,
        })
    }

    /// One track ended. The conversation has ended with it, so the other track
    /// is ended too.
    pub(super) fn finished(&mut self, track: &str) -> (Option<SwitchEvent>, Vec<Chore>) {
        if let Some(name) = Name::read_message(track) {
            self.messages.remove(&name);
            return (Some(message_finished(&name)), Vec::new());
        }
        let Some((name, side)) = Name::read_track(track) else {
            return (None, Vec::new());
        };
        let tracks = self.conversations.entry(name).or_default();
        let track = tracks.of(side);
        *track = Track::Finished(track.started());
        let other = match side {
            Side::Caller => Side::Agent,
            Side::Agent => Side::Caller,
        };
        if !matches!(tracks.of(other), Track::Finished(_)) {
            return (None, vec![Chore::EndTrack(name.track(other))]);
        }
        let agent_lag = tracks.agent_lag();
        self.conversations.remove(&name);
        let media = RecordedMedia::Pair {
            caller: name.track(Side::Caller),
            agent: name.track(Side::Agent),
            agent_lag,
        };
        let recording = name.command;
        let finished = SwitchEvent::RecordingFinished { recording, media };
        (Some(finished), Vec::new())
    }

    /// One track cannot be had: the recording as a whole has failed.
    pub(super) fn failed(&mut self, track: &str, why: &str) -> (Option<SwitchEvent>, Vec<Chore>) {
        let failed = |name: Name| SwitchEvent::RecordingFailed {
            recording: name.command,
            why: OutsideText::new(why),
        };
        if let Some(name) = Name::read_message(track) {
            self.messages.remove(&name);
            return (Some(failed(name)), Vec::new());
        }
        let Some((name, _)) = Name::read_track(track) else {
            return (None, Vec::new());
        };
        if self.conversations.remove(&name).is_none() {
            return (None, Vec::new());
        }
        let ends = Side::BOTH.map(|side| Chore::EndTrack(name.track(side)));
        (Some(failed(name)), ends.to_vec())
    }

    /// A snoop channel is ready to be recorded.
    pub(super) fn snoop_ready(&mut self, track: &str) -> Option<Chore> {
        let (name, _) = Name::read_track(track)?;
        self.conversations.entry(name).or_default();
        Some(Chore::StartTrack(track.to_owned()))
    }

    /// The tracks that are not known to have ended.
    pub(super) fn open(&self) -> Vec<String> {
        let open = |(name, tracks): (&Name, &Tracks)| {
            let ended = |track| matches!(track, Track::Finished(_));
            let sides = [(Side::Caller, tracks.caller), (Side::Agent, tracks.agent)];
            let open = sides.into_iter().filter(move |(_, track)| !ended(*track));
            let name = *name;
            open.map(move |(side, _)| name.track(side))
        };
        let messages = self.messages.iter().map(Name::message);
        let tracks = self.conversations.iter().flat_map(open);
        tracks.chain(messages).collect()
    }
}

pub(super) fn message_finished(name: &Name) -> SwitchEvent {
    SwitchEvent::RecordingFinished {
        recording: name.command,
        media: RecordedMedia::Mono {
            file: name.message(),
        },
    }
}
