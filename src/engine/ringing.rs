//! Who is rung for a call: agents, each on all their devices, until the first
//! of them answers.

use crate::engine::call::{Call, OfferStage, Visit};
use crate::engine::id::{AgentId, LegId, OfferId, QueueId};
use crate::engine::leg::{Leg, LegState};

/// An agent who is being rung for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ringing {
    pub(crate) id: OfferId,
    pub(crate) agent: AgentId,
    /// The queue whose call it is.
    pub(crate) queue: Option<QueueId>,
    /// Those of the agent's devices that have not ended; never empty.
    pub(crate) devices: Vec<RungDevice>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RungDevice {
    pub(crate) leg: Leg,
    /// Whoever answers must press a key before they count as the agent: a
    /// mailbox may have picked up.
    pub(crate) confirm: bool,
}

impl RungDevice {
    pub(crate) fn ringing(leg: LegId, confirm: bool) -> Self {
        let state = LegState::Ringing;
        let leg = Leg { id: leg, state };
        Self { leg, confirm }
    }
}

impl Ringing {
    pub(crate) fn device(&self, leg: &LegId) -> Option<&RungDevice> {
        self.devices.iter().find(|device| device.leg.id == *leg)
    }
}

impl Call {
    /// Whether agents are rung for it, or one is being connected or serves it.
    pub(crate) fn is_offered(&self) -> bool {
        self.offer.is_some() || !self.ringing.is_empty()
    }

    /// Whether an agent is to be found for it in this queue now.
    pub(crate) fn seeks(&self, _visit: &Visit) -> bool {
        !self.is_offered()
    }

    /// The same in any of its queues.
    pub(crate) fn seeks_anybody(&self) -> bool {
        self.visits.iter().any(|visit| self.seeks(visit))
    }

    /// The agent whose device rings on this leg.
    pub(crate) fn ringing_on(&mut self, leg: &LegId) -> Option<&mut Ringing> {
        let mut ringing = self.ringing.iter_mut();
        ringing.find(|ringing| ringing.device(leg).is_some())
    }

    /// Everybody who rings for it.
    pub(crate) fn rung_agents(&self) -> impl Iterator<Item = &AgentId> {
        self.ringing.iter().map(|ringing| &ringing.agent)
    }

    /// Offers that are open: of those who ring, and of the one being connected.
    pub(crate) fn open_offers(&self) -> impl Iterator<Item = (OfferId, &AgentId)> {
        let connecting = self.offer.iter();
        let connecting = connecting.filter(|offer| offer.stage != OfferStage::Connected);
        let connecting = connecting.map(|offer| (offer.id, &offer.agent));
        let ringing = self
            .ringing
            .iter()
            .map(|ringing| (ringing.id, &ringing.agent));
        connecting.chain(ringing)
    }
}
