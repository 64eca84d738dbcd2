//! How long something takes: what was seen of it, the older the less it counts.

use crate::engine::time::Span;
use serde::{Deserialize, Serialize};

/// What was seen so often ago counts a third of what is seen now.
const MEMORY: f64 = 200.0;
/// Milliseconds of one unit of the scale.
const UNIT: u64 = 250;
/// Units with a bin of their own; above, each doubling has [`PARTS`] bins.
const SINGLE: u64 = 8;
const PARTS: u64 = 4;
/// The last bin begins above nine hours.
const BINS: usize = 68;

/// A distribution of durations, as weights in bins that are finer for the
/// shorter ones, like a decimal number with two digits. Only exact arithmetic
/// (no logarithms), so that every machine computes the same.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Durations {
    weights: [f64; BINS],
    /// The weight in the bins before each.
    before: [f64; BINS + 1],
    mean_ms: f64,
    /// Mean of the squares.
    square: f64,
}

/// The same in whole numbers, as the journal keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearntDurations {
    /// The bins that are not empty, each with its weight in thousandths.
    pub bins: Vec<(u8, u32)>,
    pub mean_ms: u64,
    /// Standard deviation.
    pub deviation_ms: u64,
}

impl Durations {
    /// What to believe before anything was seen: each of these as likely.
    pub(super) fn expecting(typical_ms: &[u64]) -> Self {
        let mut durations = Self {
            weights: [0.0; BINS],
            before: [0.0; BINS + 1],
            mean_ms: 0.0,
            square: 0.0,
        };
        for ms in typical_ms {
            durations.add(Span::millis(*ms));
        }
        durations
    }

    pub(super) fn add(&mut self, seen: Span) {
        let total = self.total();
        // The first ones count fully; later each takes the place of an old one.
        let keep = if total < MEMORY {
            1.0
        } else {
            1.0 - 1.0 / MEMORY
        };
        self.weights.iter_mut().for_each(|weight| *weight *= keep);
        self.weights[bin(seen.as_millis())] += 1.0;
        self.sum_up();
        let (ms, part) = (ms(seen), 1.0 / self.total());
        self.mean_ms += (ms - self.mean_ms) * part;
        self.square += (ms * ms - self.square) * part;
    }

    fn sum_up(&mut self) {
        let mut sum = 0.0;
        for (before, weight) in self.before.iter_mut().zip(self.weights) {
            *before = sum;
            sum += weight;
        }
        self.before[BINS] = sum;
    }

    fn total(&self) -> f64 {
        self.before[BINS]
    }

    /// In milliseconds; at least one unit.
    pub(super) fn mean_ms(&self) -> f64 {
        self.mean_ms.max(ms(Span::millis(UNIT)))
    }

    /// The squared coefficient of variation: 0 when all last equally long, 1
    /// for an exponential distribution.
    pub(super) fn variability(&self) -> f64 {
        let mean = self.mean_ms();
        ((self.square - mean * mean) / (mean * mean)).clamp(0.05, 4.0)
    }

