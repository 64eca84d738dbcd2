//! How long an adapter waits before its next attempt to connect: longer each
//! time, and never the same for two controllers.

use crate::engine::id::SwitchId;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);
/// After another controller took our place, and no longer than this however
/// often it happens.
const REST: Duration = Duration::from_secs(60);
const LONGEST_REST: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    rest: Duration,
    jitter: Pcg32,
}

impl Backoff {
    pub(super) fn new(switch: &SwitchId) -> Self {
        let name = switch.as_str().bytes();
        let name = name.fold(0_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let now = u64::try_from(crate::clock::now().as_millis()).unwrap_or_default();
        let process = u64::from(std::process::id()).rotate_left(48);
        Self {
            next: FIRST,
            rest: REST,
            jitter: Pcg32::seed_from_u64(now ^ process ^ name.rotate_left(32)),
        }
    }

    /// The wait before the next attempt: between half and the whole of a time
    /// that doubles up to ten seconds.
    pub(super) fn next(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        self.part_of(whole)
    }

    /// A long wait, doubled each time: two that take the switch from each other
    /// in turn would harm it.
    pub(super) fn rest(&mut self) -> Duration {
        let whole = self.rest;
        self.rest = (whole * 2).min(LONGEST_REST);
        self.part_of(whole)
    }

    /// A connection was made: the next attempt comes soon after it is lost.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    fn part_of(&mut self, whole: Duration) -> Duration {
        whole.mul_f64(self.jitter.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_its_limit_and_begins_anew() {
        let mut backoff = Backoff::new(&SwitchId::new("a").unwrap());
        assert!((FIRST / 2..=FIRST).contains(&backoff.next()));
        for _ in 0..20 {
            backoff.next();
        }
        assert!((LONGEST / 2..=LONGEST).contains(&backoff.next()));
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn being_replaced_again_and_again_makes_the_rests_longer() {
        let mut backoff = Backoff::new(&SwitchId::new("a").unwrap());
        assert!((REST / 2..=REST).contains(&backoff.rest()));
        backoff.reset();
        assert!((REST..=REST * 2).contains(&backoff.rest()));
        for _ in 0..10 {
            backoff.rest();
        }
        assert!((LONGEST_REST / 2..=LONGEST_REST).contains(&backoff.rest()));
    }
}
