//! Makes points in time of a calendar, for the engine, which knows no time zone.

use crate::config::calendar::hours::{DAY, Hours, Weekday};
use crate::config::calendar::{CalendarConfig, DayDate};
use crate::engine::calendar::{Opening, Openings};
use crate::engine::time::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, ToSpan};
use std::fmt;

/// How many days ahead the engine is told of.
pub const DAYS_AHEAD: u32 = 60;

/// What holds on one date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day<'c> {
    pub date: Date,
    /// The hours that begin on it.
    pub hours: Vec<Hours>,
    pub why: Why<'c>,
}

/// Why a date has the hours it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why<'c> {
    Weekday,
    Holiday(&'c str),
    Special,
    MakeUp(Weekday),
}

/// `2027-02-20 sat  08:30-12:00 13:30-18:00  make-up day: hours of wed`
impl fmt::Display for Day<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours: Vec<String> = self.hours.iter().map(Hours::to_string).collect();
        let hours = match hours.as_slice() {
            [] => "closed".to_owned(),
            hours => hours.join(" "),
        };
        write!(f, "{} {}  {hours}", self.date, Weekday::of(self.date))?;
        match self.why {
            Why::Weekday => Ok(()),
            Why::Holiday(name) => write!(f, "  holiday: {name}"),
            Why::Special => f.write_str("  special day"),
            Why::MakeUp(weekday) => write!(f, "  make-up day: hours of {weekday}"),
        }
    }
}

impl CalendarConfig {
    /// The open hours from yesterday to [`DAYS_AHEAD`] days after `now`.
    pub fn openings(&self, now: Timestamp) -> Openings {
        let today = self.date(now);
        // Two days back, because the hours of a day may end on the next one.
        let days = self.days(today.saturating_sub(2.days()), DAYS_AHEAD + 3);
        let openings = days.flat_map(|day| {
            let opening = |hours: &Hours| self.opening(day.date, *hours);
            day.hours.iter().map(opening).collect::<Vec<_>>()
        });
        let yesterday = self.moment(today.saturating_sub(1.day()).into(), Edge::Opens);
        Openings::new(
            openings
                .filter(|opening| opening.closes > yesterday)
                .collect(),
        )
    }

    /// The date that a calendar on the wall shows there at `at`.
    pub fn date(&self, at: Timestamp) -> Date {
        let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        instant.to_zoned(self.time_zone.0.clone()).date()
    }

    /// `count` days from `first` on.
    pub fn days(&self, first: Date, count: u32) -> impl Iterator<Item = Day<'_>> {
        let dates = std::iter::successors(Some(first), |date| date.tomorrow().ok());
        dates
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .map(|date| self.day(date))
    }

    pub fn day(&self, date: Date) -> Day<'_> {
        let (hours, why) = if let Some(hours) = self.special_days.get(&DayDate(date)) {
            (hours.clone(), Why::Special)
        } else if let Some(weekday) = self.make_up_days.get(&DayDate(date)) {
            (self.hours_on(*weekday), Why::MakeUp(*weekday))
        } else if let Some((_, name)) = self.holidays.iter().find(|(days, _)| days.contains(date)) {
            (Vec::new(), Why::Holiday(name))
        } else {
            (self.hours_on(Weekday::of(date)), Why::Weekday)
        };
        Day { date, hours, why }
    }

    /// The weekly hours that begin on this weekday.
    pub(super) fn hours_on(&self, weekday: Weekday) -> Vec<Hours> {
        let days = self.hours.iter();
        days.filter(|(days, _)| days.contains(weekday))
            .flat_map(|(_, hours)| hours.iter().copied())
            .collect()
    }

    fn opening(&self, date: Date, hours: Hours) -> Opening {
        let on_the_clock = |minutes: u32| {
            let date = if minutes < DAY {
                date
            } else {
                date.saturating_add(1.day())
            };
            let midnight: DateTime = date.into();
            midnight.saturating_add(SignedDuration::from_mins(i64::from(minutes % DAY)))
        };
        Opening {
            opens: self.moment(on_the_clock(hours.opens), Edge::Opens),
            closes: self.moment(on_the_clock(hours.closes), Edge::Closes),
        }
    }

    /// When the clock on the wall shows `time`.
    fn moment(&self, time: DateTime, edge: Edge) -> Timestamp {
        let zone = &self.time_zone.0;
        let instant = match zone.to_ambiguous_timestamp(time).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
            AmbiguousOffset::Gap { before, .. } => before
                .to_timestamp(time)
                .ok()
                .and_then(|after_the_gap| change_before(zone, after_the_gap)),
            AmbiguousOffset::Fold { before, after } => match edge {
                Edge::Opens => before.to_timestamp(time).ok(),
                Edge::Closes => after.to_timestamp(time).ok(),
            },
        };
        Timestamp::from_millis(instant.unwrap_or_default().as_millisecond())
    }
}

/// What a time on the clock is for. When the clock is set back and shows it
/// twice, it opens the first time and closes the second time, so that nobody
/// who goes by the clock finds it shut. When the clock is set forward over it,
/// both happen at that moment.
#[derive(Clone, Copy)]
enum Edge {
    Opens,
    Closes,
}

/// The last change of the zone's clock up to and with `instant`.
fn change_before(zone: &TimeZone, instant: jiff::Timestamp) -> Option<jiff::Timestamp> {
    let later = instant.checked_add(SignedDuration::from_secs(1)).ok()?;
    zone.preceding(later)
        .next()
        .map(|change| change.timestamp())
}
