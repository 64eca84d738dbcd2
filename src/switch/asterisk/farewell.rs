//! The causes with which we hang up: Asterisk tells of the hang-up, not of its cause.

use crate::engine::cause::Cause;
use crate::engine::id::ChannelId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Farewells(Mutex<BTreeMap<ChannelId, Cause>>);

impl Farewells {
    /// To be called before the request is sent.
    pub(super) fn say(&self, channel: &ChannelId, cause: Cause) {
        self.lock().insert(channel.clone(), cause);
    }

    /// The cause we gave, if it was we who hung up.
    pub(super) fn take(&self, channel: &ChannelId) -> Option<Cause> {
        self.lock().remove(channel)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Cause>> {
        // Every change is one call, so a panic elsewhere leaves no half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
