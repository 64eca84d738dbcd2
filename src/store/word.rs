//! The engine's words for states and outcomes, as the tables keep them: the
//! same that serde gives them.

use crate::store::error::StoreError;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::{Deserialize, Serialize};

/// The word of a value that serialises as one.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_string(value) {
        Ok(json) => json.trim_matches('"').to_owned(),
        // Unit variants serialise without fail.
        Err(error) => format!("unknown ({error})"),
    }
}

/// The value of a word read from the store.
pub(super) fn from_word<'a, T: Deserialize<'a>>(
    what: &'static str,
    word: &'a str,
) -> Result<T, StoreError> {
    let deserializer: StrDeserializer<'a, WordError> = word.into_deserializer();
    T::deserialize(deserializer).map_err(|_| unreadable(what, word))
}

pub(super) fn unreadable(what: &'static str, found: &str) -> StoreError {
    StoreError::Unreadable {
        what,
        found: found.to_owned(),
    }
}
