//! How often somebody may ask for what is costly to carry out.

use crate::engine::time::{Span, Timestamp};
use std::collections::{BTreeMap, VecDeque};

/// Requests within [`WINDOW`].
const MOST: usize = 30;
const WINDOW: Span = Span::seconds(60);

/// What each login asked for lately.
#[derive(Debug, Default)]
pub struct Rate {
    asked: BTreeMap<String, VecDeque<Timestamp>>,
}

impl Rate {
    /// Counts a request.
    ///
    /// # Errors
    /// The seconds after which the next one is taken.
    pub fn take(&mut self, who: &str, now: Timestamp) -> Result<(), u64> {
        self.asked.retain(|_, times| {
            times.retain(|at| now.since(*at) < WINDOW);
            !times.is_empty()
        });
        let times = self.asked.entry(who.to_owned()).or_default();
        match times.front() {
            Some(first) if times.len() >= MOST => {
                let rest = WINDOW
                    .as_millis()
                    .saturating_sub(now.since(*first).as_millis());
                Err(rest.div_ceil(1_000).max(1))
            }
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_a_minute_are_taken_and_then_the_oldest_is_waited_for() {
        let mut rate = Rate::default();
        let at = |s: i64| Timestamp::from_millis(s * 1_000);
        for s in 0..30 {
            assert_eq!(rate.take("anna", at(s)), Ok(()));
        }
        assert_eq!(rate.take("anna", at(30)), Err(30));
        assert_eq!(rate.take("bert", at(30)), Ok(()));
        assert_eq!(rate.take("anna", at(60)), Ok(()));
    }
}
