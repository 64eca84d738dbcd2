//! `[not_ready_reasons.<id>]`: why agents may be not ready.

use crate::config::section::section;
use crate::engine::centre::NotReadyReason;
use crate::engine::time::Span;
use std::num::NonZeroU32;

section! {
    /// A reason for being not ready. Where there are some, agents must name one of them;
    /// without any, every text is taken.
    pub struct NotReadyConfig {
        /// Shown to people.
        required name: String = "用餐",
        /// Shown to people who read English, in place of the name.
        optional name_en: Option<String> = "Meal",
        /// Whether the time counts as work.
        default productive: bool = false,
        /// Minutes after which the live page marks an agent who is still not ready.
        optional limit_min: Option<NonZeroU32> = 45,
    }
}

impl From<&NotReadyConfig> for NotReadyReason {
    fn from(reason: &NotReadyConfig) -> Self {
        let minutes = |minutes: NonZeroU32| Span::seconds(minutes.get().saturating_mul(60));
        Self {
            name: reason.name.clone(),
            name_en: reason.name_en.clone(),
            productive: reason.productive,
            limit: reason.limit_min.map(minutes),
        }
    }
}
