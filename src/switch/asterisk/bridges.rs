//! Which of our legs are together: in pairs and in conferences, and what is to
//! be cleared away when they part. Pure.

use super::message::{Bridge, Channel};
use super::name::Purpose;
use super::translate::{Chore, Meaning};
use crate::engine::id::{CallId, ChannelId};
use crate::switch::SwitchEvent;
use std::collections::{BTreeMap, BTreeSet};

/// Clears away the bridges of ours whose legs ended while nobody listened. An
/// empty one whose leg lives may be about to be filled.
pub(super) fn deserted(bridges: &[Bridge], channels: &[Channel]) -> Vec<Chore> {
    let alive: BTreeSet<&str> = channels.iter().map(|channel| channel.id.as_str()).collect();
    let is_deserted =
        |bridge: &&Bridge| bridge.channels.is_empty() && !alive.contains(bridge.name.as_str());
    let clear_away = |bridge: &Bridge| {
        let id = bridge.id.clone();
        Some(match Purpose::read(&id)? {
            Purpose::Conference(_) => Chore::EndConference(id),
            Purpose::Pair(_) | Purpose::Supervision(_) => Chore::DestroyBridge(id),
        })
    };
    let deserted = bridges.iter().filter(is_deserted);
    deserted.filter_map(clear_away).collect()
}

#[derive(Debug, Default)]
pub(super) struct Bridges {
    /// Bridges with two of our legs in them.
    pairs: BTreeMap<String, (ChannelId, ChannelId)>,
    /// The conference each leg is in.
    conferences: BTreeMap<ChannelId, CallId>,
}

impl Bridges {
    /// As a list of bridges tells it.
    pub(super) fn of(list: &[Bridge], is_leg: impl Fn(&ChannelId) -> bool) -> Self {
        let mut bridges = Self::default();
        for bridge in list {
            for channel in &bridge.channels {
                // What it says of the past is of no interest.
                let _ = bridges.entered(bridge, channel, &is_leg);
            }
        }
        bridges
    }

    pub(super) fn peer(&self, channel: &ChannelId) -> Option<ChannelId> {
        self.pairs.values().find_map(|(one, other)| {
            if one == channel {
                Some(other.clone())
            } else {
                (other == channel).then(|| one.clone())
            }
        })
    }

    pub(super) fn conference(&self, channel: &ChannelId) -> Option<CallId> {
        self.conferences.get(channel).copied()
    }

    /// The leg's end was told.
    pub(super) fn ended(&mut self, channel: &ChannelId) {
        self.conferences.remove(channel);
    }

    pub(super) fn entered(
        &mut self,
        bridge: &Bridge,
        channel: &str,
        is_leg: impl Fn(&ChannelId) -> bool,
    ) -> Option<SwitchEvent> {
        match Purpose::read(&bridge.id) {
            Some(Purpose::Supervision(_)) => None,
            Some(Purpose::Conference(conference)) => {
                let channel = ChannelId::new(channel).ok().filter(is_leg)?;
                let before = self.conferences.insert(channel.clone(), conference);
                (before != Some(conference)).then_some(SwitchEvent::Joined {
                    channel,
                    conference,
                })
            }
            Some(Purpose::Pair(_)) | None => self.paired(bridge, is_leg),
        }
    }

    /// A bridge with two of our legs is a conversation. Our bridges are named
    /// after the leg that was bridged to the other.
    fn paired(
        &mut self,
        bridge: &Bridge,
        is_leg: impl Fn(&ChannelId) -> bool,
    ) -> Option<SwitchEvent> {
        if self.pairs.contains_key(&bridge.id) {
            return None;
        }
        let mut members = bridge
            .channels
            .iter()
            .filter_map(|id| ChannelId::new(id).ok());
        let (one, other) = (members.next()?, members.next()?);
        if !is_leg(&one) || !is_leg(&other) {
            return None;
        }
        let (channel, peer) = match bridge.name == other.as_str() {
            true => (other, one),
            false => (one, other),
        };
        self.pairs
            .insert(bridge.id.clone(), (channel.clone(), peer.clone()));
        Some(SwitchEvent::Bridged { channel, peer })
    }

    pub(super) fn left(&mut self, bridge: &Bridge, left: &Channel) -> Meaning {
        match Purpose::read(&bridge.id) {
            Some(Purpose::Supervision(name)) => {
                let listener = name.listener();
                let chore = match left.id == listener {
                    true => Chore::DestroyBridge(bridge.id.clone()),
                    false => Chore::EndTrack(listener),
                };
                Meaning {
                    chores: vec![chore],
                    ..Meaning::default()
                }
            }
            Some(Purpose::Conference(conference)) => self.left_conference(bridge, conference, left),
            Some(Purpose::Pair(_)) | None => self.parted(bridge, left),
        }
    }

    fn left_conference(&mut self, bridge: &Bridge, conference: CallId, left: &Channel) -> Meaning {
        let mut meaning = Meaning::default();
        if let Ok(channel) = ChannelId::new(&left.id)
            && self.conference(&channel) == Some(conference)
        {
            self.conferences.remove(&channel);
            meaning.events.push(SwitchEvent::Left {
                channel,
                conference,
            });
        }
        if bridge.channels.is_empty() {
            meaning.chores.push(Chore::EndConference(bridge.id.clone()));
        }
        meaning
    }

    fn parted(&mut self, bridge: &Bridge, left: &Channel) -> Meaning {
        let mut meaning = Meaning::default();
        let is_member = |(one, other): &&(ChannelId, ChannelId)| {
            one.as_str() == left.id || other.as_str() == left.id
        };
        if self.pairs.get(&bridge.id).filter(is_member).is_some()
            && let Some((channel, peer)) = self.pairs.remove(&bridge.id)
        {
            meaning
                .events
                .push(SwitchEvent::Unbridged { channel, peer });
            meaning.chores.push(Chore::DestroyBridge(bridge.id.clone()));
        }
        meaning
    }
}
