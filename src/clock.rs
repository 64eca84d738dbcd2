//! The only reader of the system's clocks.

pub mod steady;

use crate::engine::time::Timestamp;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use steady::SteadyClock;

/// The wall clock is said to have been set when it is this far from what it
/// was taken for, in microseconds.
const SET: i64 = 1_000_000;

/// The process's time, from its first reading on.
struct Process {
    began: Instant,
    clock: SteadyClock,
    /// How far ahead the wall clock was at the last comparison, in microseconds.
    ahead: i64,
}

static PROCESS: LazyLock<Mutex<Process>> = LazyLock::new(|| {
    Mutex::new(Process {
        began: monotonic(),
        clock: SteadyClock::new(Duration::ZERO, wall()),
        ahead: 0,
    })
});

/// Now, in UTC milliseconds. Never goes back and never jumps: where the
/// machine's clock is set, it is followed slowly ([`SteadyClock`]).
pub fn now() -> Timestamp {
    let mut process = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    let monotonic = process.began.elapsed();
    let was_set = process.clock.is_due(monotonic) && process.compare(monotonic);
    let (shown, ahead) = (process.clock.shows(monotonic), process.ahead);
    drop(process);
    if was_set {
        tracing::warn!(
            ahead_ms = ahead / 1_000,
            "the machine's clock was set; it is followed slowly, and at once by the next start"
        );
    }
    shown
}

impl Process {
    /// Compares with the wall clock; whether that was set since the last time.
    fn compare(&mut self, monotonic: Duration) -> bool {
        let before = self.ahead;
        self.ahead = self.clock.compare(monotonic, wall());
        self.ahead.abs_diff(before) > SET.unsigned_abs()
    }
}

/// What the machine's clock says, since the Unix epoch.
fn wall() -> Duration {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the wall clock"
    )]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Now, on the clock that never goes back: for measuring how long something took.
pub fn monotonic() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the monotonic clock"
    )]
    Instant::now()
}
