//! A block of `Name: value` lines, left where it was read: an event has about
//! 150 of them and a handful matters, so a line is found when it is asked for
//! and decoded only then.

use crate::switch::freeswitch::frame::FrameError;
use memchr::{memchr, memchr_iter};
use std::borrow::Cow;

/// Headers of a frame or of an event. Names are compared without regard to case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    text: &'a str,
}

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
        match lines(text).find(|line| !line.is_empty() && memchr(b':', line.as_bytes()).is_none()) {
            None => Ok(Self { text }),
            Some(line) => Err(FrameError::NotAHeader {
                line: line.chars().take(80).collect(),
            }),
        }
    }

    /// The value as it stands in the text; the first one when there are several.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.find(b"", name.as_bytes())
    }

    /// All headers in order, as they stand in the text.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        lines(self.text).filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name, value.trim_start()))
        })
    }

    /// The value of the header named by both parts together.
    fn find(&self, prefix: &[u8], name: &[u8]) -> Option<&'a str> {
        let length = prefix.len() + name.len();
        let named = |line: &&str| {
            let line = line.as_bytes();
            line.get(length) == Some(&b':')
                && line[..prefix.len()].eq_ignore_ascii_case(prefix)
                && line[prefix.len()..length].eq_ignore_ascii_case(name)
        };
        let line = lines(self.text).find(named)?;
        Some(line[length + 1..].trim_start())
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

/// The lines of a text, without their ends; after the last end there is none.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let ends = memchr_iter(b'\n', text.as_bytes()).chain(Some(text.len()));
    ends.scan(0, move |begin, end| {
        let line = &text[*begin..end];
        *begin = end + 1;
        Some(line)
    })
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
