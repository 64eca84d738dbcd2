//! When the calls ahead will have found an agent or left, from what each agent
//! is doing now.

use crate::engine::estimate::calibration::Bounds;
use crate::engine::estimate::durations::Durations;

/// Points in time at which the releases are counted.
const POINTS: usize = 40;
/// How often the horizon is doubled when it was too near.
const TRIES: usize = 3;
/// The normal distribution's quantiles for the three bounds.
const NORMAL: [f64; 3] = [-1.281_551_565_5, 0.0, 1.281_551_565_5];

/// When an agent is free for another call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Release<'a> {
    Now,
    /// After so many milliseconds: the end of wrap-up or rest.
    After(f64),
    /// Busy with a call for so many milliseconds, which lasts as others did.
    Busy(f64, &'a Durations),
}

/// What a wait depends on.
#[derive(Debug)]
pub(super) struct Situation<'a> {
    /// One for each agent, or for a part of them.
    pub(super) agents: Vec<Release<'a>>,
    /// How many agents each of these stands for.
    pub(super) each: f64,
    /// How long a call keeps an agent.
    pub(super) handling: &'a Durations,
    /// How many agents have to be freed, for those ahead and this call.
    pub(super) needed: f64,
    /// Of those ahead, the share that leaves, each millisecond.
    pub(super) leaving: f64,
}

/// By when the last of the agents needed is freed.
pub(super) fn bounds(situation: &Situation<'_>) -> Bounds {
    let mut horizon = horizon(situation);
    for _ in 1..TRIES {
        let (bounds, reached) = count(situation, horizon);
        if reached {
            return bounds;
        }
        horizon *= 3.0;
    }
    count(situation, horizon).0
}

/// Freed agents a millisecond when all are busy.
fn rate(situation: &Situation<'_>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "agents are few")]
    let agents = situation.agents.len() as f64 * situation.each;
    agents / situation.handling.mean_ms()
}

/// About when the third bound is, in milliseconds.
fn horizon(situation: &Situation<'_>) -> f64 {
    let Situation {
        needed, leaving, ..
    } = situation;
    let most = needed + 1.6 * needed.sqrt();
    most / (rate(situation) + leaving * needed * 0.5)
}

/// Counts the releases up to the horizon; whether all bounds lie within it.
fn count(situation: &Situation<'_>, horizon: f64) -> (Bounds, bool) {
    #[expect(clippy::cast_precision_loss, reason = "there are a few dozen points")]
    let step = horizon / POINTS as f64;
    let first = first_releases(situation, step);
    let again = 1.0 / situation.handling.mean_ms();
    let variability = situation.handling.variability();
    let needed = situation.needed;
    // Of the first releases nothing can be in doubt but whether they came.
    let (mut repeated, mut left, mut ahead) = (0.0, 0.0, needed - 1.0);
    let mut before = [0.0; 3];
    let mut found: [Option<f64>; 3] = [None; 3];
    let (mut previous, mut freed_before) = (0.0, 0.0);
    let mut at = 0.0;
    for (point, (mean, variance)) in first.iter().enumerate() {
        if point > 0 {
            at += step;
            repeated += (mean + previous) * 0.5 * step * again;
        }
        previous = *mean;
        let freed = mean + repeated;
        ahead = (ahead - (freed - freed_before)).max(0.0);
        freed_before = freed;
        if point > 0 {
            let leaving = ahead * situation.leaving * step / (1.0 + situation.leaving * step);
            ahead -= leaving;
            left += leaving;
        }
        // Repeated releases only add: what the first ones say holds without them.
        let once = (mean + left, variance + left);
        let all = (once.0 + repeated, once.1 + repeated * variability);
        for (nth, normal) in NORMAL.into_iter().enumerate() {
            let short = short_of(needed, once, normal).min(short_of(needed, all, normal));
            if short <= 0.0 && found[nth].is_none() {
                let part = match point {
                    0 => 0.0,
                    _ => before[nth] / (before[nth] - short).max(1e-9),
                };
                found[nth] = Some((at - step + step * part.clamp(0.0, 1.0)).max(0.0));
            }
            before[nth] = short.max(0.0);
        }
    }
    let reached = found.iter().all(Option::is_some);
    let rate = rate(situation);
    let mut bounds = [0.0; 3];
    for (nth, bound) in bounds.iter_mut().enumerate() {
        *bound = found[nth].unwrap_or(at + before[nth] / rate);
    }
    (bounds, reached)
}

