//! A queue's `callback`: who is called back, and how often it is tried.

use crate::engine::centre::CallbackSettings;
use crate::engine::id::PromptId;
use crate::engine::time::Span;
use crate::switch::{Key, PhoneNumber};
use serde::{Deserialize, Deserializer};
use std::num::NonZeroU32;

const DAY_S: u32 = 86_400;
const HOUR_S: u32 = 3_600;

/// A queue's `callback`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackConfig {
    #[serde(default = "one", deserialize_with = "key_or_none")]
    pub key: Option<Key>,
    #[serde(default)]
    pub prompt: Option<PromptId>,
    #[serde(default = "number::<30>")]
    pub offer_after_s: NonZeroU32,
    #[serde(default = "number::<60>")]
    pub offer_every_s: NonZeroU32,
    #[serde(default)]
    pub offer_over_s: Option<NonZeroU32>,
    pub may_dial: Vec<String>,
    #[serde(default)]
    pub may_not_dial: Vec<String>,
    #[serde(default = "number::<3>")]
    pub min_digits: NonZeroU32,
    #[serde(default = "number::<15>")]
    pub max_digits: NonZeroU32,
    #[serde(default)]
    pub shown: Option<PhoneNumber>,
    #[serde(default = "number::<3>")]
    pub attempts: NonZeroU32,
    #[serde(default = "number::<600>")]
    pub retry_after_s: NonZeroU32,
    #[serde(default)]
    pub wrap_up_unreached: bool,
    #[serde(default = "number::<100>")]
    pub max: NonZeroU32,
    #[serde(default = "number::<7>")]
    pub days_ahead: NonZeroU32,
    #[serde(default = "number::<24>")]
    pub keep_h: NonZeroU32,
}

fn one() -> Option<Key> {
    Key::try_from('1').ok()
}

fn number<const N: u32>() -> NonZeroU32 {
    NonZeroU32::new(N).unwrap_or(NonZeroU32::MIN)
}

fn key_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Key>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut keys = text.chars();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => Key::try_from(key)
            .map(Some)
            .map_err(serde::de::Error::custom),
        _ => Err(serde::de::Error::custom(format!(
            "{text:?} is not one telephone key (0-9, *, #, A-D)"
        ))),
    }
}

impl From<&CallbackConfig> for CallbackSettings {
    fn from(callback: &CallbackConfig) -> Self {
        let span = |seconds: NonZeroU32| Span::seconds(seconds.get());
        Self {
            key: callback.key,
            prompt: callback.prompt.clone(),
            offer_after: span(callback.offer_after_s),
            offer_every: span(callback.offer_every_s),
            offer_over: callback.offer_over_s.map(span),
            may_dial: callback.may_dial.clone(),
            may_not_dial: callback.may_not_dial.clone(),
            digits: (callback.min_digits.get(), callback.max_digits.get()),
            shown: callback.shown.clone(),
            attempts: callback.attempts.get(),
            retry_after: span(callback.retry_after_s),
            wrap_up_unreached: callback.wrap_up_unreached,
            max: callback.max.get(),
            ahead: Span::seconds(callback.days_ahead.get().saturating_mul(DAY_S)),
            keep: Span::seconds(callback.keep_h.get().saturating_mul(HOUR_S)),
        }
    }
}
