//! `[routing]`: what holds for the order of calls in all queues.

use crate::config::section::section;
use crate::engine::centre::RoutingSettings;
use crate::engine::time::Span;
use std::num::NonZeroU32;

section! {
    /// The order of calls in all queues.
    pub struct RoutingConfig {
        /// Seconds of waiting that one point of priority counts for: a call is overtaken only
        /// by calls that come within this time for each point more, and so never waits for ever.
        /// A large number makes the order by priority strict.
        default priority_worth_s: NonZeroU32 = 60,
    }
}

impl From<&RoutingConfig> for RoutingSettings {
    fn from(routing: &RoutingConfig) -> Self {
        Self {
            priority_worth: Span::seconds(routing.priority_worth_s.get()),
        }
    }
}
