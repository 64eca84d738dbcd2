//! Finds what cannot be meant in a calendar.

use crate::config::calendar::hours::{DAY, Days, Hours, Weekday};
use crate::config::calendar::openings::DAYS_AHEAD;
use crate::config::calendar::{CalendarConfig, DayDate};
use crate::config::finding::Severity;
use crate::engine::time::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;

/// One thing found: the keys below the calendar that lead to it, what is wrong,
/// and what would mend it.
pub(crate) struct Doubt {
    pub(crate) severity: Severity,
    pub(crate) path: Vec<String>,
    pub(crate) what: String,
    pub(crate) repair: String,
}

impl CalendarConfig {
    /// Everything that is wrong with it on any day.
    pub(crate) fn doubts(&self) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        self.twice(&mut doubts);
        self.week(&mut doubts);
        self.special(&mut doubts);
        self.make_up(&mut doubts);
        if self.hours.is_empty() && self.special_days.is_empty() {
            let repair = "add its hours, for example mon-fri = [\"09:00-18:00\"]";
            doubts.push(warning(&["hours"], "it is never open".to_owned(), repair));
        }
        doubts
    }

    /// That its holidays soon come to their end, and from when on that is so.
    pub(crate) fn ending(&self) -> Option<(Timestamp, Doubt)> {
        let last = self.holidays.keys().max_by_key(|days| days.last)?;
        let from = last.last.saturating_sub(i64::from(DAYS_AHEAD).days());
        let begins = from.to_zoned(self.time_zone.0.clone()).ok()?;
        let what = format!(
            "no holiday is given after {}: later ones count as working days",
            last.last
        );
        let repair = "add those that are announced since";
        let doubt = warning(&["holidays", &last.to_string()], what, repair);
        Some((
            Timestamp::from_millis(begins.timestamp().as_millisecond()),
            doubt,
        ))
    }

    /// Weekdays and dates that are given more than once.
    fn twice(&self, doubts: &mut Vec<Doubt>) {
        let mut seen: Vec<Days> = Vec::new();
        for days in self.hours.keys() {
            let both = |day: &Weekday| {
                days.contains(*day) && seen.iter().any(|other| other.contains(*day))
            };
            if let Some(day) = Weekday::ALL.iter().find(|day| both(day)) {
                let what = format!("{day} is also in another entry");
                let repair = "give the hours of each weekday once";
                doubts.push(error(&["hours", &days.to_string()], what, repair));
            }
            seen.push(*days);
        }
        let mut holidays = self.holidays.iter().peekable();
        while let (Some((days, name)), Some((next, other))) = (holidays.next(), holidays.peek()) {
            if next.first <= days.last {
                let what = format!("{} is in {name:?} and in {other:?}", next.first);
                let repair = "let the one end before the other begins";
                doubts.push(error(&["holidays", &next.to_string()], what, repair));
            }
        }
    }

    /// Hours that overlap within the week.
    fn week(&self, doubts: &mut Vec<Doubt>) {
        for (days, hours) in &self.hours {
            if let Some((one, other)) = overlap(hours) {
                doubts.push(overlapping(&["hours", &days.to_string()], one, other));
                continue;
            }
            for day in Weekday::ALL.iter().filter(|day| days.contains(**day)) {
                let next = Weekday::ALL[(day.index() + 1) % 7];
                let over_midnight = hours.iter().max_by_key(|hours| hours.closes);
                let tomorrow = self.hours_on(next);
                let first = tomorrow.iter().min();
                if let (Some(night), Some(first)) = (over_midnight, first)
                    && night.closes > first.opens + DAY
                {
                    let what = format!("{night} of {day} overlaps with {first} of {next}");
                    let path = ["hours", &days.to_string()];
                    doubts.push(error(
                        &path,
                        what,
                        "let the one end before the other begins",
                    ));
                    break;
                }
            }
        }
    }

    fn special(&self, doubts: &mut Vec<Doubt>) {
        for (DayDate(date), hours) in &self.special_days {
            let path = ["special_days", &date.to_string()];
            if let Some((one, other)) = overlap(hours) {
                doubts.push(overlapping(&path, one, other));
            }
            if self.make_up_days.contains_key(&DayDate(*date)) {
                let what = "it is also a make-up day".to_owned();
                doubts.push(error(&path, what, "keep one of the two"));
            }
        }
    }

    fn make_up(&self, doubts: &mut Vec<Doubt>) {
        for (DayDate(date), weekday) in &self.make_up_days {
            let path = ["make_up_days", &date.to_string()];
            if let Some(name) = self.holiday(*date) {
                let what = format!("it lies in the holiday {name:?}");
                doubts.push(error(&path, what, "correct the date of one of the two"));
            }
            let hours = self.hours_on(*weekday);
            let own = Weekday::of(*date);
            let own_hours = self.hours_on(own);
            if hours.is_empty() {
                let what = format!("{weekday} has no hours");
                let repair = "name a weekday on which it is open";
                doubts.push(error(&path, what, repair));
            } else if own_hours == hours || !(own.is_weekend() || own_hours.is_empty()) {
                let what = format!("it is a {own}, which is a working day anyway");
                let repair = "leave it out, or correct the date";
                doubts.push(warning(&path, what, repair));
            }
        }
    }

    fn holiday(&self, date: Date) -> Option<&str> {
        let mut holidays = self.holidays.iter();
        let (_, name) = holidays.find(|(days, _)| days.contains(date))?;
        Some(name)
    }
}

/// The first two that share a minute.
fn overlap(hours: &[Hours]) -> Option<(Hours, Hours)> {
    let mut sorted = hours.to_vec();
    sorted.sort_unstable();
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    pairs
        .into_iter()
        .find(|(one, other)| other.opens < one.closes)
        .map(|(one, other)| (*one, *other))
}

fn overlapping(path: &[&str], one: Hours, other: Hours) -> Doubt {
    let what = format!("{one} overlaps with {other}");
    error(path, what, "let the one end before the other begins")
}

fn error(path: &[&str], what: String, repair: &str) -> Doubt {
    doubt(Severity::Error, path, what, repair)
}

fn warning(path: &[&str], what: String, repair: &str) -> Doubt {
    doubt(Severity::Warning, path, what, repair)
}

fn doubt(severity: Severity, path: &[&str], what: String, repair: &str) -> Doubt {
    Doubt {
        severity,
        path: path.iter().map(|key| (*key).to_owned()).collect(),
        what,
        repair: repair.to_owned(),
    }
}
