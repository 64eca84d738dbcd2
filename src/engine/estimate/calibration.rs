//! Corrects stated intervals by how the last ones turned out, so that they hold
//! as often as they say, whatever the model of the queue leaves out.
//!
//! Each bound is multiplied by a factor that follows the quantile it stands for:
//! up a little when a wait was longer, down when it was shorter, in the
//! proportion in which the two should happen. What it follows is a level that is
//! itself moved by how often the bounds *as they were stated* held: while a load
//! changes, the factors are late, and levels further out make up for it
//! (adaptive conformal inference).

use crate::engine::estimate::durations::ms;
use crate::engine::time::Span;
use serde::{Deserialize, Serialize};

/// The probabilities that a wait is over by each bound.
pub(super) const LEVELS: [f64; 3] = [0.1, 0.5, 0.9];

/// Medians up to so many milliseconds are corrected together: short waits turn
/// out otherwise than long ones.
const CLASSES: [f64; 4] = [10_000.0, 40_000.0, 150_000.0, 600_000.0];
pub(super) const CLASS_COUNT: usize = CLASSES.len() + 1;

/// How far a factor goes at least with each outcome.
const STEP: f64 = 0.03;
/// The first outcomes move it further.
const FIRST_STEP: f64 = 0.4;
/// Factors stay within this and its inverse.
const FURTHEST: f64 = 30.0;
/// How far the levels that the factors follow go with each outcome.
const LEVEL_STEP: f64 = 0.004;
/// Between these for the lowest bound; likewise from above for the highest.
const LOWEST: (f64, f64) = (0.005, 0.2);

/// By when a wait is over, in milliseconds, for each of [`LEVELS`].
pub(super) type Bounds = [f64; 3];

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calibration {
    classes: [Factors; CLASS_COUNT],
    /// What the factors follow.
    levels: [f64; 3],
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Factors {
    by: [f64; 3],
    /// Outcomes seen.
    seen: f64,
}

/// The corrections in whole numbers, as the journal keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearntCalibration {
    /// For short to long waits.
    pub classes: Vec<LearntFactors>,
    /// The levels that the factors follow, in millionths.
    pub levels: [u64; 3],
}

/// One class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearntFactors {
    /// The factors of the three bounds, in millionths.
    pub by: [u64; 3],
    pub seen: u32,
}

/// How a wait went on after its interval was stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered(Span),
    /// The caller left: the wait would have been longer.
    Left(Span),
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            classes: [Factors {
                by: [1.0; 3],
                seen: 0.0,
            }; CLASS_COUNT],
            levels: LEVELS,
        }
    }
}

impl Calibration {
    /// The corrected bounds, in order.
    pub(super) fn correct(&self, raw: Bounds) -> Bounds {
        let by = self.classes[class(raw)].by;
        let median = raw[1] * by[1];
        [
            (raw[0] * by[0]).min(median),
            median,
            (raw[2] * by[2]).max(median),
        ]
    }

    /// Learns from the outcome of a wait for which these bounds were computed, and
    /// those were stated.
    pub(super) fn learn(&mut self, raw: Bounds, stated: Bounds, outcome: Outcome) {
        self.move_levels(stated, outcome);
        let now = self.correct(raw);
        let factors = &mut self.classes[class(raw)];
        let step = STEP.max(FIRST_STEP / (1.0 + factors.seen * 0.25));
        factors.seen = (factors.seen + 1.0).min(1_000_000.0);
        for (nth, level) in self.levels.into_iter().enumerate() {
            let over = over_by(&now, nth, outcome);
            let (up, down) = ((1.0 - over) * level, over * (1.0 - level));
            let moved = factors.by[nth] * (1.0 + step * up) / (1.0 + step * down);
            factors.by[nth] = moved.clamp(1.0 / FURTHEST, FURTHEST);
        }
    }

