//! The simulated switch itself: channels, what they hear, bridges, recordings
//! and timers. It obeys commands and far ends at once and tells what happened
//! in order; delays and faults are the wire's business.

use crate::engine::cause::Cause;
use crate::engine::id::{ChannelId, CommandId, IdError, PromptId};
use crate::engine::leg::LegRole;
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::agenda::Agenda;
use crate::switch::simulated::chance::Chance;
use crate::switch::simulated::channel::{Channel, Hears, Place};
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::recording::Recording;
use crate::switch::simulated::refusal::{
    ANSWERED, CHANNEL_EXISTS, FULL, NO_CHANNEL, NOT_ANSWERED, ONE_CHANNEL, Refusal,
};
use crate::switch::simulated::tape::Tape;
use crate::switch::{
    Arrival, ChannelState, Digit, DigitMethod, Examination, Extension, Key, LegVariable,
    LegVariables, LiveLeg, Ring, Snapshot, SwitchCommand, SwitchEvent,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSettings {
    /// Lines for callers; a call beyond them does not enter.
    pub lines: u32,
    /// Channels of any kind; a leg rung beyond them ends with congestion.
    pub channels: u32,
    /// How long a prompt lasts, drawn from its name.
    pub prompt_length: (Span, Span),
    /// Prompts that cannot be played.
    pub missing_prompts: BTreeSet<PromptId>,
    /// How long an arrived leg waits for its first command before it falls back.
    pub adoption: Span,
    /// How long a caller speaks who leaves a message, drawn for each.
    #[serde(default = "message_length")]
    pub message_length: (Span, Span),
    /// How long the fallback path keeps a call before it offers it again.
    pub fallback_offers_every: Span,
    /// How often the fallback path offers a call before it hangs up.
    pub fallback_offers: u32,
}

fn message_length() -> (Span, Span) {
    (Span::millis(500), Span::seconds(20))
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            lines: 2_000,
            channels: 4_000,
            prompt_length: (Span::millis(1_500), Span::millis(3_500)),
            missing_prompts: BTreeSet::new(),
            adoption: Span::seconds(10),
            message_length: message_length(),
            fallback_offers_every: Span::seconds(5),
            fallback_offers: 60,
        }
    }
}

/// A call as the network brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCall {
    pub caller_number: OutsideText,
    pub caller_name: OutsideText,
    pub dialled: OutsideText,
}

/// Every line is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("every line of the simulated switch is taken")]
pub struct NoLine;

#[derive(Debug)]
pub(super) enum Due {
    PromptsEnd(ChannelId),
    RingingEnds(ChannelId),
    Guard(ChannelId),
    OfferAgain(ChannelId),
    /// The message is as long as it may be, or the caller is silent.
    MessageEnds(CommandId),
}

#[derive(Debug)]
pub struct Model {
    pub(super) settings: ModelSettings,
    pub(super) chance: Chance,
    pub(super) channels: BTreeMap<ChannelId, Channel>,
    pub(super) recordings: BTreeMap<CommandId, Recording>,
    /// Those that are complete.
    pub(super) tapes: BTreeMap<CommandId, Tape>,
    /// What the lamps of mailboxes show: new and old messages.
    pub(super) lamps: BTreeMap<Extension, (u32, u32)>,
    pub(super) callers: u32,
    pub(super) agenda: Agenda<Due>,
    pub(super) happened: VecDeque<Happening>,
}

impl Model {
    pub fn new(settings: ModelSettings, seed: u64) -> Self {
        Self {
            settings,
            chance: Chance::new(seed, "channels"),
            channels: BTreeMap::new(),
            recordings: BTreeMap::new(),
            tapes: BTreeMap::new(),
            lamps: BTreeMap::new(),
            callers: 0,
            agenda: Agenda::default(),
            happened: VecDeque::new(),
        }
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.agenda.next()
    }

