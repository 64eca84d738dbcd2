//! A block of `Name: value` lines, left where it was read: an event has about
//! 150 of them and a handful matters, so lines are only counted out, and a value
//! is decoded when it is asked for.

use crate::switch::freeswitch::frame::FrameError;
use memchr::{memchr, memchr2_iter};
use std::borrow::Cow;

/// Headers of a frame or of an event. Names are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    text: &'a str,
    lines: Vec<Line>,
}

/// Where a line begins, where its first colon is, and where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    begin: usize,
    colon: usize,
    end: usize,
}

/// Length of a usual line, in bytes: a guess for how many there are.
const USUAL_LINE: usize = 40;

/// Something whose values can be asked for by name, as the switch spells it:
/// an event, or the dump of a channel.
pub trait Lookup {
    /// The value, decoded; `None` when it is absent or empty.
    fn get(&self, name: &str) -> Option<Cow<'_, str>>;

    /// The channel variable `name`.
    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(&format!("variable_{name}"))
    }
}

/// What precedes the name of a channel variable.
const VARIABLE: &[u8] = b"variable_";

impl<'a> Fields<'a> {
    /// # Errors
    /// [`FrameError::NotAHeader`] for a line without a colon.
    pub fn parse(text: &'a str) -> Result<Self, FrameError> {
        let bytes = text.as_bytes();
        let mut lines = Vec::with_capacity(bytes.len() / USUAL_LINE + 1);
        let (mut begin, mut colon) = (0, None);
        for at in memchr2_iter(b'\n', b':', bytes).chain(Some(bytes.len())) {
            if bytes.get(at) == Some(&b':') {
                colon.get_or_insert(at);
                continue;
            }
            match colon.take() {
                Some(colon) => lines.push(Line {
                    begin,
                    colon,
                    end: at,
                }),
                None if at == begin => {}
                None => {
                    let line = text[begin..at].chars().take(80).collect();
                    return Err(FrameError::NotAHeader { line });
                }
            }
            begin = at + 1;
        }
        Ok(Self { text, lines })
    }

    /// The value as it stands in the text; the first one when there are several.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.find(b"", name.as_bytes())
    }

    /// All headers in order, as they stand in the text.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let header = |line: &Line| (&self.text[line.begin..line.colon], self.value(line));
        self.lines.iter().map(header)
    }

    /// The value of the header named by both parts together.
    fn find(&self, prefix: &[u8], name: &[u8]) -> Option<&'a str> {
        let length = prefix.len() + name.len();
        let bytes = self.text.as_bytes();
        let named = |line: &&Line| {
            line.colon - line.begin == length
                && bytes[line.begin + prefix.len()..line.colon].eq_ignore_ascii_case(name)
                && bytes[line.begin..line.begin + prefix.len()].eq_ignore_ascii_case(prefix)
        };
        self.lines.iter().find(named).map(|line| self.value(line))
    }

    /// Without the spaces and tabs before it, as FreeSWITCH's own client (`esl.c`) takes it.
    fn value(&self, line: &Line) -> &'a str {
        self.text[line.colon + 1..line.end].trim_start_matches([' ', '\t'])
    }
}

impl Lookup for Fields<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        present(self.raw(name))
    }

    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        present(self.find(VARIABLE, name.as_bytes()))
    }
}

fn present(value: Option<&str>) -> Option<Cow<'_, str>> {
    value.filter(|value| !value.is_empty()).map(percent_decode)
}

/// Undoes the switch's percent-encoding. Bytes that are no UTF-8 become `U+FFFD`.
fn percent_decode(text: &str) -> Cow<'_, str> {
    if memchr(b'%', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match escape.and_then(|digits| Some(hex_digit(digits[0])? << 4 | hex_digit(digits[1])?)) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_names_found_in_any_case() {
        let fields =
            Fields::parse("A-Name: %E5%BC%A0%20%22x%22\nEmpty: \nOdd: 100%\nBroken: %E9").unwrap();
        assert_eq!(fields.get("a-name").as_deref(), Some("张 \"x\""));
        assert_eq!(fields.get("Empty"), None);
        assert_eq!(fields.get("Odd").as_deref(), Some("100%"));
        assert_eq!(fields.get("Broken").as_deref(), Some("\u{FFFD}"));
    }

    #[test]
    fn a_name_is_found_whole_and_nothing_else_is() {
        let fields = Fields::parse("variable_ab: 1\nab: 2\n\nvariable_: 3\nabc: 4").unwrap();
        assert_eq!(fields.variable("ab").as_deref(), Some("1"));
        assert_eq!(fields.variable("").as_deref(), Some("3"));
        assert_eq!(fields.get("ab").as_deref(), Some("2"));
        for absent in ["a", "abcd", "variable_a", "ab: 2\n\nvariable_", ""] {
            assert_eq!(fields.get(absent), None, "{absent:?}");
        }
        assert_eq!(fields.iter().count(), 4);
    }

    #[test]
    fn a_line_without_a_colon_is_named() {
        let error = Fields::parse("A: 1\nnothing of the kind\nB: 2").unwrap_err();
        let line = "nothing of the kind".to_owned();
        assert_eq!(error, FrameError::NotAHeader { line });
    }
}
