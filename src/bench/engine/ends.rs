//! What becomes of calls, as the facts tell it.

use crate::engine::call::CallState;
use crate::engine::command::Command;
use crate::engine::fact::Fact;
use crate::engine::id::CallId;
use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) came: u64,
    /// Calls that are there and met no agent yet.
    unanswered: BTreeSet<CallId>,
    answered_and_ended: u64,
    pub(super) ended: u64,
}

impl Ends {
    pub(super) fn apply(&mut self, commands: &[Command]) {
        for command in commands {
            if let Command::Note(fact) = command {
                self.note(fact);
            }
        }
    }

    fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::CallStarted { call, .. } => {
                self.came += 1;
                self.unanswered.insert(*call);
            }
            Fact::CallMoved {
                call,
                state: CallState::Connected,
            } => {
                self.unanswered.remove(call);
            }
            Fact::CallEnded { call, .. } => {
                self.ended += 1;
                self.answered_and_ended += u64::from(!self.unanswered.contains(call));
            }
            _ => {}
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.came - self.answered_and_ended
    }
}
