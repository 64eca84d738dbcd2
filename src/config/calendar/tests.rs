//! What a calendar makes of days on which the clock changes, of holidays and of
//! make-up days.

use super::openings::Why;
use super::*;
use crate::config::section::Section;
use crate::engine::time::Timestamp;

fn calendar(text: &str) -> CalendarConfig {
    CalendarConfig::parse(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_millis(instant.as_millisecond())
}

/// The openings that overlap with a day and those around it, as UTC.
fn told(calendar: &CalendarConfig, now: &str, count: usize) -> Vec<String> {
    let openings = calendar.openings(at(now));
    let shown = |at: Timestamp| {
        jiff::Timestamp::from_millisecond(at.as_millis())
            .unwrap()
            .to_string()
    };
    let spans = openings
        .iter()
        .map(|opening| format!("{} {}", shown(opening.opens), shown(opening.closes)));
    spans.take(count).collect()
}

/// How long it is open on a local date, in minutes, found minute by minute.
fn minutes_open(calendar: &CalendarConfig, date: &str) -> usize {
    let day: jiff::civil::Date = date.parse().unwrap();
    let zone = calendar.time_zone.0.clone();
    let begin = day.to_zoned(zone.clone()).unwrap().timestamp();
    let end = day.tomorrow().unwrap().to_zoned(zone).unwrap().timestamp();
    let openings = calendar.openings(Timestamp::from_millis(begin.as_millisecond()));
    (begin.as_second()..end.as_second())
        .step_by(60)
        .filter(|second| openings.is_open(Timestamp::from_millis(second * 1_000)))
        .count()
}

const BERLIN_NIGHT: &str = r#"
    time_zone = "Europe/Berlin"
    hours = { mon-sun = ["22:00-06:00"] }
"#;

#[test]
fn a_night_is_an_hour_shorter_when_the_clock_is_set_forward() {
    // On 28 March 2027 the clock goes from 02:00 to 03:00.
    let told = told(&calendar(BERLIN_NIGHT), "2027-03-28T10:00:00Z", 3);
    assert_eq!(
        told,
        [
            "2027-03-26T21:00:00Z 2027-03-27T05:00:00Z",
            "2027-03-27T21:00:00Z 2027-03-28T04:00:00Z",
            "2027-03-28T20:00:00Z 2027-03-29T04:00:00Z",
        ]
    );
}

#[test]
fn a_night_is_an_hour_longer_when_the_clock_is_set_back() {
    // On 31 October 2027 the clock goes from 03:00 to 02:00.
    let told = told(&calendar(BERLIN_NIGHT), "2027-10-31T10:00:00Z", 3);
    assert_eq!(
        told,
        [
            "2027-10-29T20:00:00Z 2027-10-30T04:00:00Z",
            "2027-10-30T20:00:00Z 2027-10-31T05:00:00Z",
            "2027-10-31T21:00:00Z 2027-11-01T05:00:00Z",
        ]
    );
}

#[test]
fn a_time_that_the_clock_leaves_out_is_the_moment_of_the_change() {
    let opens = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"02:30-08:00\"] }");
    assert_eq!(
        told(&opens, "2027-03-28T10:00:00Z", 1),
        ["2027-03-28T01:00:00Z 2027-03-28T06:00:00Z"]
    );
    let begins = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"02:00-08:00\"] }");
    assert_eq!(
        told(&begins, "2027-03-28T10:00:00Z", 1),
        ["2027-03-28T01:00:00Z 2027-03-28T06:00:00Z"]
    );
    let closes = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"00:00-02:30\"] }");
    assert_eq!(
        told(&closes, "2027-03-28T10:00:00Z", 1),
        ["2027-03-27T23:00:00Z 2027-03-28T01:00:00Z"]
    );
    let within = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"02:10-02:50\"] }");
    assert_eq!(minutes_open(&within, "2027-03-28"), 0);
}

#[test]
fn a_time_that_the_clock_shows_twice_opens_the_first_and_closes_the_second_time() {
    let around = calendar("time_zone = \"Europe/Berlin\"\nhours = { sun = [\"02:30-02:45\"] }");
    assert_eq!(
        told(&around, "2027-10-31T10:00:00Z", 1),
        ["2027-10-31T00:30:00Z 2027-10-31T01:45:00Z"]
    );
}

#[test]
fn a_whole_day_lasts_from_midnight_to_midnight_whatever_the_clock_does() {
    let always = calendar("time_zone = \"Europe/Berlin\"\nhours = { mon-sun = [\"00:00-24:00\"] }");
    assert_eq!(minutes_open(&always, "2027-03-28"), 23 * 60);
    assert_eq!(minutes_open(&always, "2027-10-31"), 25 * 60);
    // One opening from yesterday to the end of the last day told.
    assert_eq!(told(&always, "2027-06-01T00:00:00Z", 9).len(), 1);
    let saturday =
        calendar("time_zone = \"America/Santiago\"\nhours = { sat-sun = [\"00:00-24:00\"] }");
    // There the clock is set forward at midnight: 5 September 2027 begins at 01:00.
    assert_eq!(minutes_open(&saturday, "2027-09-05"), 23 * 60);
}

