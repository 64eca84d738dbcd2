//! Dates as they are written in a calendar.

use jiff::civil::Date;
use std::fmt;
use std::str::FromStr;

/// One date or several in a row, as ISO 8601 writes them: `2026-10-01`,
/// `2026-10-01/2026-10-07`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dates {
    pub first: Date,
    pub last: Date,
}

impl Dates {
    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }
}

/// Reads `2026-10-01`, and nothing that merely begins like it.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let wrong = || format!("{text:?} is not a date such as 2026-10-01");
    let date = Date::strptime("%Y-%m-%d", text).map_err(|_| wrong())?;
    Some(date)
        .filter(|date| date.to_string() == text)
        .ok_or_else(wrong)
}

impl FromStr for Dates {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('/').unwrap_or((text, text));
        let dates = Self {
            first: date(first)?,
            last: date(last)?,
        };
        if dates.last < dates.first {
            return Err(format!("{last} is before {first}"));
        }
        Ok(dates)
    }
}

impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            return self.first.fmt(f);
        }
        write!(f, "{}/{}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_first_and_its_last_day() {
        let week: Dates = "2026-10-01/2026-10-07".parse().unwrap();
        assert!(week.contains(week.first) && week.contains(week.last));
        assert!(!week.contains(week.last.tomorrow().unwrap()));
        assert_eq!(week.to_string(), "2026-10-01/2026-10-07");
    }

    #[test]
    fn what_is_no_date_says_so() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-1-1",
            "tomorrow",
            "",
            "2026-10-01/",
        ] {
            assert!(
                text.parse::<Dates>()
                    .unwrap_err()
                    .contains("is not a date such as"),
                "{text}"
            );
        }
        let backwards = "2026-10-07/2026-10-01".parse::<Dates>().unwrap_err();
        assert_eq!(backwards, "2026-10-01 is before 2026-10-07");
    }
}
