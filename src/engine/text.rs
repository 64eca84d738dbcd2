//! Text that came from outside and is shown to people: caller names, numbers.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Longest text kept, in characters.
pub const MAX_OUTSIDE_TEXT: usize = 200;

/// Text from outside, made safe to show and to store: at most
/// [`MAX_OUTSIDE_TEXT`] characters, no control characters, no line breaks and
/// no marks that change the direction of writing. What was removed is replaced
/// by `U+FFFD` or, for a cut, by `…`, so that a reader sees that it happened.
///
/// It is *not* safe to paste into a protocol line: quoting is the adapter's.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct OutsideText(String);

impl OutsideText {
    pub fn new(text: &str) -> Self {
        let mut kept: String = text
            .chars()
            .take(MAX_OUTSIDE_TEXT)
            .map(|c| {
                if c.is_control() || is_direction_mark(c) {
                    '\u{FFFD}'
                } else {
                    c
                }
            })
            .collect();
        if text.chars().nth(MAX_OUTSIDE_TEXT).is_some() {
            kept.pop();
            kept.push('…');
        }
        Self(kept)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The bidirectional controls of UAX #9 and the line separators of Unicode.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Display for OutsideText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for OutsideText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl<'de> Deserialize<'de> for OutsideText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_and_direction_marks_are_replaced() {
        assert_eq!(
            OutsideText::new("a\r\nb\u{202E}c").as_str(),
            "a\u{FFFD}\u{FFFD}b\u{FFFD}c"
        );
    }

    #[test]
    fn ten_kilobytes_are_cut_visibly() {
        let text = OutsideText::new(&"张".repeat(10_000));
        assert_eq!(text.as_str().chars().count(), MAX_OUTSIDE_TEXT);
        assert!(text.as_str().ends_with('…'));
    }
}