/// The national holidays of China from 国庆 2026 to 春节 2027 with the make-up
/// days of the year 2026, and two that stand for those of 2027.
const SHANGHAI: &str = r#"
    time_zone = "Asia/Shanghai"
    [hours]
    mon-fri = ["08:30-12:00", "13:30-18:00"]
    sat = ["09:00-12:00"]
    [holidays]
    "2026-09-25/2026-09-27" = "中秋节"
    "2026-10-01/2026-10-07" = "国庆节"
    "2027-01-01/2027-01-03" = "元旦"
    "2027-02-05/2027-02-11" = "春节"
    [special_days]
    2026-12-31 = ["08:30-12:00"]
    2027-02-06 = ["10:00-12:00"]
    [make_up_days]
    2026-09-20 = "thu"
    2026-10-10 = "wed"
    2027-02-20 = "wed"
"#;

#[test]
fn a_make_up_day_has_the_hours_of_its_weekday() {
    let shanghai = calendar(SHANGHAI);
    assert_eq!(minutes_open(&shanghai, "2026-09-20"), 8 * 60, "a Sunday");
    assert_eq!(minutes_open(&shanghai, "2026-10-10"), 8 * 60, "a Saturday");
    assert_eq!(minutes_open(&shanghai, "2027-02-20"), 8 * 60, "a Saturday");
    assert_eq!(
        minutes_open(&shanghai, "2026-10-17"),
        3 * 60,
        "any Saturday"
    );
    assert_eq!(minutes_open(&shanghai, "2026-10-18"), 0, "any Sunday");
    let make_up: jiff::civil::Date = "2027-02-20".parse().unwrap();
    let openings = shanghai.openings(at("2027-01-05T00:00:00Z"));
    assert!(openings.is_open(at("2027-02-20T00:30:00Z")));
    assert!(!openings.is_open(at("2027-02-20T00:29:59Z")));
    assert_eq!(shanghai.day(make_up).why, Why::MakeUp(Weekday::Wed));
}

#[test]
fn a_holiday_is_closed_and_a_special_day_in_it_has_its_own_hours() {
    let shanghai = calendar(SHANGHAI);
    for holiday in ["2026-10-01", "2026-10-03", "2026-10-07", "2027-02-05"] {
        assert_eq!(minutes_open(&shanghai, holiday), 0, "{holiday}");
        assert!(matches!(
            shanghai.day(holiday.parse().unwrap()).why,
            Why::Holiday(_)
        ));
    }
    assert_eq!(minutes_open(&shanghai, "2026-10-08"), 8 * 60);
    assert_eq!(minutes_open(&shanghai, "2026-12-31"), 210);
    assert_eq!(minutes_open(&shanghai, "2027-02-06"), 120);
}

#[test]
fn the_night_before_a_holiday_lasts_until_its_morning() {
    let night = calendar(
        r#"
        time_zone = "Asia/Shanghai"
        hours = { mon-sun = ["20:00-02:00"] }
        holidays = { 2026-10-01 = "国庆节" }
        "#,
    );
    assert_eq!(minutes_open(&night, "2026-10-01"), 120);
    assert_eq!(minutes_open(&night, "2026-10-02"), 240);
}

#[test]
fn the_engine_is_told_from_yesterday_to_sixty_days_ahead() {
    let day = calendar("time_zone = \"UTC\"\nhours = { mon-sun = [\"09:00-10:00\"] }");
    let told = told(&day, "2027-01-10T12:00:00Z", 99);
    assert_eq!(told.len(), 62);
    assert_eq!(told[0], "2027-01-09T09:00:00Z 2027-01-09T10:00:00Z");
    assert_eq!(told[61], "2027-03-11T09:00:00Z 2027-03-11T10:00:00Z");
}

#[test]
fn the_days_are_those_of_the_zone_and_not_of_utc() {
    let shanghai = calendar(SHANGHAI);
    let date = |text: &str| shanghai.date(at(text)).to_string();
    assert_eq!(date("2026-10-09T15:59:59Z"), "2026-10-09");
    assert_eq!(date("2026-10-09T16:00:00Z"), "2026-10-10");
}

#[test]
fn its_end_is_told_sixty_days_before_the_last_holiday() {
    let (from, doubt) = calendar(SHANGHAI).ending().unwrap();
    assert_eq!(from, at("2026-12-12T16:00:00Z"));
    assert_eq!(
        doubt.what,
        "no holiday is given after 2027-02-11: later ones count as working days"
    );
}
