//! What was learnt about one queue.

use crate::engine::estimate::calibration::{Bounds, Calibration, LEVELS, LearntCalibration};
use crate::engine::estimate::durations::{Durations, LearntDurations, ms};
use crate::engine::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Handling a call, in milliseconds, until some were seen: four minutes in the mean.
const HANDLING: [u64; 10] = [
    30_000, 55_000, 80_000, 105_000, 135_000, 170_000, 215_000, 290_000, 420_000, 900_000,
];
/// From the offer to the answer, likewise.
const RING: [u64; 10] = [
    1_500, 2_500, 3_500, 4_500, 5_500, 6_500, 8_000, 10_000, 14_000, 20_000,
];
/// One caller left in so much waiting, until more is known.
const WAITED_FOR_ONE: f64 = 900_000.0;
/// Waits after which an old one counts a third.
const WAITS_KEPT: f64 = 300.0;

/// What is learnt is told again after so many waits, or after fewer and a while.
const TOLD_AFTER: u32 = 100;
const TOLD_EARLIER: u32 = 10;
const TOLD_AGAIN: Span = Span::seconds(600);

/// What was learnt about a queue, as the journal keeps it for the next run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learnt {
    /// How long a call keeps an agent: ring, talk and wrap-up.
    pub handling: LearntDurations,
    /// From the first offer to the answer.
    pub ring: LearntDurations,
    /// Callers who left, in thousandths, in so many milliseconds of waiting.
    pub left: u64,
    pub waited_ms: u64,
    /// The corrections of what is stated at the entry, and later.
    pub at_entry: LearntCalibration,
    pub later: LearntCalibration,
}

#[derive(Debug)]
pub(super) struct QueueModel {
    pub(super) handling: Durations,
    ring: Durations,
    /// Its quantiles for the three bounds, for a ring that begins.
    rings: Bounds,
    /// Of what is stated at the entry, and later.
    pub(super) at_entry: Calibration,
    pub(super) later: Calibration,
    left: f64,
    waited: f64,
    /// Waits since this was told last, and when that was.
    untold: u32,
    told: Option<Timestamp>,
}

impl Default for QueueModel {
    fn default() -> Self {
        let ring = Durations::expecting(&RING);
        Self {
            handling: Durations::expecting(&HANDLING),
            rings: bounds_of(&ring, 0.0),
            ring,
            at_entry: Calibration::default(),
            later: Calibration::default(),
            left: 1.0,
            waited: WAITED_FOR_ONE,
            untold: 0,
            told: None,
        }
    }
}

impl QueueModel {
    /// An offer was answered after so long.
    pub(super) fn rang(&mut self, rang: Span) {
        self.ring.add(rang);
        self.rings = bounds_of(&self.ring, 0.0);
    }

    /// From an offer to its answer.
    pub(super) fn ring(&self) -> Bounds {
        self.rings
    }

    /// The same of one that was made so many milliseconds ago.
    pub(super) fn rest_of_ring(&self, age: f64) -> Bounds {
        bounds_of(&self.ring, age)
    }

    /// A wait is over.
    pub(super) fn waited(&mut self, waited: Span, left: bool) {
        let keep = 1.0 - 1.0 / WAITS_KEPT;
        self.left = self.left * keep + f64::from(u8::from(left));
        self.waited = self.waited * keep + ms(waited);
        self.untold += 1;
    }

    /// Of those who wait, the share that leaves each millisecond.
    pub(super) fn leaving(&self) -> f64 {
        self.left / self.waited.max(1_000.0)
    }

    /// Whether enough was learnt to be told again.
    pub(super) fn is_due(&mut self, at: Timestamp) -> bool {
        let told = *self.told.get_or_insert(at);
        self.untold >= TOLD_AFTER || (self.untold >= TOLD_EARLIER && at.since(told) >= TOLD_AGAIN)
    }

    /// What is known, told `at`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounds positive numbers far below the limit"
    )]
    pub(super) fn tell(&mut self, at: Timestamp) -> Learnt {
        self.untold = 0;
        self.told = Some(at);
        Learnt {
            handling: self.handling.learnt(),
            ring: self.ring.learnt(),
            left: (self.left * 1_000.0).round() as u64,
            waited_ms: self.waited.round() as u64,
            at_entry: self.at_entry.learnt(),
            later: self.later.learnt(),
        }
    }

    pub(super) fn restore(&mut self, learnt: &Learnt) {
        self.handling.restore(&learnt.handling);
        self.ring.restore(&learnt.ring);
        self.rings = bounds_of(&self.ring, 0.0);
        self.at_entry.restore(&learnt.at_entry);
        self.later.restore(&learnt.later);
        self.left = ms(Span::millis(learnt.left)) / 1_000.0;
        self.waited = ms(Span::millis(learnt.waited_ms));
    }
}

fn bounds_of(durations: &Durations, age: f64) -> Bounds {
    LEVELS.map(|level| durations.quantile(age, level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_what_the_next_run_knows() {
        let mut model = QueueModel::default();
        for nth in 0..150 {
            model.handling.add(Span::seconds(60 + nth));
            model.rang(Span::millis(u64::from(nth) * 50));
            model.waited(Span::seconds(nth), nth % 3 == 0);
        }
        let at = Timestamp::from_millis(5);
        assert!(model.is_due(at));
        let learnt = model.tell(at);
        assert!(!model.is_due(at));
        let mut again = QueueModel::default();
        again.restore(&learnt);
        assert_eq!(again.tell(at), learnt);
        let text = serde_json::to_string(&learnt).unwrap();
        assert!(text.len() < 2_000, "{}", text.len());
    }
}
