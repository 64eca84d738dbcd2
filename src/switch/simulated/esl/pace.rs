//! How fast the switch answers: as measured on FreeSWITCH 1.10.12, where one
//! connection's commands are worked off one after the other.

use std::time::{Duration, Instant};

/// What a command costs the real switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cost {
    /// `bgapi` starts a thread for each: 720 to 910 a second.
    Background,
    /// `api`, pipelined: 3,000 to 16,000 a second.
    Api,
    /// Everything else, as quick as the quickest.
    Other,
}

impl Cost {
    pub(super) fn of(line: &str) -> Self {
        if line.starts_with("bgapi ") {
            Cost::Background
        } else if line.starts_with("api ") {
            Cost::Api
        } else {
            Cost::Other
        }
    }

    const fn takes(self) -> Duration {
        match self {
            Cost::Background => Duration::from_micros(1_250),
            Cost::Api => Duration::from_micros(125),
            Cost::Other => Duration::from_micros(60),
        }
    }
}

/// Delays shorter than this are saved up: a timer is no finer.
const LEAST_WAIT: Duration = Duration::from_millis(1);

/// One connection's commands, each of which takes its time after the one before.
#[derive(Debug, Default)]
pub(super) struct Pace {
    busy_until: Option<Instant>,
}

impl Pace {
    /// Takes on a command at `now`; how long to wait before its answer.
    pub(super) fn take(&mut self, now: Instant, cost: Cost) -> Option<Duration> {
        let begins = self.busy_until.map_or(now, |busy| busy.max(now));
        let ends = begins + cost.takes();
        self.busy_until = Some(ends);
        let wait = ends.duration_since(now);
        (wait >= LEAST_WAIT).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::monotonic;

    #[test]
    fn commands_take_their_time_one_after_the_other() {
        let (mut pace, now) = (Pace::default(), monotonic());
        assert_eq!(pace.take(now, Cost::Api), None);
        assert_eq!(
            pace.take(now, Cost::Background),
            Some(Duration::from_micros(1_375))
        );
        let later = now + Duration::from_secs(1);
        assert_eq!(pace.take(later, Cost::Api), None, "the wait is over");
        let many = (0..16).filter_map(|_| pace.take(later, Cost::of("api status")));
        assert_eq!(many.last(), Some(Duration::from_micros(2_125)));
    }
}
