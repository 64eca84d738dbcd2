//! A queue, and the places of the calls in it.

use crate::engine::centre::QueueSettings;
use crate::engine::id::{CallId, QueueId};
use crate::engine::idle_order::IdleOrder;
use crate::engine::time::{Span, Timestamp};
use std::collections::BTreeSet;

/// A call's place. Of two calls the one goes first that would have entered
/// first if each point of priority were so much waiting done before; of equal
/// priority that is the one that entered first. So a call is overtaken only by
/// calls that enter within the worth of their advantage in priority after it,
/// and waits for nobody for ever (accumulating priority at one rate; Kleinrock,
/// "A delay dependent queue discipline", 1964).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Milliseconds since the epoch, less the worth of the priority.
    rank: i64,
    pub(crate) entered: Timestamp,
    pub(crate) call: CallId,
    priority: i32,
}

impl Place {
    /// `worth` is how much waiting one point of priority counts for.
    pub(crate) fn new(priority: i32, entered: Timestamp, call: CallId, worth: Span) -> Self {
        let worth = i64::try_from(worth.as_millis()).unwrap_or(i64::MAX);
        let ahead = worth.saturating_mul(priority.into());
        Self {
            rank: entered.as_millis().saturating_sub(ahead),
            entered,
            call,
            priority,
        }
    }

    pub(crate) fn priority(&self) -> i32 {
        self.priority
    }
}

/// One demand on one switch; what a change of an agent touches lies in one line
/// of the processor's cache.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Line {
    /// Calls that wait without an offer.
    pub(crate) waiting: BTreeSet<Place>,
    pub(crate) idle: IdleOrder,
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

#[cfg(test)]
mod tests {
    use super::*;
    use ulid::Ulid;

    fn place(priority: i32, seconds: i64) -> Place {
        let call = CallId::from_ulid(Ulid::from_parts(0, 1));
        let entered = Timestamp::from_millis(seconds * 1_000);
        Place::new(priority, entered, call, Span::seconds(60))
    }

    #[test]
    fn a_call_is_overtaken_within_the_worth_of_the_priority_and_no_longer() {
        assert!(place(1, 59) < place(0, 0));
        assert!(place(0, 0) < place(1, 61));
        assert!(place(3, 179) < place(0, 0));
        assert!(place(-1, 0) > place(0, 59));
        assert!(place(i32::MAX, 1_000_000_000) < place(i32::MIN, 0));
    }
}
