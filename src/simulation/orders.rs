//! The orders the engine gave: each has a number of its own, is answered once,
//! and ends a leg only once.

use crate::engine::Engine;
use crate::engine::id::{CommandId, LegId};
use crate::engine::time::{Span, Timestamp};
use crate::simulation::violation::Violation;
use crate::switch::{SwitchCommand, SwitchOrder};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub struct Orders {
    /// Every number given in any run.
    given: BTreeSet<CommandId>,
    /// Orders of this run without an answer so far.
    under_way: BTreeSet<CommandId>,
    /// The order to end a leg that still stands, and when it was given.
    ending: BTreeMap<LegId, (CommandId, Timestamp)>,
    ends: BTreeMap<CommandId, LegId>,
    /// Every leg that this run ordered to end.
    ended: BTreeSet<LegId>,
}

impl Orders {
    /// The engine gives an order. An order to end a leg that was accepted may be
    /// repeated after `patience` without an end.
    ///
    /// # Errors
    /// When its number was given before, or its leg is being ended already.
    pub fn given(
        &mut self,
        at: Timestamp,
        order: &SwitchOrder,
        patience: Span,
    ) -> Result<(), Violation> {
        let command = order.id;
        if !self.given.insert(command) {
            return Err(Violation::NumberReused { command });
        }
        self.under_way.insert(command);
        let ends = matches!(
            order.command,
            SwitchCommand::HangUp { .. } | SwitchCommand::Refuse { .. }
        );
        if !ends {
            return Ok(());
        }
        let Some(channel) = order.command.channel().cloned() else {
            return Ok(());
        };
        let switch = order.switch.clone();
        let leg = LegId { switch, channel };
        self.ends.insert(command, leg.clone());
        self.ended.insert(leg.clone());
        match self.ending.insert(leg.clone(), (command, at)) {
            Some((before, since)) if at.since(since) < patience => Err(Violation::EndedLegTwice {
                leg,
                command,
                before,
            }),
            _ => Ok(()),
        }
    }

    /// The engine is told the answer.
    pub fn answered(&mut self, command: CommandId, done: bool) {
        self.under_way.remove(&command);
        if !done {
            self.failed(command);
        }
    }

    /// An order failed or was given up.
    pub fn failed(&mut self, command: CommandId) {
        self.under_way.remove(&command);
        let Some(leg) = self.ends.remove(&command) else {
            return;
        };
        if self.ending.get(&leg).is_some_and(|(id, _)| *id == command) {
            self.ending.remove(&leg);
        }
    }

    /// The far end of a leg answered: an order to refuse it may have come too late.
    pub fn leg_answered(&mut self, leg: &LegId) {
        self.ending.remove(leg);
    }

    /// Whether this run ordered the leg to end.
    pub fn ended(&self, leg: &LegId) -> bool {
        self.ended.contains(leg)
    }

    /// The engine is gone, and with it what it waited for.
    pub fn forget(&mut self) {
        self.under_way.clear();
        self.ending.clear();
        self.ends.clear();
        self.ended.clear();
    }

    /// # Errors
    /// When the engine waits for an answer that it had or that nobody owes it.
    pub fn compare(&self, engine: &Engine) -> Result<(), Violation> {
        let strange = engine
            .unanswered()
            .find(|command| !self.under_way.contains(command));
        match strange {
            Some(command) => Err(Violation::UnknownOrder { command }),
            None => Ok(()),
        }
    }
}