    fn move_levels(&mut self, stated: Bounds, outcome: Outcome) {
        let (least, most) = LOWEST;
        let mut moved = |nth: usize, (least, most): (f64, f64)| {
            let missed = LEVELS[nth] - over_by(&stated, nth, outcome);
            let level = self.levels[nth] + LEVEL_STEP * missed;
            self.levels[nth] = level.clamp(least, most);
        };
        moved(0, (least, most));
        moved(2, (1.0 - most, 1.0 - least));
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounds positive numbers far below the limit"
    )]
    pub(super) fn learnt(&self) -> LearntCalibration {
        let classes = self.classes.iter();
        let classes = classes.map(|factors| LearntFactors {
            by: factors.by.map(|by| (by * 1e6).round() as u64),
            seen: factors.seen as u32,
        });
        LearntCalibration {
            classes: classes.collect(),
            levels: self.levels.map(|level| (level * 1e6).round() as u64),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "factors in millionths are far below 2^52"
    )]
    pub(super) fn restore(&mut self, learnt: &LearntCalibration) {
        self.levels = learnt.levels.map(|level| level as f64 / 1e6);
        for (factors, learnt) in self.classes.iter_mut().zip(&learnt.classes) {
            factors.by = learnt
                .by
                .map(|by| (by as f64 / 1e6).clamp(1.0 / FURTHEST, FURTHEST));
            factors.seen = f64::from(learnt.seen);
        }
    }
}

fn class(raw: Bounds) -> usize {
    let limits = CLASSES.iter();
    limits.filter(|limit| raw[1] > **limit).count()
}

/// Whether a wait was over by a bound. For one that was cut short, how probably
/// it would have been (Efron's redistribution to the right).
fn over_by(bounds: &Bounds, nth: usize, outcome: Outcome) -> f64 {
    match outcome {
        Outcome::Answered(wait) if ms(wait) <= bounds[nth] => 1.0,
        Outcome::Answered(_) => 0.0,
        Outcome::Left(wait) if ms(wait) >= bounds[nth] => 0.0,
        Outcome::Left(wait) => {
            let already = probability(bounds, ms(wait));
            ((LEVELS[nth] - already) / (1.0 - already)).max(0.0)
        }
    }
}

/// The probability that a wait with these bounds is over by `ms`.
fn probability(bounds: &Bounds, ms: f64) -> f64 {
    let mut before = (0.0, 0.0);
    for (bound, level) in bounds.iter().zip(LEVELS) {
        if ms < *bound {
            let part = (ms - before.0) / (bound - before.0);
            return before.1 + (level - before.1) * part;
        }
        before = (*bound, level);
    }
    LEVELS[2]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_pcg::Pcg64;
    use rand_pcg::rand_core::{Rng, SeedableRng};

    #[test]
    fn bounds_that_are_too_low_rise_until_they_hold_as_often_as_they_say() {
        let mut generator = Pcg64::seed_from_u64(1);
        let mut calibration = Calibration::default();
        let raw = [5_000.0, 15_000.0, 30_000.0];
        let mut over = [0; 3];
        for nth in 0..6_000 {
            let wait = Span::millis(generator.next_u64() % 100_000);
            if nth >= 1_000 {
                let stated = calibration.correct(raw);
                for (count, bound) in over.iter_mut().zip(stated) {
                    *count += u32::from(ms(wait) <= bound);
                }
            }
            calibration.learn(raw, calibration.correct(raw), Outcome::Answered(wait));
        }
        assert!((450..550).contains(&over[0]), "{over:?}");
        assert!((2_400..2_600).contains(&over[1]), "{over:?}");
        assert!((4_450..4_550).contains(&over[2]), "{over:?}");
    }

    #[test]
    fn callers_who_leave_do_not_pull_the_bounds_down_to_those_who_stay() {
        let mut generator = Pcg64::seed_from_u64(2);
        let mut calibration = Calibration::default();
        let raw = [10_000.0, 50_000.0, 90_000.0];
        for _ in 0..20_000 {
            let wait = Span::millis(generator.next_u64() % 100_000);
            let patience = Span::millis(generator.next_u64() % 200_000);
            let outcome = match wait <= patience {
                true => Outcome::Answered(wait),
                false => Outcome::Left(patience),
            };
            calibration.learn(raw, calibration.correct(raw), outcome);
        }
        let stated = calibration.correct(raw);
        for (bound, right) in stated.into_iter().zip(raw) {
            assert!((bound / right - 1.0).abs() < 0.15, "{stated:?}");
        }
    }

    #[test]
    fn what_was_learnt_is_restored() {
        let mut calibration = Calibration::default();
        let raw = [1_000.0, 2_000.0, 3_000.0];
        (0..50).for_each(|n| calibration.learn(raw, raw, Outcome::Answered(Span::millis(n * 100))));
        let mut again = Calibration::default();
        again.restore(&calibration.learnt());
        assert_eq!(again.learnt(), calibration.learnt());
    }
}
