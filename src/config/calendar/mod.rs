//! `[calendars.<id>]`: when a site is open. [`hours`] and [`dates`] are the words
//! it is written in, [`openings`] makes points in time of it, and [`check`] finds
//! what cannot be meant.

pub(super) mod check;
pub mod dates;
pub mod hours;
pub mod openings;

use crate::config::section::section;
use dates::Dates;
use hours::{Days, Hours, Weekday};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

section! {
    /// When a site is open, for the queues and flow blocks that name it. A day's
    /// hours are those of its own under special_days, otherwise those of the weekday
    /// under make_up_days; otherwise it is closed when it is a holiday, and has
    /// the hours of its weekday when it is not.
    pub struct CalendarConfig {
        /// Name of the time zone in the IANA database.
        required time_zone: Zone = "Asia/Shanghai",
        /// Opening hours by weekday: `mon` to `sun`, or a range such as `mon-fri`; a day that
        /// is not named is closed. Each as "HH:MM-HH:MM"; an end that is not after the
        /// beginning is on the next day, and 00:00-24:00 is the whole day.
        table hours: BTreeMap<Days, Vec<Hours>> = { mon-fri = ["08:30-12:00", "13:30-18:00"], sat = ["09:00-12:00"] },
        /// Holidays: a date, or the first and the last date with `/` between them, and the name.
        table holidays: BTreeMap<Dates, String> = { "2026-10-01/2026-10-07" = "国庆节" },
        /// Dates with hours of their own; none for closed.
        table special_days: BTreeMap<DayDate, Vec<Hours>> = { 2026-12-31 = ["08:30-12:00"] },
        /// Make-up working days (调休): dates on which the hours of the given weekday hold.
        table make_up_days: BTreeMap<DayDate, Weekday> = { 2026-10-10 = "fri" },
    }
}

/// A time zone, by its name in the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(pub TimeZone);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        TimeZone::get(&name).map(Self).map_err(|_| {
            let known: Vec<_> = jiff::tz::db().available().collect();
            let near = crate::nearest::suggestion(&name, known.iter().map(|name| name.as_str()));
            serde::de::Error::custom(format!(
                "unknown time zone {name:?}; {}",
                near.unwrap_or_else(|| "this machine has no time zone database".to_owned())
            ))
        })
    }
}

/// A date as the name of a table entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayDate(pub Date);

impl std::str::FromStr for DayDate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        dates::date(text).map(Self)
    }
}

#[cfg(test)]
mod tests;
