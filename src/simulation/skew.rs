//! The controller's clock: the true time, and how far it is off.

use crate::engine::time::{Span, Timestamp};

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Skew {
    /// How far the clock is ahead of the true time, in milliseconds.
    ahead: i64,
}

impl Skew {
    pub(super) fn forward(&mut self, by: Span) {
        self.ahead = self.ahead.saturating_add(millis(by));
    }

    pub(super) fn backward(&mut self, by: Span) {
        self.ahead = self.ahead.saturating_sub(millis(by));
    }

    /// What the clock shows at a true time.
    pub(super) fn shows(self, truly: Timestamp) -> Timestamp {
        Timestamp::from_millis(truly.as_millis().saturating_add(self.ahead))
    }

    /// The true time at which the clock shows `shown`.
    pub(super) fn truly(self, shown: Timestamp) -> Timestamp {
        Timestamp::from_millis(shown.as_millis().saturating_sub(self.ahead))
    }
}

fn millis(span: Span) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
