//! How long to wait before the next attempt to connect: longer each time, and
//! never the same for two controllers.

use crate::engine::id::SwitchId;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);
/// After another program took our place.
const REST: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    jitter: Pcg32,
}

impl Backoff {
    pub(super) fn new(switch: &SwitchId) -> Self {
        let name = switch.as_str().bytes();
        let name = name.fold(0_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let now = u64::try_from(crate::clock::now().as_millis()).unwrap_or_default();
        Self {
            next: FIRST,
            jitter: Pcg32::seed_from_u64(now ^ name.rotate_left(32)),
        }
    }

    /// The wait before the next attempt: between half and the whole of a time
    /// that doubles up to ten seconds.
    pub(super) fn next(&mut self) -> Duration {
        let wait = self.next.mul_f64(self.jitter.random_range(0.5..=1.0));
        self.next = (self.next * 2).min(LONGEST);
        wait
    }

    /// Makes the next wait a long one.
    pub(super) fn rest(&mut self) {
        self.next = REST;
    }

    pub(super) fn reset(&mut self) {
        self.next = FIRST;
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
        backoff.rest();
        assert!((REST / 2..=REST).contains(&backoff.next()));
        assert!(backoff.next() <= LONGEST);
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
