//! A time as people and programs read it.

use jiff::Timestamp as Instant;
use serde::Serialize;

/// A point in time, once as a number and once as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Moment {
    /// Milliseconds since the epoch, UTC.
    pub ms: i64,
    /// RFC 3339 in UTC with milliseconds, for example `2026-11-22T08:15:00.250Z`.
    pub utc: String,
}

impl Moment {
    pub fn from_millis(ms: i64) -> Self {
        let utc = match Instant::from_millisecond(ms) {
            Ok(instant) => format!("{instant:.3}"),
            // Beyond the year 9999 only the number is left.
            Err(_) => String::new(),
        };
        Self { ms, utc }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_in_utc_with_milliseconds() {
        assert_eq!(
            Moment::from_millis(1_795_335_300_250).utc,
            "2026-11-22T08:15:00.250Z"
        );
        assert_eq!(Moment::from_millis(i64::MAX).utc, "");
    }
}
