//! What a phone does by keys of its own during a call, and what the switch does
//! of itself to those who talk.

use crate::engine::id::ChannelId;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::switch::SwitchEvent;
use crate::switch::simulated::channel::{Channel, Place};
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::model::{Model, answered};
use crate::switch::simulated::refusal::Refusal;

impl Model {
    /// The hold key: the phone sends its far end a re-INVITE. The switch only tells of it.
    /// False when there is nobody to be put on hold.
    pub fn press_hold(&mut self, channel: &ChannelId) -> bool {
        let talks = |leg: &Channel| {
            leg.place == Place::Controller && (leg.peer.is_some() || leg.conference.is_some())
        };
        let talks = self.channels.get(channel).is_some_and(talks);
        if talks {
            let channel = channel.clone();
            self.tell(SwitchEvent::Held { channel });
        }
        talks
    }

    /// The hold key once more.
    pub fn release_hold(&mut self, channel: &ChannelId) {
        if self.knows(channel) {
            let channel = channel.clone();
            self.tell(SwitchEvent::Unheld { channel });
        }
    }

    /// The phone asks for its far end to be transferred (REFER). A switch `parts` the two
    /// at once, as FreeSWITCH does, or leaves them together, as Asterisk does.
    pub fn refer(&mut self, at: Timestamp, channel: &ChannelId, to: &str, parts: bool) {
        let Some(leg) = self.channels.get_mut(channel) else {
            return;
        };
        if leg.place != Place::Controller || leg.peer.is_none() {
            return;
        }
        if parts {
            leg.referred.clone_from(&leg.peer);
            self.part(at, channel);
        }
        self.tell(SwitchEvent::TransferAsked {
            channel: channel.clone(),
            to: OutsideText::new(to),
            replaces: None,
        });
    }

    /// The phone hears whether its transfer is done. Refused, it is together again with
    /// whom the switch took away from it.
    pub(super) fn answer_transfer(
        &mut self,
        at: Timestamp,
        channel: &ChannelId,
        granted: bool,
    ) -> Result<(), Refusal> {
        let referred = answered(&mut self.channels, channel)?.referred.take();
        let alone = |leg: &ChannelId| self.leg(leg).is_ok_and(|leg| leg.peer.is_none());
        let again = referred.filter(|peer| !granted && alone(peer) && alone(channel));
        if let Some(peer) = again {
            self.connect(at, channel, &peer)?;
            self.disarm(&peer);
        }
        self.happened.push_back(Happening::TransferAnswered {
            channel: channel.clone(),
            granted,
        });
        Ok(())
    }

    /// The switch takes the channel out of its bridge or conference though nobody asked
    /// for it. False when it is in none.
    pub fn stray(&mut self, at: Timestamp, channel: &ChannelId) -> bool {
        let together = |leg: &Channel| leg.peer.is_some() || leg.conference.is_some();
        let together = self.channels.get(channel).is_some_and(together);
        if together {
            self.leave_company(at, channel);
        }
        together
    }
}
