//! Recordings of the simulated switch while they run.

use crate::engine::id::{ChannelId, CommandId};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::SwitchEvent;
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::model::{Due, Model, answered};
use crate::switch::simulated::refusal::{Refusal, TOO_MANY_RECORDINGS};
use crate::switch::simulated::tape::{MAX_STRETCHES, Tape};
use std::collections::BTreeSet;

/// Recordings one channel may be in, ended ones included.
const MAX_RECORDINGS: usize = 16;
/// Finished recordings that can still be found; of more, the first are forgotten.
const MAX_TAPES: usize = 10_000;

#[derive(Debug)]
pub(super) struct Recording {
    caller: ChannelId,
    /// Whose conversation with the caller is recorded; anybody's without.
    agent: Option<ChannelId>,
    started: Timestamp,
    talk: Vec<(Timestamp, Timestamp)>,
    talking_since: Option<Timestamp>,
    /// A message: what the caller says to nobody, until then.
    speaks_until: Option<Timestamp>,
}

impl Model {
    pub(super) fn record(
        &mut self,
        at: Timestamp,
        id: CommandId,
        caller: &ChannelId,
        agent: Option<&ChannelId>,
    ) -> Result<(), Refusal> {
        let sides = || [Some(caller), agent].into_iter().flatten();
        for side in sides() {
            if answered(&mut self.channels, side)?.recordings.len() >= MAX_RECORDINGS {
                return Err(TOO_MANY_RECORDINGS);
            }
        }
        for side in sides() {
            answered(&mut self.channels, side)?.recordings.push(id);
        }
        let mut recording = Recording {
            caller: caller.clone(),
            agent: agent.cloned(),
            started: at,
            talk: Vec::new(),
            talking_since: None,
            speaks_until: None,
        };
        if let Some(peer) = &self.leg(caller)?.peer {
            recording.resume(at, caller, peer);
        }
        self.recordings.insert(id, recording);
        self.tell(SwitchEvent::RecordingStarted { recording: id });
        Ok(())
    }

    /// Records one channel with whomever it talks to, as `uuid_record` does.
    ///
    /// # Errors
    /// [`Refusal`] when the channel does not exist or is not answered.
    pub fn record_channel(
        &mut self,
        at: Timestamp,
        id: CommandId,
        channel: &ChannelId,
    ) -> Result<(), Refusal> {
        self.record(at, id, channel, None)
    }

    /// Records what one channel says, for as long as it speaks: until `max` is
    /// over or it has been silent for `silence`.
    ///
    /// # Errors
    /// [`Refusal`] when the channel does not exist or is not answered.
    pub fn record_message(
        &mut self,
        at: Timestamp,
        id: CommandId,
        channel: &ChannelId,
        max: Span,
        silence: Span,
    ) -> Result<(), Refusal> {
        let leg = answered(&mut self.channels, channel)?;
        if leg.recordings.len() >= MAX_RECORDINGS {
            return Err(TOO_MANY_RECORDINGS);
        }
        leg.recordings.push(id);
        let speaks_until = at + self.chance.between(self.settings.message_length);
        let recording = Recording {
            caller: channel.clone(),
            agent: None,
            started: at,
            talk: Vec::new(),
            talking_since: None,
            speaks_until: Some(speaks_until),
        };
        self.recordings.insert(id, recording);
        let ends = (speaks_until + silence).min(at + max);
        self.agenda.add(ends, Due::MessageEnds(id));
        self.tell(SwitchEvent::RecordingStarted { recording: id });
        self.happened.push_back(Happening::RecordsMessage {
            channel: channel.clone(),
            recording: id,
        });
        Ok(())
    }

    /// Ends a recording; false when there is none of this name.
    pub fn stop_recording(&mut self, at: Timestamp, id: CommandId) -> bool {
        let Some(mut recording) = self.recordings.remove(&id) else {
            return false;
        };
        recording.pause(at);
        let Recording {
            caller,
            started,
            mut talk,
            speaks_until,
            ..
        } = recording;
        talk.extend(speaks_until.map(|until| (started, until.min(at))));
        let file = format!("{caller}-{id}.wav");
        let tape = Tape {
            recording: id,
            file,
            started,
            ended: at,
            talk,
            is_message: speaks_until.is_some(),
        };
        while self.tapes.len() >= MAX_TAPES {
            self.tapes.pop_first();
        }
        self.tapes.insert(id, tape.clone());
        self.happened.push_back(Happening::Recorded(tape));
        true
    }

    /// Tells once more of a finished recording, or that there is none.
    pub(super) fn find_recording(&mut self, id: CommandId) {
        if let Some(tape) = self.tapes.get(&id) {
            let tape = tape.clone();
            self.happened.push_back(Happening::Recorded(tape));
        } else if !self.recordings.contains_key(&id) {
            self.tell(SwitchEvent::RecordingFailed {
                recording: id,
                why: OutsideText::new("the simulated switch has no such recording"),
            });
        }
    }

    /// Whether a finished recording lies on the switch.
    pub fn has_tape(&self, id: CommandId) -> bool {
        self.tapes.contains_key(&id)
    }

    /// Does something to every recording that one of two channels is in.
    pub(super) fn each_recording(
        &mut self,
        one: &ChannelId,
        other: &ChannelId,
        mut action: impl FnMut(&mut Recording),
    ) {
        let of = |channel| {
            self.channels
                .get(channel)
                .map(|leg| leg.recordings.as_slice())
        };
        let both = [of(one), of(other)].into_iter().flatten().flatten();
        for id in both.copied().collect::<BTreeSet<CommandId>>() {
            if let Some(recording) = self.recordings.get_mut(&id) {
                action(recording);
            }
        }
    }
}

impl Recording {
    /// Whether this is the conversation to record.
    pub(super) fn hears(&self, one: &ChannelId, other: &ChannelId) -> bool {
        let between = |caller: &ChannelId, agent: &ChannelId| {
            self.caller == *caller && self.agent.as_ref().is_none_or(|wanted| wanted == agent)
        };
        between(one, other) || between(other, one)
    }

    /// The two begin to talk.
    pub(super) fn resume(&mut self, at: Timestamp, one: &ChannelId, other: &ChannelId) {
        if self.hears(one, other) {
            self.talking_since = Some(at);
        }
    }

    /// The conversation stops; silence from here on.
    pub(super) fn pause(&mut self, at: Timestamp) {
        if let Some(since) = self.talking_since.take()
            && self.talk.len() < MAX_STRETCHES
        {
            self.talk.push((since, at));
        }
    }
}
