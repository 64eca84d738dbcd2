//! Lockout: after repeated failures a name is refused for a while, whether or
//! not anybody has it. Counted per name and address, so that a stranger cannot
//! lock a colleague out from elsewhere.

use crate::engine::time::{Span, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Failures before the first lockout.
const FREE_FAILURES: u32 = 5;
/// The first lockout; each further failure doubles it.
const FIRST: Span = Span::seconds(30);
const LONGEST: Span = Span::seconds(15 * 60);
/// Failures older than this are forgotten.
const MEMORY: Span = Span::seconds(60 * 60);
/// Names and addresses remembered; beyond it the one that failed longest ago goes.
const REMEMBERED: usize = 10_000;

#[derive(Debug, Default)]
pub struct Lockout {
    failures: BTreeMap<(String, IpAddr), Failures>,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Lockout {
    /// Until when this name may not sign in from there, if it may not.
    pub fn locked_until(&self, name: &str, from: IpAddr, now: Timestamp) -> Option<Timestamp> {
        let failures = self.failures.get(&key(name, from))?;
        let beyond = failures.count.checked_sub(FREE_FAILURES)?;
        let span = FIRST
            .as_millis()
            .saturating_mul(1 << beyond.min(10))
            .min(LONGEST.as_millis());
        let until = failures.last + Span::millis(span);
        (until > now).then_some(until)
    }

    pub fn failed(&mut self, name: &str, from: IpAddr, now: Timestamp) {
        self.failures
            .retain(|_, failures| now.since(failures.last) < MEMORY);
        if self.failures.len() >= REMEMBERED {
            let oldest = self
                .failures
                .iter()
                .min_by_key(|(_, failures)| failures.last);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.failures.remove(&oldest);
            }
        }
        let failures = self.failures.entry(key(name, from)).or_insert(Failures {
            count: 0,
            last: now,
        });
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    pub fn succeeded(&mut self, name: &str, from: IpAddr) {
        self.failures.remove(&key(name, from));
    }
}

fn key(name: &str, from: IpAddr) -> (String, IpAddr) {
    (
        name.chars().take(150).collect::<String>().to_lowercase(),
        from,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

    #[test]
    fn the_fifth_failure_locks_and_time_unlocks() {
        let (mut lockout, start) = (Lockout::default(), Timestamp::from_millis(1_000_000));
        for _ in 0..4 {
            lockout.failed("mei", HERE, start);
        }
        assert_eq!(lockout.locked_until("mei", HERE, start), None);
        lockout.failed("Mei", HERE, start);
        assert_eq!(
            lockout.locked_until("mei", HERE, start),
            Some(start + FIRST)
        );
        assert_eq!(lockout.locked_until("mei", THERE, start), None);
        assert_eq!(lockout.locked_until("mei", HERE, start + FIRST), None);
        lockout.failed("mei", HERE, start);
        assert_eq!(
            lockout.locked_until("mei", HERE, start),
            Some(start + Span::seconds(60))
        );
        lockout.succeeded("mei", HERE);
        assert_eq!(lockout.locked_until("mei", HERE, start), None);
    }

    #[test]
    fn made_up_names_cannot_fill_the_memory() {
        let mut lockout = Lockout::default();
        for n in 0..i64::try_from(REMEMBERED).unwrap() {
            let last = Timestamp::from_millis(n);
            lockout
                .failures
                .insert(key(&n.to_string(), HERE), Failures { count: 1, last });
        }
        lockout.failed("one more", HERE, Timestamp::from_millis(20_000));
        assert_eq!(lockout.failures.len(), REMEMBERED);
        assert!(
            !lockout.failures.contains_key(&key("0", HERE)),
            "the oldest goes"
        );
    }
}
