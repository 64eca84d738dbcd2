//! A block of `Name: value` lines, indexed once and decoded only where read:
//! an event has about 150 of them and a handful matters.

use crate::switch::freeswitch::frame::FrameError;
use std::borrow::Cow;
use std::ops::Range;

/// Headers of a frame or of an event. Names are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    text: String,
    lines: Vec<(Range<usize>, Range<usize>)>,
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

impl Fields {
    /// # Errors
    /// [`FrameError::NotAHeader`] for a line without a colon.
    pub fn parse(text: String) -> Result<Self, FrameError> {
        let mut lines = Vec::new();
        let mut at = 0;
        for line in text.split('\n') {
            let end = at + line.len();
            if !line.is_empty() {
                let colon = line.find(':').ok_or_else(|| FrameError::NotAHeader {
                    line: line.chars().take(80).collect(),
                })?;
                let value = line[colon + 1..].trim_start().len();
                lines.push((at..at + colon, end - value..end));
            }
            at = end + 1;
        }
        Ok(Self { text, lines })
    }

    /// The value as it stands in the text.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.lines
            .iter()
            .find(|(key, _)| self.text[key.clone()].eq_ignore_ascii_case(name))
            .map(|(_, value)| &self.text[value.clone()])
    }
}

impl Lookup for Fields {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw(name)
            .filter(|value| !value.is_empty())
            .map(percent_decode)
    }
}

/// Undoes the switch's percent-encoding. Bytes that are no UTF-8 become `U+FFFD`.
fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match escape.and_then(|digits| hex::decode(digits).ok()) {
            Some(byte) => {
                decoded.extend(byte);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_names_found_in_any_case() {
        let fields =
            Fields::parse("A-Name: %E5%BC%A0%20%22x%22\nEmpty: \nOdd: 100%\nBroken: %E9".into())
                .unwrap();
        assert_eq!(fields.get("a-name").as_deref(), Some("张 \"x\""));
        assert_eq!(fields.get("Empty"), None);
        assert_eq!(fields.get("Odd").as_deref(), Some("100%"));
        assert_eq!(fields.get("Broken").as_deref(), Some("\u{FFFD}"));
    }
}
