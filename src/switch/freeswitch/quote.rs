//! The one function through which a value from outside passes on its way into
//! an ESL line, a dial string or a `{name=value}` block.
//!
//! FreeSWITCH reads a line several times over, each time with other quotes and
//! escapes: the arguments of the command, the dial string, the block of
//! variables, and `${…}` in application arguments, again and again. Escaping
//! for all of them at once can't be shown to be right. So nothing is escaped:
//! every character that any of these readers treats as syntax is replaced by
//! its full-width twin (`,` becomes `，`), which no reader knows and people read
//! all the same. What remains means itself in every place.

use std::fmt;

/// Longest value that goes onto a line, in characters.
pub const MAX_VALUE: usize = 200;

/// A value that is inert in every syntax of FreeSWITCH.
#[derive(Clone, PartialEq, Eq)]
pub struct Inert(String);

/// Makes `value` inert. Line breaks, control characters and marks that change
/// the direction of writing become `U+FFFD`; what is longer than [`MAX_VALUE`]
/// is cut.
pub fn inert(value: &str) -> Inert {
    Inert(value.chars().take(MAX_VALUE).map(twin).collect())
}

fn twin(c: char) -> char {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' | '+' | '*' | '#' | '@' | ':' => c,
        ' ' => '\u{00A0}',
        // The full-width forms U+FF01–U+FF5E stand for U+0021–U+007E in the same order.
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(char::REPLACEMENT_CHARACTER),
        c if c.is_control() || changes_direction(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

fn changes_direction(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

impl Inert {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Inert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Inert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_they_are() {
        assert_eq!(inert("+86-10.1234*#").as_str(), "+86-10.1234*#");
    }

    #[test]
    fn syntax_becomes_readable_and_harmless() {
        assert_eq!(
            inert("O'Brien, \"${x}\"").as_str(),
            "O＇Brien，\u{A0}＂＄｛x｝＂"
        );
        assert_eq!(inert("a\r\nb").as_str(), "a\u{FFFD}\u{FFFD}b");
    }
}