    /// Lets everything due until `now` happen.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some(due) = self.agenda.take_due(now) {
            match due {
                Due::PromptsEnd(channel) => {
                    if let Some(leg) = self.channels.get_mut(&channel) {
                        stop_hearing(leg, &mut self.agenda, &mut self.happened);
                    }
                }
                Due::RingingEnds(channel) => self.end(now, &channel, Cause::NoAnswer),
                Due::Guard(channel) => self.fall_back(now, &channel),
                Due::OfferAgain(channel) => self.offer_again(now, &channel),
                Due::MessageEnds(recording) => {
                    self.stop_recording(now, recording);
                }
            }
        }
    }

    /// The oldest happening not yet taken.
    pub fn take_happening(&mut self) -> Option<Happening> {
        self.happened.pop_front()
    }

    /// Whether the channel exists, on the fallback path or not.
    pub fn knows(&self, channel: &ChannelId) -> bool {
        self.channels.contains_key(channel)
    }

    /// What the lamp of a mailbox shows: new and old messages.
    pub fn lamp(&self, mailbox: &Extension) -> (u32, u32) {
        self.lamps.get(mailbox).copied().unwrap_or_default()
    }

    /// Lights a lamp, or puts it out.
    pub fn set_lamp(&mut self, mailbox: &Extension, new: u32, old: u32) {
        self.lamps.insert(mailbox.clone(), (new, old));
    }

    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// What each channel carries of the controller's.
    pub fn variables(&self) -> impl Iterator<Item = &LegVariables> {
        self.channels.values().map(|leg| &leg.told.variables)
    }

    /// The channels that are the controller's or wait for it.
    pub fn controlled(&self) -> impl Iterator<Item = &ChannelId> {
        let ours =
            |(channel, leg): (_, &Channel)| (leg.place == Place::Controller).then_some(channel);
        self.channels.iter().filter_map(ours)
    }

    /// Everything alive that is the controller's or waits for it.
    pub fn snapshot(&self) -> Snapshot {
        let ours = self
            .channels
            .values()
            .filter(|leg| leg.place == Place::Controller);
        let live = |leg: &Channel| LiveLeg {
            arrival: leg.told.clone(),
            peer: leg.peer.clone(),
            conference: leg.conference,
            created: Some(leg.created),
        };
        Snapshot {
            legs: ours.map(live).collect(),
            ..Snapshot::default()
        }
    }

    fn examination(&self, channels: &[ChannelId]) -> Examination {
        let mut found = Examination::default();
        for channel in channels {
            match self.live(channel) {
                Some(leg) => found.legs.push(leg),
                None => found.strangers.push(channel.clone()),
            }
        }
        found
    }

    /// One live channel, whoever has it.
    pub fn live(&self, channel: &ChannelId) -> Option<LiveLeg> {
        self.channels.get(channel).map(|leg| LiveLeg {
            arrival: leg.told.clone(),
            peer: leg.peer.clone(),
            conference: leg.conference,
            created: Some(leg.created),
        })
    }

    // What the far ends do.

    /// A call enters, unanswered, with its adoption timer armed by the dialplan.
    ///
    /// # Errors
    /// [`NoLine`] when every line is taken.
    pub fn arrive(&mut self, at: Timestamp, call: NewCall) -> Result<ChannelId, NoLine> {
        if self.callers >= self.settings.lines || self.is_full() {
            return Err(NoLine);
        }
        let channel = self.fresh_name().map_err(|_| NoLine)?;
        let told = Arrival {
            channel: channel.clone(),
            state: ChannelState::Ringing,
            caller_number: call.caller_number,
            caller_name: call.caller_name,
            dialled: call.dialled,
            device: None,
            variables: LegVariables::default(),
        };
        self.callers += 1;
        let mut leg = Channel::new(told.clone(), at);
        leg.is_caller = true;
        self.channels.insert(channel.clone(), leg);
        self.arm(at, &channel, self.settings.adoption, true);
        self.tell(SwitchEvent::Arrived(told));
        Ok(channel)
    }

    /// The device called on this leg starts to ring.
    pub fn alert(&mut self, channel: &ChannelId) {
        if self.knows(channel) {
            self.tell(SwitchEvent::Ringing {
                channel: channel.clone(),
            });
        }
    }

    /// The device called on this leg is picked up.
    pub fn pick_up(&mut self, channel: &ChannelId) {
        let Some(leg) = self
            .channels
            .get_mut(channel)
            .filter(|leg| !leg.is_answered())
        else {
            return;
        };
        leg.told.state = ChannelState::Answered;
        if let Some(ticket) = leg.ringing_ends.take() {
            self.agenda.cancel(ticket);
        }
        self.tell(SwitchEvent::Answered {
            channel: channel.clone(),
        });
    }

    /// The far end of this leg hangs up or refuses.
    pub fn leave(&mut self, at: Timestamp, channel: &ChannelId, cause: Cause) {
        self.end(at, channel, cause);
    }

    /// The far end presses a key.
    pub fn press(&mut self, channel: &ChannelId, key: Key) {
        let heard = |leg: &Channel| leg.is_answered() && leg.place == Place::Controller;
        if self.channels.get(channel).is_some_and(heard) {
            let digit = Digit {
                key,
                method: DigitMethod::Rfc4733,
            };
            self.tell(SwitchEvent::Digit {
                channel: channel.clone(),
                digit,
            });
        }
    }

    // What the controller asks.

    /// Obeys one command, whose id names the playback or recording it starts.
    ///
    /// # Errors
    /// [`Refusal`] when the channel does not exist or is in the wrong state.
    pub fn obey(
        &mut self,
        at: Timestamp,
        id: CommandId,
        command: &SwitchCommand,
    ) -> Result<(), Refusal> {
        match command {
            SwitchCommand::Ring(ring) => self.ring(at, ring),
            SwitchCommand::List => {
                self.tell(SwitchEvent::Listed(self.snapshot()));
                Ok(())
            }
            SwitchCommand::Examine { channels } => {
                self.tell(SwitchEvent::Examined(self.examination(channels)));
                Ok(())
            }
            SwitchCommand::FindRecording { recording } => {
                self.find_recording(*recording);
                Ok(())
            }
            SwitchCommand::SetLamp { mailbox, new, old } => {
                self.set_lamp(mailbox, *new, *old);
                Ok(())
            }
            other => {
                let channel = other.channel().ok_or(NO_CHANNEL)?;
                if self.leg(channel)?.guard.is_some_and(|guard| guard.adoption) {
                    self.disarm(channel);
                }
                self.obey_known(at, id, other)
            }
        }
    }

    fn obey_known(
        &mut self,
        at: Timestamp,
        id: CommandId,
        command: &SwitchCommand,
    ) -> Result<(), Refusal> {
        match command {
            SwitchCommand::Answer { channel } => {
                self.leg(channel)?;
                self.pick_up(channel);
            }
            SwitchCommand::Refuse { channel, cause } => {
                if self.leg(channel)?.is_answered() {
                    return Err(ANSWERED);
                }
                self.end(at, channel, *cause);
            }
            SwitchCommand::Play {
                channel, prompts, ..
            } => self.play(at, id, channel, prompts)?,
            SwitchCommand::Music { channel, .. } => {
                self.hears_endlessly(channel)?;
                let channel = channel.clone();
                self.happened.push_back(Happening::HearsMusic { channel });
            }
            SwitchCommand::RingBack { channel } => {
                self.hears_endlessly(channel)?;
                let channel = channel.clone();
                self.happened
                    .push_back(Happening::HearsRingBack { channel });
            }
            SwitchCommand::Silence { channel } => {
                let leg = self.channels.get_mut(channel).ok_or(NO_CHANNEL)?;
                leg.supervises = None;
                stop_hearing(leg, &mut self.agenda, &mut self.happened);
            }
            SwitchCommand::Bridge { channel, peer } => self.bridge(at, channel, peer)?,
            SwitchCommand::Record { caller, agent } => self.record(at, id, caller, Some(agent))?,
            SwitchCommand::StopRecording { recording, .. } => {
                self.stop_recording(at, *recording);
            }
            SwitchCommand::Guard { channel, after } => self.arm(at, channel, *after, false),
            SwitchCommand::SetVariables { channel, variables } => {
                let leg = self.channels.get_mut(channel).ok_or(NO_CHANNEL)?;
                for (variable, value) in variables.iter() {
                    leg.told.variables.set(variable, value);
                }
            }
            SwitchCommand::HangUp { channel, cause } => self.end(at, channel, *cause),
            SwitchCommand::Part { channel, peer } => self.take_apart(at, channel, peer)?,
            SwitchCommand::Join {
                channel,
                conference,
            } => self.join(at, channel, *conference)?,
            SwitchCommand::Leave {
                channel,
                conference,
            } => self.leave_conference(channel, *conference)?,
            SwitchCommand::Supervise {
                channel, target, ..
            } => self.supervise(channel, target)?,
            // What the far end hears moves nobody here.
            SwitchCommand::SendDigits { channel, .. } => {
                answered(&mut self.channels, channel)?;
            }
            SwitchCommand::AnswerTransfer {
                channel, granted, ..
            } => self.answer_transfer(at, channel, *granted)?,
            SwitchCommand::RecordMessage {
                channel,
                max,
                silence,
            } => self.record_message(at, id, channel, *max, *silence)?,
            SwitchCommand::Ring(ring) => self.ring(at, ring)?,
            // Obeyed before: they are about no channel of their own.
            SwitchCommand::List
            | SwitchCommand::Examine { .. }
            | SwitchCommand::SetLamp { .. }
            | SwitchCommand::FindRecording { .. } => {}
        }
        Ok(())
    }

    fn ring(&mut self, at: Timestamp, ring: &Ring) -> Result<(), Refusal> {
        if self.knows(&ring.channel) {
            return Err(CHANNEL_EXISTS);
        }
        if self.is_full() {
            return Err(FULL);
        }
        let told = Arrival {
            channel: ring.channel.clone(),
            state: ChannelState::Ringing,
            caller_number: ring.caller_number.clone(),
            caller_name: ring.caller_name.clone(),
            dialled: OutsideText::new(&ring.to.to_string()),
            device: None,
            variables: ring.variables.clone(),
        };
        let mut leg = Channel::new(told, at);
        let ends = self
            .agenda
            .add(at + ring.timeout, Due::RingingEnds(ring.channel.clone()));
        leg.ringing_ends = Some(ends);
        self.channels.insert(ring.channel.clone(), leg);
        self.happened.push_back(Happening::Called {
            channel: ring.channel.clone(),
            to: ring.to.clone(),
            stands: ring.variables.get(LegVariable::Role) == Some(LegRole::Standing.word()),
        });
        Ok(())
    }

    /// Ends what the leg hears, for something without an end.
    fn hears_endlessly(&mut self, channel: &ChannelId) -> Result<(), Refusal> {
        let leg = answered(&mut self.channels, channel)?;
        stop_hearing(leg, &mut self.agenda, &mut self.happened);
        leg.hears = Hears::Endless;
        Ok(())
    }

    fn play(
        &mut self,
        at: Timestamp,
        playback: CommandId,
        channel: &ChannelId,
        prompts: &[PromptId],
    ) -> Result<(), Refusal> {
        let leg = answered(&mut self.channels, channel)?;
        stop_hearing(leg, &mut self.agenda, &mut self.happened);
        if let Some(prompt) = prompts
            .iter()
            .find(|p| self.settings.missing_prompts.contains(p))
        {
            let why = OutsideText::new(&format!("prompt {prompt} is not there"));
            let channel = channel.clone();
            self.tell(SwitchEvent::PlaybackFailed {
                channel,
                playback,
                why,
            });
            return Ok(());
        }
        let (least, most) = self.settings.prompt_length;
        let length = prompts.iter().map(|p| prompt_length(p, least, most)).sum();
        let ends = self
            .agenda
            .add(at + Span::millis(length), Due::PromptsEnd(channel.clone()));
        leg.hears = Hears::Prompts { playback, ends };
        self.happened.push_back(Happening::HearsPrompt {
            channel: channel.clone(),
            prompts: prompts.to_vec(),
        });
        Ok(())
    }

    fn bridge(
        &mut self,
        at: Timestamp,
        channel: &ChannelId,
        peer: &ChannelId,
    ) -> Result<(), Refusal> {
        self.connect(at, channel, peer)?;
        self.disarm(channel);
        self.disarm(peer);
        Ok(())
    }

    /// Connects two channels and leaves their timers armed.
    ///
    /// # Errors
    /// [`Refusal`] when one does not exist or is not answered.
    pub fn connect(
        &mut self,
        at: Timestamp,
        channel: &ChannelId,
        peer: &ChannelId,
    ) -> Result<(), Refusal> {
        if channel == peer {
            return Err(ONE_CHANNEL);
        }
        for side in [channel, peer] {
            answered(&mut self.channels, side)?;
        }
        for (side, other) in [(channel, peer), (peer, channel)] {
            self.leave_company(at, side);
            let leg = answered(&mut self.channels, side)?;
            stop_hearing(leg, &mut self.agenda, &mut self.happened);
            leg.peer = Some(other.clone());
            // A bridge takes a channel out of the dialplan, wherever it was in it.
            leg.place = Place::Controller;
        }
        self.each_recording(channel, peer, |recording| {
            recording.resume(at, channel, peer)
        });
        self.tell(SwitchEvent::Bridged {
            channel: channel.clone(),
            peer: peer.clone(),
        });
        Ok(())
    }

    /// Ends a channel, its bridge, recordings and timers. What was under way is
    /// told as ended after the end itself, as FreeSWITCH does.
    pub(super) fn end(&mut self, at: Timestamp, channel: &ChannelId, cause: Cause) {
        if !self.knows(channel) {
            return;
        }
        self.tell(SwitchEvent::HungUp {
            channel: channel.clone(),
            cause,
        });
        self.leave_company(at, channel);
        self.disarm(channel);
        let Some(mut leg) = self.channels.remove(channel) else {
            return;
        };
        stop_hearing(&mut leg, &mut self.agenda, &mut self.happened);
        if let Some(ticket) = leg.ringing_ends {
            self.agenda.cancel(ticket);
        }
        for recording in leg.recordings {
            self.stop_recording(at, recording);
        }
        if leg.is_caller {
            self.callers -= 1;
        }
    }

    /// The switch is started anew: nothing of before is left, and nobody is told.
    pub fn restart(&mut self) {
        self.channels.clear();
        self.recordings.clear();
        self.lamps.clear();
        self.callers = 0;
        self.agenda.clear();
        self.happened.clear();
    }

    /// Takes a channel out of its bridge, if it is in one.
    pub fn part(&mut self, at: Timestamp, channel: &ChannelId) {
        let Some(peer) = self
            .channels
            .get_mut(channel)
            .and_then(|leg| leg.peer.take())
        else {
            return;
        };
        if let Some(other) = self.channels.get_mut(&peer) {
            other.peer = None;
        }
        self.each_recording(channel, &peer, |recording| {
            if recording.hears(channel, &peer) {
                recording.pause(at);
            }
        });
        self.tell(SwitchEvent::Unbridged {
            channel: channel.clone(),
            peer,
        });
    }

    pub(super) fn tell(&mut self, event: SwitchEvent) {
        self.happened.push_back(Happening::Event(event));
    }

    pub(super) fn leg(&self, channel: &ChannelId) -> Result<&Channel, Refusal> {
        self.channels.get(channel).ok_or(NO_CHANNEL)
    }

    fn is_full(&self) -> bool {
        self.channels.len() >= usize::try_from(self.settings.channels).unwrap_or(usize::MAX)
    }

    fn fresh_name(&mut self) -> Result<ChannelId, IdError> {
        ChannelId::new(&self.chance.uuid())
    }
}

