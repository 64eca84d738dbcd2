//! One entry: what happened, when, and what the engine made of it.

use crate::engine::command::Command;
use crate::engine::event::Event;
use crate::engine::fact::Fact;
use crate::engine::id::CallId;
use crate::engine::time::Timestamp;
use crate::store::journal::error::JournalError;
use crate::switch::SwitchEvent;

/// One handling of an event, before it has a number. The driver makes it once;
/// journal and board share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub at: Timestamp,
    pub event: Event,
    pub commands: Vec<Command>,
}

/// An entry as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: u64,
    pub at: Timestamp,
    pub event: Event,
    pub commands: Vec<Command>,
}

/// An entry as it lies in the file: the event and the commands in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub seq: u64,
    pub at: Timestamp,
    /// The highest command id up to and with this entry.
    pub last_command: u64,
    pub event: String,
    pub commands: String,
}

impl Step {
    pub fn new(at: Timestamp, event: Event, commands: Vec<Command>) -> Self {
        Self {
            at,
            event,
            commands,
        }
    }

    /// About how many bytes it takes while it waits for the disk.
    pub(super) fn weight(&self) -> usize {
        let event = match &self.event {
            Event::Configured { centre } => {
                let openings: usize = centre
                    .calendars
                    .iter()
                    .map(|(_, openings)| openings.iter().count())
                    .sum();
                60 * openings
                    + 500 * (centre.agents.len() + centre.queues.len() + centre.flows.len() * 8)
            }
            Event::Remembered { remembered } => {
                800 * (remembered.calls.len() + remembered.agents.len())
            }
            Event::Switch {
                event: SwitchEvent::Snapshot(snapshot),
                ..
            } => 800 * snapshot.legs.len(),
            _ => 0,
        };
        500 + event + 500 * self.commands.len()
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = CallId> {
        calls_of(&self.commands)
    }

    /// The highest command id in it.
    pub(super) fn last_command(&self) -> u64 {
        let id = |command: &Command| match command {
            Command::Switch(order) => order.id.0,
            Command::File(order) => order.recording.0,
            Command::Note(_) | Command::Answer { .. } => 0,
        };
        self.commands.iter().map(id).max().unwrap_or(0)
    }
}

impl Entry {
    /// The calls it concerns; one may be named several times.
    pub fn calls(&self) -> impl Iterator<Item = CallId> {
        calls_of(&self.commands)
    }
}

impl Record {
    /// # Errors
    /// [`JournalError::Unreadable`] when another version wrote what this one
    /// does not understand.
    pub fn entry(&self) -> Result<Entry, JournalError> {
        Ok(Entry {
            seq: self.seq,
            at: self.at,
            event: serde_json::from_str(&self.event).map_err(|error| self.unreadable(&error))?,
            commands: self.commands()?,
        })
    }

    /// The commands alone: reading the event costs as much again.
    ///
    /// # Errors
    /// As [`Record::entry`].
    pub fn commands(&self) -> Result<Vec<Command>, JournalError> {
        serde_json::from_str(&self.commands).map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &serde_json::Error) -> JournalError {
        JournalError::Unreadable {
            seq: self.seq,
            why: error.to_string(),
        }
    }
}

fn calls_of(commands: &[Command]) -> impl Iterator<Item = CallId> {
    commands.iter().filter_map(|command| match command {
        Command::Switch(order) => Some(order.call),
        Command::File(order) => Some(order.call),
        Command::Note(fact) => call_of(fact),
        Command::Answer { .. } => None,
    })
}

/// The call a fact concerns, if it concerns one.
fn call_of(fact: &Fact) -> Option<CallId> {
    match fact {
        Fact::CallStarted { call, .. }
        | Fact::CallMoved { call, .. }
        | Fact::Recognised { call, .. }
        | Fact::Wished { call, .. }
        | Fact::Briefed { call, .. }
        | Fact::Confirmed { call, .. }
        | Fact::CallerBlocked { call, .. }
        | Fact::BlockEntered { call, .. }
        | Fact::BlockRepeated { call, .. }
        | Fact::CallEnding { call, .. }
        | Fact::CallEnded { call, .. }
        | Fact::LegStarted { call, .. }
        | Fact::LegMoved { call, .. }
        | Fact::LegClosing { call, .. }
        | Fact::LegEnded { call, .. }
        | Fact::DigitPressed { call, .. }
        | Fact::QueueEntered { call, .. }
        | Fact::QueueLeft { call, .. }
        | Fact::StepReached { call, .. }
        | Fact::AgentSought { call, .. }
        | Fact::Overflowed { call, .. }
        | Fact::Diverted { call, .. }
        | Fact::MessageAsked { call, .. }
        | Fact::MessageDropped { call, .. }
        | Fact::MessageMoved { call, .. }
        | Fact::MessageCalled { call, .. }
        | Fact::MessageDeleted { call, .. }
        | Fact::Decided { call, .. }
        | Fact::Offered { call, .. }
        | Fact::OfferEnded { call, .. }
        | Fact::TalkMoved { call, .. }
        | Fact::PartyAdded { call, .. }
        | Fact::PartyMoved { call, .. }
        | Fact::PartyLeft { call, .. }
        | Fact::HandedOver { call, .. }
        | Fact::Parked { call, .. }
        | Fact::DialledOut { call, .. }
        | Fact::DialsOn { call, .. }
        | Fact::DialAnswered { call, .. }
        | Fact::RecordingAsked { call, .. }
        | Fact::RecordingStarted { call, .. }
        | Fact::RecordingFiled { call, .. }
        | Fact::RecordingLost { call, .. }
        | Fact::CallbackRequested { callback: call, .. }
        | Fact::CallbackMoved { callback: call, .. } => Some(*call),
        // The call in which they talk began with facts of its own.
        Fact::CallbackClosed { callback, call, .. } => Some(call.unwrap_or(*callback)),
        Fact::MessageLeft { message } => Some(message.call),
        Fact::AgentMoved { call, .. }
        | Fact::Asked { call, .. }
        | Fact::CommandFailed { call, .. }
        | Fact::Drift { call, .. }
        | Fact::Overdue { call, .. } => *call,
        Fact::OfferMissed { call, .. } | Fact::WrapUpExtended { call, .. } => Some(*call),
        Fact::LegKept { call, .. } => Some(*call),
        Fact::LineMoved { .. }
        | Fact::LineEnded { .. }
        | Fact::AgentRests { .. }
        | Fact::AgentAsked { .. }
        | Fact::LinkChanged { .. }
        | Fact::QueueLearnt { .. }
        | Fact::LampSet { .. }
        | Fact::Reconciled { .. } => None,
    }
}
