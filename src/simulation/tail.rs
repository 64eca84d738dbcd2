//! The journal's disk: entries become durable in order and a little later. A
//! crash takes those that are not.

use crate::engine::command::Command;
use crate::engine::time::{Span, Timestamp};
use crate::switch::SwitchOrder;
use std::collections::VecDeque;

/// What one event led to.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) commands: Vec<Command>,
    /// Orders that wait for this entry to be durable.
    pub(super) gated: Vec<SwitchOrder>,
}

#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Entries that are not durable yet, each with the time when it will be.
    waiting: VecDeque<(Timestamp, Entry)>,
    /// Nothing becomes durable before.
    stalled_until: Timestamp,
    last: Timestamp,
}

impl Tail {
    /// Adds an entry; it is durable after `commit`, and never before an earlier one.
    pub(super) fn append(&mut self, now: Timestamp, commit: Span, entry: Entry) {
        self.last = self.last.max(now + commit).max(self.stalled_until);
        self.waiting.push_back((self.last, entry));
    }

    /// Nothing becomes durable until then.
    pub(super) fn stall(&mut self, until: Timestamp) {
        self.stalled_until = self.stalled_until.max(until);
        for (durable, _) in &mut self.waiting {
            *durable = (*durable).max(until);
        }
        self.last = self.last.max(until);
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.waiting.front().map(|(durable, _)| *durable)
    }

    /// The oldest entry that is durable by `now` and was not taken yet.
    pub(super) fn take_durable(&mut self, now: Timestamp) -> Option<Entry> {
        let (durable, _) = self.waiting.front()?;
        if *durable > now {
            return None;
        }
        self.waiting.pop_front().map(|(_, entry)| entry)
    }

    /// Loses what is not durable; how many entries that were.
    pub(super) fn lose(&mut self) -> usize {
        let lost = self.waiting.len();
        self.waiting.clear();
        lost
    }
}
