//! Who is rung for a call: agents, each on all their devices, until the first
//! of them answers.

use crate::engine::Engine;
use crate::engine::call::{Call, OfferStage, Visit};
use crate::engine::centre::Strategy;
use crate::engine::command::Commands;
use crate::engine::explanation::Trigger;
use crate::engine::id::{AgentId, CallId, LegId, OfferId, QueueId};
use crate::engine::leg::{Leg, LegState};
use crate::engine::queues::Queues;
use crate::engine::timer::Reason;

/// Agents rung for one call at once.
pub(crate) const MOST_RUNG: usize = 100;

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
    pub(crate) fn seeks(&self, visit: &Visit, queues: &Queues) -> bool {
        let strategy = |queue: &QueueId| Some(queues.get(queue)?.settings.strategy);
        let rings_alone = |ringing: &Ringing| {
            let strategy = ringing.queue.as_ref().and_then(strategy);
            !strategy.is_some_and(Strategy::rings_several)
        };
        let may_ring = match strategy(visit.queue()) {
            Some(Strategy::RingAll) => true,
            Some(Strategy::Progressive) => self.rung_by(visit.queue()) < visit.reach,
            _ => !self.ringing.iter().any(rings_alone),
        };
        may_ring && self.offer.is_none() && self.ringing.len() < MOST_RUNG
    }

    /// The same in any of its queues.
    pub(crate) fn seeks_anybody(&self, queues: &Queues) -> bool {
        self.visits.iter().any(|visit| self.seeks(visit, queues))
    }

    /// How many ring for it as a call of this queue.
    pub(crate) fn rung_by(&self, queue: &QueueId) -> usize {
        let rung = self.ringing.iter();
        rung.filter(|rung| rung.queue.as_ref() == Some(queue))
            .count()
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

impl Engine {
    /// Sets the moment when one more is rung for a call that rings, where its
    /// queue rings one after the other in addition.
    pub(super) fn expect_progress(&mut self, call: CallId, queue: &QueueId) {
        let settings = self.queues.get(queue).map(|queue| &queue.settings);
        let progress = settings.filter(|settings| settings.strategy == Strategy::Progressive);
        let progress = progress.map(|settings| settings.progress);
        let rings = self
            .calls
            .get(&call)
            .is_some_and(|call| call.rung_by(queue) > 0);
        let due = Reason::ProgressDue(call, queue.clone());
        match progress.filter(|_| rings) {
            Some(progress) => self.timers.set(due, self.now + progress),
            None => self.timers.clear(&due),
        }
    }

    /// The call has rung long enough for one more to be rung, or as soon as one
    /// is free.
    pub(super) fn progress_due(&mut self, call: CallId, queue: &QueueId, out: &mut Commands) {
        let Some(known) = self
            .calls
            .get_mut(&call)
            .filter(|call| call.offer.is_none())
        else {
            return;
        };
        let rung = known.rung_by(queue);
        let Some(visit) = known.visit_mut(queue).filter(|_| rung > 0) else {
            return;
        };
        visit.reach = rung + 1;
        self.expect_progress(call, queue);
        self.line_up(call);
        self.distribute_call(call, Trigger::OneMore, out);
    }
}
