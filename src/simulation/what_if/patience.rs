//! How long callers wait before they leave, from a record in which most of them
//! were answered before.

use crate::engine::time::Span;
use crate::switch::simulated::chance::Chance;

/// A wait that ended: who left had no more patience; who was answered had at
/// least so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wait {
    pub(super) lasted: Span,
    pub(super) left: bool,
}

/// The share of callers who are still there after a time (E. L. Kaplan and
/// P. Meier, Nonparametric estimation from incomplete observations, 1958).
#[derive(Clone, Debug, Default)]
pub(super) struct Survival {
    /// Times at which somebody left, with the share still there afterwards.
    steps: Vec<(Span, f64)>,
}

impl Survival {
    pub(super) fn of(mut waits: Vec<Wait>) -> Self {
        waits.sort_unstable();
        let mut there = waits.len();
        let (mut share, mut steps) = (1.0, Vec::new());
        for same in waits.chunk_by(|one, other| one.lasted == other.lasted) {
            let left = same.iter().filter(|wait| wait.left).count();
            if left > 0 {
                share *= 1.0 - part(left, there);
                steps.push((same[0].lasted, share));
            }
            there -= same.len();
        }
        Self { steps }
    }

    /// The patience of somebody who had more than `waited`. None who would not
    /// have left within any time that was seen.
    pub(super) fn beyond(&self, waited: Span, chance: &mut Chance) -> Option<Span> {
        let seen = self.steps.partition_point(|(after, _)| *after <= waited);
        let there = match seen {
            0 => 1.0,
            _ => self.steps[seen - 1].1,
        };
        #[expect(clippy::cast_precision_loss, reason = "below a million")]
        let share = there * (chance.number(1_000_000) as f64 / 1e6);
        let mut later = self.steps[seen..].iter();
        later
            .find(|(_, left)| *left <= share)
            .map(|(after, _)| *after)
    }
}

#[expect(clippy::cast_precision_loss, reason = "calls are far below 2^52")]
fn part(of: usize, all: usize) -> f64 {
    of as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_answered_early_says_nothing_about_later() {
        let waits = |lasted: u32, left, count| {
            let lasted = Span::seconds(lasted);
            std::iter::repeat_n(Wait { lasted, left }, count)
        };
        // Of ten, six are answered at once; of the four others two leave after
        // 10 s, and one of the last two after 60 s.
        let all = waits(1, false, 6)
            .chain(waits(10, true, 2))
            .chain(waits(60, true, 1))
            .chain(waits(90, false, 1));
        let survival = Survival::of(all.collect());
        assert_eq!(
            survival.steps,
            [(Span::seconds(10), 0.5), (Span::seconds(60), 0.25)]
        );
        let mut chance = Chance::new(1, "patience");
        let drawn: Vec<_> = (0..1_000)
            .map(|_| survival.beyond(Span::seconds(20), &mut chance))
            .collect();
        assert!(
            drawn
                .iter()
                .all(|patience| patience.is_none_or(|s| s == Span::seconds(60)))
        );
        let leave = drawn.iter().flatten().count();
        assert!((450..550).contains(&leave), "{leave}");
    }
}
