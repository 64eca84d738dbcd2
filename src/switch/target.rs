//! Whom a leg is dialled to: a device of the centre, here or on another switch,
//! or a number outside.

use crate::engine::id::SwitchId;
use crate::switch::Extension;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whom a leg is dialled to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A device of the centre, by the switch's `endpoint` setting.
    Extension(Extension),
    /// A number outside, by the switch's `outbound` setting.
    Number(PhoneNumber),
    /// A device on another switch, by the switch's trunk to it (`trunks` setting).
    Remote {
        switch: SwitchId,
        extension: Extension,
    },
}

/// A number that can be dialled: digits, `*` and `#`, and a `+` in front at most.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a number to dial has 1 to 32 digits, '*' or '#', with a '+' in front at most; {0:?} does not"
)]
pub struct NotAPhoneNumber(pub String);

impl PhoneNumber {
    /// # Errors
    /// [`NotAPhoneNumber`] when the text holds anything a dial string could read as syntax.
    pub fn new(text: &str) -> Result<Self, NotAPhoneNumber> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let dialable = |c: char| c.is_ascii_digit() || c == '*' || c == '#';
        if digits.is_empty() || digits.len() > 32 || !digits.chars().all(dialable) {
            return Err(NotAPhoneNumber(text.chars().take(80).collect()));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the longest beginning that fits is an allowed one; where two are
    /// as long, the prohibition counts.
    pub fn begins_as_allowed(&self, allowed: &[String], forbidden: &[String]) -> bool {
        let longest = |beginnings: &[String]| {
            let fitting = beginnings.iter().filter(|b| self.0.starts_with(*b));
            fitting.map(String::len).max()
        };
        longest(allowed) > longest(forbidden)
    }
}

impl std::str::FromStr for PhoneNumber {
    type Err = NotAPhoneNumber;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        PhoneNumber::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Extension(extension) | Target::Remote { extension, .. } => extension.fmt(f),
            Target::Number(number) => number.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_and_nothing_that_a_dial_string_could_read() {
        for good in ["13800138000", "+8613800138000", "*98", "10086#"] {
            assert!(PhoneNumber::new(good).is_ok(), "{good}");
        }
        for bad in ["", "+", "1 2", "1@2", "1,2", "${x}", "1+2", "１２"] {
            assert!(PhoneNumber::new(bad).is_err(), "{bad}");
        }
    }
}
