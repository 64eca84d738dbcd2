//! What each leg hears because of us, so that it can be stopped.

use super::commands;
use super::message::Bridge;
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
    RingBack,
    /// Whoever else is in the bridge of this id.
    Bridge(String),
}

impl Hearing {
    pub(super) fn set(&self, channel: &ChannelId, sound: Sound) {
        self.lock().insert(channel.clone(), sound);
    }

    pub(super) fn forget(&self, channel: &ChannelId) {
        self.lock().remove(channel);
    }

    /// What a list of bridges says of the legs in them.
    pub(super) fn adopt(&self, bridges: &[Bridge]) {
        for bridge in bridges {
            let members = bridge.channels.iter();
            for channel in members.filter_map(|id| ChannelId::new(id).ok()) {
                self.set(&channel, Sound::Bridge(bridge.id.clone()));
            }
        }
    }

    /// The bridge in which both are.
    pub(super) fn together(&self, channel: &ChannelId, peer: &ChannelId) -> Option<String> {
        let heard = self.lock();
        match (heard.get(channel)?, heard.get(peer)?) {
            (Sound::Bridge(one), Sound::Bridge(other)) if one == other => Some(one.clone()),
            _ => None,
        }
    }

    /// The leg has left this bridge.
    pub(super) fn left(&self, channel: &ChannelId, bridge: &str) {
        self.end(channel, &Sound::Bridge(bridge.to_owned()));
    }

    /// The prompts have come to their end.
    pub(super) fn played(&self, channel: &ChannelId, playback: &str) {
        self.end(channel, &Sound::Prompts(playback.to_owned()));
    }

    fn end(&self, channel: &ChannelId, sound: &Sound) {
        let mut heard = self.lock();
        if heard.get(channel) == Some(sound) {
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
            Some(Sound::RingBack) => commands::end_ring_back(channel),
            Some(Sound::Music) | None => Request::delete(&["channels", channel.as_str(), "moh"]),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Sound>> {
        // Every change is one call, so a panic elsewhere leaves no half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