/// How many are freed for the first time by each point, in the mean, and the
/// variance of their number.
fn first_releases(situation: &Situation<'_>, step: f64) -> [(f64, f64); POINTS + 1] {
    let mut first = [(0.0, 0.0); POINTS + 1];
    for agent in &situation.agents {
        let gone = match agent {
            Release::Busy(age, handling) => handling.gone(*age),
            _ => 0.0,
        };
        let mut at = 0.0;
        for (mean, variance) in &mut first {
            let freed = match agent {
                Release::Now => 1.0,
                Release::After(ms) => f64::from(u8::from(*ms <= at)),
                Release::Busy(age, handling) => handling.ends_after(*age, gone, at),
            };
            *mean += freed * situation.each;
            *variance += freed * (1.0 - freed) * situation.each;
            at += step;
        }
    }
    first
}

/// How many releases more are to be expected, so that the bound is reached.
fn short_of(needed: f64, (mean, variance): (f64, f64), normal: f64) -> f64 {
    threshold(needed, variance / mean.max(1e-9), normal) - mean
}

/// How many releases are to be expected at a time, so that the number needed is
/// reached with the bound's probability: the quantile of a gamma distribution of
/// that mean, whose variance is `doubt` times the mean (Wilson and Hilferty).
fn threshold(needed: f64, doubt: f64, normal: f64) -> f64 {
    let part = doubt / (9.0 * needed);
    let root = (1.0 - part + normal * part.sqrt()).max(0.0);
    needed * root * root * root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::Span;

    /// Exponential with a mean of 100 s.
    fn exponential() -> Durations {
        let mut seen = Durations::expecting(&[]);
        for nth in 0..200 {
            let share = (f64::from(nth) + 0.5) / 200.0;
            seen.add(Span::millis((-100_000.0 * (1.0 - share).ln()) as u64));
        }
        seen
    }

    fn all_busy(agents: usize, needed: f64, leaving: f64) -> Bounds {
        let handling = exponential();
        bounds(&Situation {
            agents: vec![Release::Busy(30_000.0, &handling); agents],
            each: 1.0,
            handling: &handling,
            needed,
            leaving,
        })
    }

    fn is_near(bounds: Bounds, right: Bounds, tolerance: f64) {
        for (bound, right) in bounds.into_iter().zip(right) {
            assert!((bound / right - 1.0).abs() < tolerance, "{bounds:?}");
        }
    }

    #[test]
    fn the_first_of_many_waits_as_an_exponential_distribution_says() {
        // The minimum of ten with a mean of 100 s: a mean of 10 s.
        is_near(all_busy(10, 1.0, 0.0), [1_054.0, 6_931.0, 23_026.0], 0.12);
    }

    #[test]
    fn the_fortieth_waits_as_a_gamma_distribution_says() {
        // Shape 40, scale 10 s.
        let right = [321_000.0, 396_700.0, 483_000.0];
        is_near(all_busy(10, 40.0, 0.0), right, 0.08);
    }

    #[test]
    fn those_who_leave_shorten_the_wait_as_the_formula_with_abandonment_says() {
        // Sum of 1 / (s μ + i θ) for i = 0..=39 with s μ = 0.1/s and θ = 1/60 s.
        let mean: f64 = (0..40).map(|i| 1.0 / (0.1 + f64::from(i) / 60.0)).sum();
        let [_, median, _] = all_busy(10, 40.0, 1.0 / 60_000.0);
        assert!(
            (median / (mean * 1_000.0) - 1.0).abs() < 0.12,
            "{median} {mean}"
        );
    }

    #[test]
    fn the_end_of_a_wrap_up_is_known() {
        let handling = exponential();
        let [low, median, high] = bounds(&Situation {
            agents: vec![Release::After(12_000.0)],
            each: 1.0,
            handling: &handling,
            needed: 1.0,
            leaving: 0.0,
        });
        assert!(low > 6_000.0 && high < 20_000.0, "{low} {median} {high}");
    }

    #[test]
    fn a_part_of_many_agents_says_what_all_say() {
        let handling = exponential();
        let of = |agents: usize, each: f64| {
            bounds(&Situation {
                agents: vec![Release::Busy(50_000.0, &handling); agents],
                each,
                handling: &handling,
                needed: 100.0,
                leaving: 0.0,
            })
        };
        is_near(of(40, 50.0), of(2_000, 1.0), 0.001);
    }
}
