//! The wall clock of the controller's machine: the true time, and how far it is off.

use crate::engine::time::{Span, Timestamp};
use std::time::Duration;

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

    /// What the clock shows at a true time, since the Unix epoch.
    pub(super) fn shows(self, truly: Timestamp) -> Duration {
        let shown = truly.as_millis().saturating_add(self.ahead);
        Duration::from_millis(u64::try_from(shown).unwrap_or(0))
    }
}

fn millis(span: Span) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
