//! The safety net of the simulated switch: dead-man's timers, and the path that
//! keeps a call and offers it again.

use crate::engine::cause::Cause;
use crate::engine::id::ChannelId;
use crate::engine::time::{Span, Timestamp};
use crate::switch::SwitchEvent;
use crate::switch::simulated::channel::{Guard, Place};
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::model::{Due, Model, stop_hearing};

impl Model {
    /// Takes the dead-man's timer off a channel; false when it had none.
    pub fn disarm(&mut self, channel: &ChannelId) -> bool {
        let armed = self
            .channels
            .get_mut(channel)
            .and_then(|leg| leg.guard.take());
        if let Some(guard) = armed {
            self.agenda.cancel(guard.due);
        }
        armed.is_some()
    }

    pub(super) fn arm(&mut self, at: Timestamp, channel: &ChannelId, after: Span, adoption: bool) {
        self.disarm(channel);
        if let Some(leg) = self.channels.get_mut(channel) {
            let due = self.agenda.add(at + after, Due::Guard(channel.clone()));
            leg.guard = Some(Guard { due, adoption });
        }
    }

    /// Sends a channel to the fallback path.
    pub fn fall_back(&mut self, at: Timestamp, channel: &ChannelId) {
        self.disarm(channel);
        let talked = self
            .channels
            .get(channel)
            .is_some_and(|leg| leg.peer.is_some());
        self.leave_company(at, channel);
        self.pick_up(channel);
        let Some(leg) = self.channels.get_mut(channel) else {
            return;
        };
        stop_hearing(leg, &mut self.agenda, &mut self.happened);
        leg.place = Place::Fallback;
        self.agenda.add(
            at + self.settings.fallback_offers_every,
            Due::OfferAgain(channel.clone()),
        );
        self.happened.push_back(Happening::FellBack {
            channel: channel.clone(),
            talked,
        });
    }

    pub(super) fn offer_again(&mut self, at: Timestamp, channel: &ChannelId) {
        let Some(leg) = self.channels.get_mut(channel) else {
            return;
        };
        if leg.place != Place::Fallback {
            return;
        }
        if leg.fallback_offers >= self.settings.fallback_offers {
            self.end(at, channel, Cause::NormalClearing);
            return;
        }
        leg.place = Place::Controller;
        leg.fallback_offers += 1;
        let told = leg.told.clone();
        self.arm(at, channel, self.settings.adoption, true);
        self.tell(SwitchEvent::Arrived(told));
    }
}
