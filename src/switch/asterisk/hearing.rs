//! What each leg hears because of us, so that it can be stopped.

use super::request::Request;
use crate::engine::id::ChannelId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by the commands, which change it, and the events, which end entries.
#[derive(Debug, Default)]
pub(super) struct Hearing(Mutex<BTreeMap<ChannelId, Sound>>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sound {
    /// Prompts, by the playback's id.
    Prompts(String),
    Music,
    /// Its peer, in the bridge of this id.
    Bridge(String),
}

impl Hearing {
    pub(super) fn set(&self, channel: &ChannelId, sound: Sound) {
        self.lock().insert(channel.clone(), sound);
    }

    pub(super) fn forget(&self, channel: &ChannelId) {
        self.lock().remove(channel);
    }

    /// The prompts have come to their end.
    pub(super) fn played(&self, channel: &ChannelId, playback: &str) {
        let mut heard = self.lock();
        if heard.get(channel) == Some(&Sound::Prompts(playback.to_owned())) {
            heard.remove(channel);
        }
    }

    /// Takes the entry and gives the request that stops the sound. A leg of
    /// which nothing is known may hear music from before our start.
    pub(super) fn stop(&self, channel: &ChannelId) -> Request {
        match self.lock().remove(channel) {
            Some(Sound::Prompts(playback)) => Request::delete(&["playbacks", &playback]),
            Some(Sound::Bridge(bridge)) => {
                Request::post(&["bridges", &bridge, "removeChannel"]).query("channel", channel)
            }
            Some(Sound::Music) | None => Request::delete(&["channels", channel.as_str(), "moh"]),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Sound>> {
        // Every change is one call, so a panic elsewhere leaves no half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
