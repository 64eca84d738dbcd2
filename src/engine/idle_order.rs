//! The agents free for one queue on one switch, longest idle first.
//!
//! Agents become free roughly in the order in which they were idle since, and
//! the longest idle are taken first. So an entry is added at the back, and one
//! whose agent is no longer free stays until it has come to the front or until
//! such entries are the majority. Nothing is searched or moved when an agent
//! takes a call, in however many queues they are.

use crate::engine::queues::AgentIndex;
use crate::engine::time::Timestamp;
use std::collections::VecDeque;

/// Entries without a free agent that are never worth a tidying up.
const SPARE: usize = 32;

/// An agent, and since when they are idle. Of two idle equally long, the one
/// whose name comes first has the lower index.
pub(crate) type Idle = (Timestamp, AgentIndex);

#[derive(Debug, Default)]
pub(crate) struct IdleOrder {
    entries: VecDeque<Idle>,
    /// An entry was added behind a later one.
    mixed: bool,
    /// Agents that are free.
    free: u32,
}

impl IdleOrder {
    /// How many agents are free.
    pub(crate) fn len(&self) -> u32 {
        self.free
    }

    /// An agent became free. `is_free` says whether the agent of an entry still is.
    pub(crate) fn add(&mut self, idle: Idle, is_free: impl Fn(&Idle) -> bool) {
        if self.free == 0 {
            self.entries.clear();
            self.mixed = false;
        }
        self.free += 1;
        if self.entries.len() > 2 * self.free as usize + SPARE {
            self.entries.retain(&is_free);
        }
        match self.entries.back() {
            // Free again, as if nothing had been.
            Some(back) if *back == idle => return,
            Some(back) => self.mixed |= *back > idle,
            None => {}
        }
        self.entries.push_back(idle);
    }

    /// An agent is no longer free; [`IdleOrder::add`] and [`IdleOrder::tidy`] are told so.
    pub(crate) fn drop_one(&mut self) {
        self.free -= 1;
    }

    /// Brings the entries into order, a free agent's first.
    pub(crate) fn tidy(&mut self, is_free: impl Fn(&Idle) -> bool) {
        if std::mem::take(&mut self.mixed) {
            self.entries.retain(&is_free);
            self.entries.make_contiguous().sort_unstable();
            let mut before = None;
            self.entries
                .retain(|idle| before.replace(*idle) != Some(*idle));
        }
        while self.entries.front().is_some_and(|idle| !is_free(idle)) {
            self.entries.pop_front();
        }
    }

    /// The entries, those of agents no longer free among them; in order after
    /// [`IdleOrder::tidy`].
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Idle> {
        self.entries.iter()
    }
}
