//! Everything the engine asks of the world, in the order it asked.

use crate::engine::fact::Fact;
use crate::engine::id::RequestId;
use crate::engine::recording::FilingOrder;
use crate::engine::request::Refusal;
use crate::switch::SwitchOrder;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    Switch(SwitchOrder),
    File(FilingOrder),
    /// The one answer to [`crate::engine::event::Event::Asked`].
    Answer {
        request: RequestId,
        outcome: Result<(), Refusal>,
    },
    /// Something that is now true, for the store, the pages and the journal.
    /// Needs no answer.
    Note(Fact),
}

/// The commands of one `handle`, drained by the driver after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands(Vec<Command>);

impl Commands {
    pub fn push(&mut self, command: Command) {
        self.0.push(command);
    }

    pub fn note(&mut self, fact: Fact) {
        self.0.push(Command::Note(fact));
    }

    pub fn drain(&mut self) -> impl Iterator<Item = Command> + '_ {
        self.0.drain(..)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_slice(&self) -> &[Command] {
        &self.0
    }
}
