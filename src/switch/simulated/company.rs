//! Who hears whom on the simulated switch besides two who are bridged: taking
//! these apart, conferences, and supervisors who listen.

use crate::engine::id::{CallId, ChannelId};
use crate::engine::time::Timestamp;
use crate::switch::SwitchEvent;
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::model::{Model, answered, stop_hearing};
use crate::switch::simulated::refusal::{
    NOT_IN_CONFERENCE, NOT_TALKING, NOT_TOGETHER, ONE_CHANNEL, Refusal,
};

impl Model {
    /// Takes two bridged channels apart; both live on in silence.
    pub(super) fn take_apart(
        &mut self,
        at: Timestamp,
        channel: &ChannelId,
        peer: &ChannelId,
    ) -> Result<(), Refusal> {
        self.leg(peer)?;
        if self.leg(channel)?.peer.as_ref() != Some(peer) {
            return Err(NOT_TOGETHER);
        }
        self.part(at, channel);
        Ok(())
    }

    /// Takes a channel out of its bridge and its conference.
    pub(super) fn leave_company(&mut self, at: Timestamp, channel: &ChannelId) {
        self.part(at, channel);
        if let Some(leg) = self.channels.get_mut(channel) {
            leg.supervises = None;
            if let Some(conference) = leg.conference.take() {
                self.tell(SwitchEvent::Left {
                    channel: channel.clone(),
                    conference,
                });
            }
        }
    }

    pub(super) fn join(
        &mut self,
        at: Timestamp,
        channel: &ChannelId,
        conference: CallId,
    ) -> Result<(), Refusal> {
        if answered(&mut self.channels, channel)?.conference == Some(conference) {
            return Ok(());
        }
        self.leave_company(at, channel);
        self.disarm(channel);
        let leg = answered(&mut self.channels, channel)?;
        stop_hearing(leg, &mut self.agenda, &mut self.happened);
        leg.conference = Some(conference);
        self.tell(SwitchEvent::Joined {
            channel: channel.clone(),
            conference,
        });
        Ok(())
    }

    pub(super) fn leave_conference(
        &mut self,
        channel: &ChannelId,
        conference: CallId,
    ) -> Result<(), Refusal> {
        let leg = answered(&mut self.channels, channel)?;
        if leg.conference != Some(conference) {
            return Err(NOT_IN_CONFERENCE);
        }
        leg.conference = None;
        let channel = channel.clone();
        self.tell(SwitchEvent::Left {
            channel,
            conference,
        });
        Ok(())
    }

    /// Lets one channel hear another's conversation. Nothing tells of it.
    pub(super) fn supervise(
        &mut self,
        channel: &ChannelId,
        target: &ChannelId,
    ) -> Result<(), Refusal> {
        if channel == target {
            return Err(ONE_CHANNEL);
        }
        let heard = self.leg(target)?;
        if heard.peer.is_none() && heard.conference.is_none() {
            return Err(NOT_TALKING);
        }
        let leg = answered(&mut self.channels, channel)?;
        stop_hearing(leg, &mut self.agenda, &mut self.happened);
        leg.supervises = Some(target.clone());
        self.happened.push_back(Happening::Listens {
            channel: channel.clone(),
        });
        Ok(())
    }

    /// Whether a channel hears others' conversation.
    pub(super) fn supervises(&self, channel: &ChannelId) -> bool {
        self.leg(channel).is_ok_and(|leg| leg.supervises.is_some())
    }

    /// Who hears this channel's conversation.
    pub fn supervisors_of(&self, target: &ChannelId) -> impl Iterator<Item = &ChannelId> {
        let listens = self
            .channels
            .iter()
            .filter(move |(_, leg)| leg.supervises.as_ref() == Some(target));
        listens.map(|(channel, _)| channel)
    }
}
