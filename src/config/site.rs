//! `[sites.<id>]`: other places where callers can be led.

use crate::config::section::section;
use crate::engine::centre::{SiteEntrance, SiteSettings};
use crate::engine::id::QueueId;
use crate::switch::PhoneNumber;

section! {
    /// Another place where calls are answered, for overflows to "site:<id>". It has
    /// either a queue here, which its people serve, or a number.
    pub struct SiteConfig {
        /// Shown to people.
        required name: String = "北区",
        /// The queue of its people, when they are agents of this centre.
        optional queue: Option<QueueId> = "reservations",
        /// The number of its own telephone system.
        optional number: Option<PhoneNumber> = "+861012345678",
    }
}

impl SiteConfig {
    /// How a call gets there; none unless exactly one way is given.
    pub(super) fn settings(&self) -> Option<SiteSettings> {
        let entrance = match (&self.queue, &self.number) {
            (Some(queue), None) => SiteEntrance::Queue(queue.clone()),
            (None, Some(number)) => SiteEntrance::Number(number.clone()),
            _ => return None,
        };
        Some(SiteSettings {
            name: self.name.clone(),
            entrance,
        })
    }
}