    /// The weight of what lasted less than `ms`.
    fn below(&self, ms: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "floors a number that is not negative"
        )]
        let bin = bin(ms.max(0.0) as u64);
        let (from, to) = (edge(bin), edge(bin + 1));
        let part = ((ms - from) / (to - from)).clamp(0.0, 1.0);
        self.before[bin] + self.weights[bin] * part
    }

    /// The probability that what has lasted `age` ends within `ms` more.
    pub(super) fn ends_within(&self, age: f64, ms: f64) -> f64 {
        let gone = self.below(age);
        self.ends_after(age, gone, ms)
    }

    /// The same for many values of `ms`, with [`Self::gone`] computed once.
    pub(super) fn ends_after(&self, age: f64, gone: f64, ms: f64) -> f64 {
        let left = self.total() - gone;
        if left < 0.5 {
            // It lasts longer than anything seen; such things last on for about
            // as long as they have lasted.
            return ms / (ms + age.max(1_000.0));
        }
        ((self.below(age + ms) - gone) / left).clamp(0.0, 1.0)
    }

    /// The weight of what ended before `age`.
    pub(super) fn gone(&self, age: f64) -> f64 {
        self.below(age)
    }

    /// The duration, in milliseconds, that what has lasted `age` is over with
    /// this probability.
    pub(super) fn quantile(&self, age: f64, probability: f64) -> f64 {
        let (mut low, mut high) = (0.0, edge(BINS));
        for _ in 0..32 {
            let middle = (low + high) * 0.5;
            if self.ends_within(age, middle) < probability {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounds numbers that are neither negative nor near the limit"
    )]
    pub(super) fn learnt(&self) -> LearntDurations {
        let bins = self.weights.iter().enumerate();
        let bins = bins.map(|(bin, weight)| {
            (
                u8::try_from(bin).unwrap_or(u8::MAX),
                (weight * 1_000.0).round() as u32,
            )
        });
        let variance = (self.square - self.mean_ms * self.mean_ms).max(0.0);
        LearntDurations {
            bins: bins.filter(|(_, weight)| *weight > 0).collect(),
            mean_ms: self.mean_ms.round() as u64,
            deviation_ms: variance.sqrt().round() as u64,
        }
    }

    pub(super) fn restore(&mut self, learnt: &LearntDurations) {
        self.weights = [0.0; BINS];
        for (bin, weight) in &learnt.bins {
            if let Some(known) = self.weights.get_mut(usize::from(*bin)) {
                *known = f64::from(*weight) / 1_000.0;
            }
        }
        self.sum_up();
        self.mean_ms = ms(Span::millis(learnt.mean_ms));
        let deviation = ms(Span::millis(learnt.deviation_ms));
        self.square = self.mean_ms * self.mean_ms + deviation * deviation;
    }
}

/// Which bin a duration belongs to.
fn bin(ms: u64) -> usize {
    let units = ms / UNIT;
    let bin = match units {
        0..SINGLE => units,
        _ => {
            let octave = u64::from(units.ilog2());
            SINGLE + (octave - 3) * PARTS + ((units >> (octave - 2)) & (PARTS - 1))
        }
    };
    usize::try_from(bin).unwrap_or(BINS).min(BINS - 1)
}

/// Where a bin begins, in milliseconds.
fn edge(bin: usize) -> f64 {
    let bin = bin as u64;
    let units = match bin {
        0..SINGLE => bin,
        _ => {
            let (octave, part) = ((bin - SINGLE) / PARTS + 3, (bin - SINGLE) % PARTS);
            (PARTS + part) << (octave - 2)
        }
    };
    ms(Span::millis(units * UNIT))
}

/// Milliseconds to compute with.
#[expect(
    clippy::cast_precision_loss,
    reason = "spans in calls are far below 2^52 milliseconds"
)]
pub(super) fn ms(span: Span) -> f64 {
    span.as_millis() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_lies_between_the_edges_of_its_bin() {
        for ms in (0..40_000_000).step_by(977) {
            let bin = bin(ms);
            if bin < BINS - 1 {
                assert!(
                    edge(bin) <= ms as f64 && (ms as f64) < edge(bin + 1),
                    "{ms}"
                );
            }
        }
    }

    #[test]
    fn what_has_lasted_long_ends_otherwise_than_what_began() {
        let mut seen = Durations::expecting(&[]);
        (0..100).for_each(|_| seen.add(Span::seconds(60)));
        (0..100).for_each(|_| seen.add(Span::seconds(600)));
        assert!((seen.ends_within(0.0, 100_000.0) - 0.5).abs() < 0.01);
        // After two minutes it is one of the long ones.
        assert!(seen.ends_within(120_000.0, 300_000.0) < 0.01);
        let rest = seen.quantile(120_000.0, 0.5);
        assert!((400_000.0..600_000.0).contains(&rest), "{rest}");
        // Nothing so long was seen.
        assert!((seen.ends_within(7_200_000.0, 7_200_000.0) - 0.5).abs() < 0.01);
    }

    #[test]
    fn the_new_takes_the_place_of_the_old() {
        let mut seen = Durations::expecting(&[240_000; 10]);
        (0..1_000).for_each(|_| seen.add(Span::seconds(60)));
        assert!((seen.mean_ms() - 60_000.0).abs() < 2_000.0);
        assert!(seen.variability() < 0.2);
        let mut again = Durations::expecting(&[]);
        again.restore(&seen.learnt());
        assert_eq!(again.learnt(), seen.learnt());
    }
}
