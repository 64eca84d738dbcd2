//! The only reader of the system's clocks.

use crate::engine::time::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now, in UTC milliseconds.
pub fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

/// Now, on the clock that never goes back: for measuring how long something took.
pub fn monotonic() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the monotonic clock"
    )]
    Instant::now()
}
