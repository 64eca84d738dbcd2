//! Weekdays and opening hours as they are written in a calendar.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::str::FromStr;

/// Minutes of a day without a change of the clock.
pub(super) const DAY: u32 = 24 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Weekday {
    pub const ALL: [Weekday; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    pub fn of(date: Date) -> Self {
        let monday = usize::try_from(date.weekday().to_monday_zero_offset());
        Self::ALL[monday.unwrap_or_default()]
    }

    pub fn is_weekend(self) -> bool {
        matches!(self, Self::Sat | Self::Sun)
    }

    /// Whole days since Monday.
    pub(super) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Weekday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(Self::NAMES[self.index()])
    }
}

impl FromStr for Weekday {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let position = Self::NAMES.iter().position(|name| *name == text);
        position.map(|index| Self::ALL[index]).ok_or_else(|| {
            let known = Self::NAMES.join(", ");
            format!("{text:?} is not a weekday; known: {known}, and ranges such as mon-fri")
        })
    }
}

/// One weekday or several in a row: `sat`, `mon-fri`, over Sunday too (`fri-mon`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Days {
    pub first: Weekday,
    pub last: Weekday,
}

impl Days {
    pub fn contains(&self, day: Weekday) -> bool {
        if self.first <= self.last {
            self.first <= day && day <= self.last
        } else {
            self.first <= day || day <= self.last
        }
    }
}

impl FromStr for Days {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Ok(Self {
            first: first.parse()?,
            last: last.parse()?,
        })
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return self.first.fmt(f);
        }
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// One stretch of a day on the clock on the wall: `08:30-12:00`, `22:00-06:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hours {
    /// Minutes since midnight.
    pub opens: u32,
    /// Minutes since the same midnight; more than a day's for the next day.
    pub closes: u32,
}

impl FromStr for Hours {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} are not hours such as \"08:30-12:00\"");
        let (opens, closes) = text.split_once('-').ok_or_else(wrong)?;
        let opens = minutes(opens).filter(|at| *at < DAY).ok_or_else(wrong)?;
        let closes = minutes(closes).ok_or_else(wrong)?;
        match closes {
            _ if closes == opens => Err(format!(
                "{text:?} ends when it begins; write \"00:00-24:00\" for a whole day"
            )),
            _ if closes < opens => Ok(Self {
                opens,
                closes: closes + DAY,
            }),
            _ => Ok(Self { opens, closes }),
        }
    }
}

/// `HH:MM` up to 24:00.
fn minutes(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit());
        digits.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |at: u32| format!("{:02}:{:02}", at / 60, at % 60);
        let closes = match self.closes {
            past if past > DAY => past - DAY,
            within => within,
        };
        write!(f, "{}-{}", clock(self.opens), clock(closes))
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_shown_as_they_were_written() {
        for text in ["08:30-12:00", "22:00-06:00", "00:00-24:00"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn hours_past_midnight_end_on_the_next_day() {
        let night: Hours = "22:00-06:00".parse().unwrap();
        assert_eq!((night.opens, night.closes), (22 * 60, 30 * 60));
    }

    #[test]
    fn what_are_no_hours_say_so() {
        for text in [
            "8:30-12:00",
            "08:30",
            "08:60-09:00",
            "24:00-06:00",
            "08:00-24:01",
            "+8:00-09:00",
        ] {
            let why = text.parse::<Hours>().unwrap_err();
            assert!(why.contains("are not hours"), "{text}: {why}");
        }
        let none = "08:00-08:00".parse::<Hours>().unwrap_err();
        assert!(none.contains("ends when it begins"), "{none}");
    }

    #[test]
    fn a_range_of_weekdays_may_go_over_sunday() {
        let days: Days = "sat-mon".parse().unwrap();
        let held: Vec<Weekday> = Weekday::ALL
            .into_iter()
            .filter(|day| days.contains(*day))
            .collect();
        assert_eq!(held, [Weekday::Mon, Weekday::Sat, Weekday::Sun]);
        assert!("mo-fri".parse::<Days>().is_err());
    }
}
