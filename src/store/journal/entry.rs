//! One entry: what happened, when, and what the engine made of it.

use crate::engine::command::Command;
use crate::engine::event::Event;
use crate::engine::time::Timestamp;
use crate::store::journal::error::JournalError;

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
    pub event: String,
    pub commands: String,
}

impl Record {
    /// # Errors
    /// [`JournalError::Unreadable`] when another version wrote what this one
    /// does not understand.
    pub fn entry(&self) -> Result<Entry, JournalError> {
        let unreadable = |error: serde_json::Error| JournalError::Unreadable {
            seq: self.seq,
            why: error.to_string(),
        };
        Ok(Entry {
            seq: self.seq,
            at: self.at,
            event: serde_json::from_str(&self.event).map_err(unreadable)?,
            commands: serde_json::from_str(&self.commands).map_err(unreadable)?,
        })
    }
}
