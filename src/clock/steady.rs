//! Wall time that never jumps: it goes on at the pace of the monotonic clock, and
//! what the wall clock is away from it is made up for little by little.

use crate::engine::time::Timestamp;
use std::time::Duration;

/// From one comparison with the wall clock to the next.
const PERIOD: Duration = Duration::from_secs(1);
/// What is made up for in a period at most: time passes by a twentieth faster or
/// slower than it does. Deadlines are not so tight that this matters to them.
const MOST_IN_A_PERIOD: i64 = 50_000;

/// A clock that is told the readings of the system's clocks.
#[derive(Clone, Debug)]
pub struct SteadyClock {
    /// The monotonic reading of the last comparison.
    compared: Duration,
    /// What was shown then, in microseconds since the Unix epoch.
    shown: i64,
    /// Added little by little in the period after it, in microseconds.
    correction: i64,
}

impl SteadyClock {
    /// A clock that shows wall time now. `monotonic` counts from any beginning,
    /// `wall` from the Unix epoch.
    pub fn new(monotonic: Duration, wall: Duration) -> Self {
        Self {
            compared: monotonic,
            shown: micros(wall),
            correction: 0,
        }
    }

    /// Whether it is time for a comparison with the wall clock.
    pub fn is_due(&self, monotonic: Duration) -> bool {
        monotonic.saturating_sub(self.compared) >= PERIOD
    }

    /// Compares with the wall clock. Gives how far that is ahead, in microseconds.
    pub fn compare(&mut self, monotonic: Duration, wall: Duration) -> i64 {
        self.shown = self.micros_at(monotonic);
        self.compared = self.compared.max(monotonic);
        let ahead = micros(wall).saturating_sub(self.shown);
        self.correction = ahead.clamp(-MOST_IN_A_PERIOD, MOST_IN_A_PERIOD);
        ahead
    }

    /// The time at a monotonic reading.
    pub fn shows(&self, monotonic: Duration) -> Timestamp {
        Timestamp::from_millis(self.micros_at(monotonic).div_euclid(1_000))
    }

    fn micros_at(&self, monotonic: Duration) -> i64 {
        let passed = monotonic.saturating_sub(self.compared);
        let correcting = micros(passed.min(PERIOD));
        let corrected = self.correction * correcting / micros(PERIOD);
        self.shown
            .saturating_add(micros(passed))
            .saturating_add(corrected)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Duration = Duration::from_secs(1_800_000_000);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// What a clock shows over the time given, read ten times a second, while
    /// the wall clock is `ahead` of the truth by so many milliseconds.
    fn readings(clock: &mut SteadyClock, from: u64, to: u64, ahead: i64) -> Vec<i64> {
        let read = |tenth: u64| {
            let monotonic = Duration::from_millis(tenth * 100);
            let truth = i64::try_from((BEGIN + monotonic).as_millis()).unwrap();
            let wall = Duration::from_millis(u64::try_from(truth + ahead).unwrap());
            if clock.is_due(monotonic) {
                clock.compare(monotonic, wall);
            }
            clock.shows(monotonic).as_millis() - truth
        };
        (from * 10..to * 10).map(read).collect()
    }

    #[test]
    fn a_clock_that_nobody_sets_is_shown_as_it_is() {
        let mut clock = SteadyClock::new(seconds(0), BEGIN);
        assert!(readings(&mut clock, 0, 10, 0).iter().all(|off| *off == 0));
    }

    #[test]
    fn a_clock_set_forward_or_back_is_followed_slowly_and_reached() {
        for jump in [30_000, -30_000] {
            let mut clock = SteadyClock::new(seconds(0), BEGIN);
            let off = readings(&mut clock, 0, 700, jump);
            let steps = off.windows(2).map(|pair| (pair[1] - pair[0]).abs());
            // A tenth of a second is 100 ms long: within a twentieth, and rounding.
            assert!(steps.max().unwrap() <= 6, "{jump}");
            assert!((off[3_000] - jump / 2).abs() < 100, "{}", off[3_000]);
            assert_eq!(off.last(), Some(&jump));
        }
    }

    #[test]
    fn after_a_long_time_without_a_reading_nothing_is_made_up_for_twice() {
        let mut clock = SteadyClock::new(seconds(0), BEGIN);
        clock.compare(seconds(1), BEGIN + Duration::from_millis(1_020));
        let shown = clock.shows(seconds(3_600)).as_millis();
        let truth = i64::try_from((BEGIN + seconds(3_600)).as_millis()).unwrap();
        assert_eq!(shown - truth, 20);
    }

    #[test]
    fn time_never_goes_back_whatever_the_wall_clock_says() {
        let mut clock = SteadyClock::new(seconds(0), BEGIN);
        let mut last = clock.shows(seconds(0));
        for tenth in 0..600_u64 {
            let monotonic = Duration::from_millis(tenth * 100);
            clock.compare(monotonic, Duration::from_secs(tenth * 7_919 % 3_600));
            let shown = clock.shows(monotonic);
            assert!(shown >= last);
            last = shown;
        }
    }
}
