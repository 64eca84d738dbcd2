//! What becomes of one remembered call by a fact.

use crate::engine::call::{OfferStage, Served};
use crate::engine::fact::{
    QueueExit, RememberedCall, RememberedDevice, RememberedOffer, RememberedRinging,
};
use crate::engine::id::{AgentId, LegId, OfferId, QueueId};
use crate::engine::leg::LegState;
use crate::engine::party::Talk;

impl RememberedCall {
    pub(super) fn leave(&mut self, queue: &QueueId, reason: QueueExit) {
        let visit = self.visits.iter().find(|visit| visit.queue == *queue);
        if let Some(visit) = visit.filter(|_| reason != QueueExit::AnsweredElsewhere) {
            self.served = Some(Served {
                queue: visit.queue.clone(),
                priority: visit.priority,
            });
        }
        self.visits.retain(|visit| visit.queue != *queue);
    }

    /// The leg of the serving agent, or of another, is not part of the call any more.
    pub(super) fn forget_leg(&mut self, leg: &LegId) {
        if self.offer.take_if(|offer| offer.leg == *leg).is_some() {
            self.talk = Talk::default();
        }
        self.parties.retain(|party| party.leg != *leg);
        self.devices.retain(|device| device.leg != *leg);
        for ringing in &mut self.ringing {
            ringing.devices.retain(|device| device.leg != *leg);
        }
        self.ringing.retain(|ringing| !ringing.devices.is_empty());
    }

    /// A device rings, the first of an offer or a further one. A conversation
    /// found on a switch was offered by a run that is forgotten.
    pub(super) fn device_rung(&mut self, agent: &AgentId, leg: &LegId, confirm: bool) {
        if self.dialler.is_some() {
            return self.devices.push(RememberedDevice {
                confirm,
                ..RememberedDevice::ringing(leg)
            });
        }
        let own = self.ringing.iter_mut().find(|r| r.agent == *agent);
        let Some(own) = own else {
            if self.offer.is_none() {
                self.offer = offer_on(agent, leg, OfferStage::Ringing);
            }
            return;
        };
        match own.devices.iter_mut().find(|device| device.leg == *leg) {
            Some(device) => device.confirm = confirm,
            None => own.devices.push(RememberedDevice {
                confirm,
                ..RememberedDevice::ringing(leg)
            }),
        }
    }

    /// The key was pressed: the device counts as answered.
    pub(super) fn confirmed(&mut self, leg: &LegId) {
        if let Some(dialler) = self.dialler.as_mut().filter(|_| self.leg == *leg) {
            dialler.confirm = false;
        }
        let mut beside = self.devices.iter_mut();
        if let Some(device) = beside.find(|device| device.leg == *leg) {
            device.confirm = false;
        }
        let mut ringing = self.ringing.iter_mut();
        let device = ringing.find_map(|r| r.devices.iter_mut().find(|d| d.leg == *leg));
        if let Some(device) = device {
            device.confirm = false;
            self.device_moved(leg, LegState::Answered);
        }
    }

    /// A device of the agent who dials becomes the call's own leg; what was it so
    /// far rings on beside it, or has ended.
    pub(super) fn dials_on(&mut self, leg: &LegId) {
        let nth = self.devices.iter().position(|own| own.leg == *leg);
        let (Some(nth), Some(dialler)) = (nth, self.dialler.as_mut()) else {
            return;
        };
        let own = self.devices.remove(nth);
        let before = RememberedDevice {
            leg: std::mem::replace(&mut self.leg, own.leg),
            state: std::mem::replace(&mut self.leg_state, own.state),
            confirm: std::mem::replace(&mut dialler.confirm, own.confirm),
        };
        if before.state != LegState::Ended {
            self.devices.push(before);
        }
    }

    /// The first device to be answered makes the offer; the ends of the others
    /// are told.
    pub(super) fn device_moved(&mut self, leg: &LegId, state: LegState) {
        let of_leg = |ringing: &RememberedRinging| ringing.device(leg).is_some();
        let Some(nth) = self.ringing.iter().position(of_leg) else {
            return;
        };
        let mut devices = self.ringing[nth].devices.iter_mut();
        let Some(device) = devices.find(|device| device.leg == *leg) else {
            return;
        };
        device.state = state;
        let stage = match state {
            LegState::Ringing | LegState::Ended => return,
            LegState::Answered if device.confirm || self.offer.is_some() => return,
            LegState::Answered => OfferStage::Connecting,
            LegState::Bridged => OfferStage::Connected,
        };
        let RememberedRinging {
            offer,
            agent,
            queue,
            ..
        } = self.ringing.remove(nth);
        self.offer = Some(RememberedOffer {
            offer,
            agent,
            queue,
            leg: leg.clone(),
            stage,
        });
    }
}

impl RememberedRinging {
    pub(super) fn device(&self, leg: &LegId) -> Option<&RememberedDevice> {
        self.devices.iter().find(|device| device.leg == *leg)
    }
}

impl RememberedDevice {
    pub(super) fn ringing(leg: &LegId) -> Self {
        Self {
            leg: leg.clone(),
            state: LegState::Ringing,
            confirm: false,
        }
    }
}

pub(super) fn offer_on(agent: &AgentId, leg: &LegId, stage: OfferStage) -> Option<RememberedOffer> {
    let offer = OfferId::of_channel(&leg.channel);
    Some(RememberedOffer {
        offer: offer.unwrap_or(OfferId::from_ulid(ulid::Ulid::nil())),
        agent: agent.clone(),
        queue: None,
        leg: leg.clone(),
        stage,
    })
}