pub(super) fn answered<'a>(
    channels: &'a mut BTreeMap<ChannelId, Channel>,
    channel: &ChannelId,
) -> Result<&'a mut Channel, Refusal> {
    let leg = channels.get_mut(channel).ok_or(NO_CHANNEL)?;
    if leg.is_answered() {
        Ok(leg)
    } else {
        Err(NOT_ANSWERED)
    }
}

/// Ends what a channel hears and tells the end of a playback.
pub(super) fn stop_hearing(
    leg: &mut Channel,
    agenda: &mut Agenda<Due>,
    happened: &mut VecDeque<Happening>,
) {
    let channel = leg.told.channel.clone();
    match std::mem::replace(&mut leg.hears, Hears::Nothing) {
        Hears::Nothing => return,
        Hears::Endless => {}
        Hears::Prompts { playback, ends } => {
            agenda.cancel(ends);
            let channel = channel.clone();
            let finished = SwitchEvent::PlaybackFinished { channel, playback };
            happened.push_back(Happening::Event(finished));
        }
    }
    happened.push_back(Happening::HearsNothing { channel });
}

/// The length of a prompt in milliseconds: the same name always lasts as long.
fn prompt_length(prompt: &PromptId, least: Span, most: Span) -> u64 {
    let hash = prompt
        .as_str()
        .bytes()
        .fold(17_u64, |hash, byte| hash * 31 % 65_521 + u64::from(byte));
    let room = most.as_millis().saturating_sub(least.as_millis());
    least.as_millis() + hash % (room + 1)
}
