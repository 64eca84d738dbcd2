//! When a site is open, as the engine is told of it: plain points in time. The
//! time zone, the holidays and the make-up days were worked out by whoever
//! configured the centre.

use crate::engine::id::CalendarId;
use crate::engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One stretch of open time: from `opens` up to, and without, `closes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Opening {
    pub opens: Timestamp,
    pub closes: Timestamp,
}

/// The open hours of one calendar over some weeks: sorted, none touches the
/// next. Outside the weeks it covers it is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Opening>", into = "Vec<Opening>")]
pub struct Openings(Vec<Opening>);

impl Openings {
    /// In any order; what overlaps or touches becomes one, what is empty none.
    pub fn new(mut openings: Vec<Opening>) -> Self {
        openings.retain(|opening| opening.opens < opening.closes);
        openings.sort_unstable();
        openings.dedup_by(|later, earlier| {
            let joined = later.opens <= earlier.closes;
            if joined {
                earlier.closes = earlier.closes.max(later.closes);
            }
            joined
        });
        Self(openings)
    }

    pub fn is_open(&self, at: Timestamp) -> bool {
        self.from(at).is_some_and(|opening| opening.opens <= at)
    }

    /// When it next opens or closes after `at`, as far as is known.
    pub fn next_change(&self, at: Timestamp) -> Option<Timestamp> {
        self.from(at).map(|opening| {
            if opening.opens > at {
                opening.opens
            } else {
                opening.closes
            }
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = &Opening> {
        self.0.iter()
    }

    /// The first opening that is not over at `at`.
    fn from(&self, at: Timestamp) -> Option<&Opening> {
        let over = self.0.partition_point(|opening| opening.closes <= at);
        self.0.get(over)
    }
}

/// The calendars of a centre.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Calendars(BTreeMap<CalendarId, Openings>);

impl Calendars {
    /// Whether a calendar is open; one that is gone from the settings always is,
    /// like a queue that has none.
    pub fn is_open(&self, calendar: &CalendarId, at: Timestamp) -> bool {
        self.get(calendar)
            .is_none_or(|openings| openings.is_open(at))
    }

    pub fn get(&self, calendar: &CalendarId) -> Option<&Openings> {
        self.0.get(calendar)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&CalendarId, &Openings)> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(CalendarId, Openings)> for Calendars {
    fn from_iter<I: IntoIterator<Item = (CalendarId, Openings)>>(calendars: I) -> Self {
        Self(calendars.into_iter().collect())
    }
}

impl From<Vec<Opening>> for Openings {
    fn from(openings: Vec<Opening>) -> Self {
        Self::new(openings)
    }
}

impl From<Openings> for Vec<Opening> {
    fn from(openings: Openings) -> Self {
        openings.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn openings(spans: &[(i64, i64)]) -> Openings {
        let opening = |(opens, closes): &(i64, i64)| Opening {
            opens: at(*opens),
            closes: at(*closes),
        };
        Openings::new(spans.iter().map(opening).collect())
    }

    #[test]
    fn it_is_open_from_the_opening_up_to_the_closing() {
        let hours = openings(&[(10, 20), (30, 40)]);
        let open: Vec<i64> = (0..50).filter(|now| hours.is_open(at(*now))).collect();
        assert_eq!(open, (10..20).chain(30..40).collect::<Vec<_>>());
    }

    #[test]
    fn the_next_change_is_the_nearest_opening_or_closing() {
        let hours = openings(&[(10, 20), (30, 40)]);
        let changes = [(0, Some(10)), (10, Some(20)), (20, Some(30)), (40, None)];
        for (now, change) in changes {
            assert_eq!(hours.next_change(at(now)), change.map(at), "after {now}");
        }
    }

    #[test]
    fn openings_that_overlap_or_touch_are_one_and_empty_ones_none() {
        let hours = openings(&[(30, 40), (15, 30), (10, 20), (50, 50), (60, 55)]);
        assert_eq!(hours, openings(&[(10, 40)]));
    }

    #[test]
    fn without_openings_it_is_closed_and_stays_so() {
        assert!(!Openings::default().is_open(at(0)));
        assert_eq!(Openings::default().next_change(at(0)), None);
    }
}
