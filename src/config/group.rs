//! `[groups.<id>]`: what the agents of a group may do.

use crate::config::section::section;
use crate::engine::centre::GroupSettings;

section! {
    /// A group of agents with the same rights. An agent without a group may dial
    /// nothing outside.
    pub struct GroupConfig {
        /// Beginnings of numbers outside that its agents may dial and send callers to; "" is every number.
        default may_dial: Vec<String> = [],
        /// Beginnings that they may not; of two that fit a number the longer decides.
        default may_not_dial: Vec<String> = [],
    }
}

impl From<&GroupConfig> for GroupSettings {
    fn from(group: &GroupConfig) -> Self {
        Self {
            may_dial: group.may_dial.clone(),
            may_not_dial: group.may_not_dial.clone(),
        }
    }
}
