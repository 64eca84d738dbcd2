//! A queue: the calls that wait in it, in order, and the agents free for them.

use crate::engine::centre::QueueSettings;
use crate::engine::id::{CallId, QueueId};
use crate::engine::idle_order::IdleOrder;
use crate::engine::time::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A call's place: higher priority first, then the earlier entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    priority: Reverse<i32>,
    pub(crate) entered: Timestamp,
    pub(crate) call: CallId,
}

impl Place {
    pub(crate) fn new(priority: i32, entered: Timestamp, call: CallId) -> Self {
        Self {
            priority: Reverse(priority),
            entered,
            call,
        }
    }

    pub(crate) fn priority(&self) -> i32 {
        self.priority.0
    }
}

/// One queue on one switch; what a change of an agent touches lies in one line
/// of the processor's cache.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Line {
    /// Calls that wait without an offer.
    pub(crate) waiting: BTreeSet<Place>,
    pub(crate) idle: IdleOrder,
}

impl Line {
    /// Takes over the calls only.
    pub(crate) fn without_agents(&mut self) -> Self {
        Self {
            waiting: std::mem::take(&mut self.waiting),
            idle: IdleOrder::default(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) id: QueueId,
    pub(crate) settings: QueueSettings,
    /// Calls in the queue, those being offered included.
    length: u32,
}

impl Queue {
    pub(crate) fn new(id: QueueId, settings: QueueSettings) -> Self {
        Self {
            id,
            settings,
            length: 0,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length >= self.settings.max_waiting
    }

    /// Calls that entered and have neither been answered nor left.
    pub(crate) fn length(&self) -> u32 {
        self.length
    }

    pub(crate) fn entered(&mut self) {
        self.length += 1;
    }

    pub(crate) fn left(&mut self) {
        self.length = self.length.saturating_sub(1);
    }
}
