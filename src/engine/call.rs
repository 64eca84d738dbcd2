//! A call: one customer contact, from arrival to end.

use crate::engine::callback::Dialogue;
use crate::engine::cause::Cause;
use crate::engine::fact::EndedBy;
use crate::engine::id::{AgentId, CallId, CommandId, LegId, MessageId, OfferId, QueueId};
use crate::engine::ivr::flow::Flow;
use crate::engine::ivr::interpreter::Session;
use crate::engine::leg::{Leg, LegState};
use crate::engine::message::Leaving;
use crate::engine::party::{Party, Talk};
use crate::engine::prelude::Briefing;
use crate::engine::queue::Place;
use crate::engine::recognition::Recognition;
use crate::engine::ringing::{Ringing, RungDevice};
use crate::engine::terms::Terms;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::engine::wishes::{SoughtWhy, Wishes};
use crate::switch::{Language, PhoneNumber};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a call is. Exactly one at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Known, not yet decided about.
    Arrived,
    /// In a flow.
    InFlow,
    /// Waiting in a queue.
    Waiting,
    /// Waiting, while an agent rings for it.
    Offered,
    /// With an agent, who may have put the caller on hold.
    Connected,
    /// In a parking slot, with music.
    Parked,
    /// With music, while somebody rings to whom the caller goes.
    Transferring,
    /// With a number outside, and no agent any more.
    Outside,
    /// Leaving a message.
    Voicemail,
    Ended,
}

impl CallState {
    /// The word used in tables, the API and metrics.
    pub fn word(self) -> &'static str {
        match self {
            CallState::Arrived => "arrived",
            CallState::InFlow => "in_flow",
            CallState::Waiting => "waiting",
            CallState::Offered => "offered",
            CallState::Connected => "connected",
            CallState::Parked => "parked",
            CallState::Transferring => "transferring",
            CallState::Outside => "outside",
            CallState::Voicemail => "voicemail",
            CallState::Ended => "ended",
        }
    }
}

/// One call as the engine knows it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) state: CallState,
    pub(crate) caller: Leg,
    pub(crate) caller_number: OutsideText,
    pub(crate) caller_name: OutsideText,
    pub(crate) dialled: OutsideText,
    pub(crate) language: Language,
    pub(crate) recognition: Recognition,
    pub(crate) wishes: Wishes,
    pub(crate) session: Option<Session>,
    /// The flow as it was when the call entered it: a change is for new calls.
    pub(crate) flow: Option<Arc<Flow>>,
    /// The recording of its conversation.
    pub(crate) recording: Option<CommandId>,
    /// The playback whose end moves the call on.
    pub(crate) playback: Option<CommandId>,
    /// The queues it waits in, the one it came to first in front; empty when it
    /// waits in none.
    pub(crate) visits: Vec<Visit>,
    /// Announcements heard while it waited.
    pub(crate) announced: u32,
    /// How many rounds of offers it has had: nobody is rung twice in a round.
    pub(crate) offers: u32,
    /// Who was rung in the present round.
    pub(crate) rung: BTreeSet<AgentId>,
    /// Who is rung for it, in the order of their offers.
    pub(crate) ringing: Vec<Ringing>,
    /// The agent who answered.
    pub(crate) offer: Option<Offer>,
    /// What is heard before the bridge.
    pub(crate) briefing: Option<Briefing>,
    /// What caller and agent are to each other, while it is connected.
    pub(crate) talk: Talk,
    /// Who else is rung for it or takes part.
    pub(crate) parties: Vec<Party>,
    pub(crate) parking: Option<Parking>,
    /// The place it was served from: where it goes when a transfer fails.
    pub(crate) served: Option<Served>,
    /// The message that the caller is leaving.
    pub(crate) leaving: Option<Leaving>,
    /// From where it went to a number outside: there it goes on when nobody answers.
    pub(crate) diverted: Option<Diverted>,
    /// Overflow rules, by queue, that led to a number outside in vain, with those before them.
    pub(crate) rules_tried: BTreeMap<QueueId, usize>,
    /// The agent who dials it: the caller's leg is theirs until the number answers.
    pub(crate) dialler: Option<Dialler>,
    /// The other devices of the agent who dials, that ring beside the caller's leg.
    pub(crate) devices: Vec<RungDevice>,
    /// How far the caller has come to being called back.
    pub(crate) callback: Option<Dialogue>,
    /// Its switch was asked who of the two is still there, since they came apart.
    pub(crate) sought: bool,
    /// Why and by whose doing the call is being ended, from the moment it is decided.
    pub(crate) ending: Option<(Cause, EndedBy)>,
}

/// A call's wait in one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) place: Place,
    pub(crate) terms: Terms,
    /// Why it waits for the agents alone whom its terms name.
    pub(crate) sought_why: SoughtWhy,
    /// How many of the queue's steps are behind it, those left out included.
    pub(crate) steps_done: usize,
    /// How many agents of the queue may ring under [`Strategy::Progressive`] by now.
    ///
    /// [`Strategy::Progressive`]: crate::engine::centre::Strategy::Progressive
    pub(crate) reach: usize,
}

impl Visit {
    pub(crate) fn queue(&self) -> &QueueId {
        &self.terms.queue
    }
}

/// A numbered slot in which a caller waits to be taken up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parking {
    pub slot: u16,
    /// Who parked the call, and is rung when nobody has taken it up `until`.
    pub by: AgentId,
    pub until: Timestamp,
}

/// The place in a queue that a call was served from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    pub queue: QueueId,
    pub priority: i32,
}

/// The place that a call had when an overflow led it to a number outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diverted {
    pub queue: QueueId,
    pub priority: i32,
    pub entered: Timestamp,
    /// The queue's step it had come to.
    pub step: usize,
    /// Which of the queue's overflow rules leads the call on, from 0.
    pub rule: usize,
}

/// An agent who dials out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialler {
    pub agent: AgentId,
    pub number: PhoneNumber,
    /// The callback whose turn it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<CallbackTurn>,
    /// Whoever answers the call's own leg must press a key before they count as
    /// the agent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm: bool,
    /// The message whose caller is called back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
}

/// The callback that a call is the turn of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackTurn {
    pub callback: CallId,
    pub queue: QueueId,
}

/// The agent who answered an offer of the call: being connected, and then talking.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) id: OfferId,
    pub(crate) agent: AgentId,
    /// The queue whose call it is.
    pub(crate) queue: Option<QueueId>,
    pub(crate) leg: Leg,
    pub(crate) stage: OfferStage,
}

/// How far an offer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferStage {
    Ringing,
    /// The agent answered; the bridge is asked for, or comes when both have heard
    /// what there is to hear.
    Connecting,
    Connected,
}

impl Call {
    /// The leg by its name; legs being closed no longer belong to the call.
    pub(crate) fn leg_mut(&mut self, id: &LegId) -> Option<&mut Leg> {
        if self.caller.id == *id {
            return Some(&mut self.caller);
        }
        let ringing = self.ringing.iter_mut();
        let devices = ringing.flat_map(|ringing| &mut ringing.devices);
        let devices = devices.chain(&mut self.devices);
        let devices = devices.map(|device| &mut device.leg);
        let offer = self.offer.as_mut().map(|offer| &mut offer.leg);
        let parties = self.parties.iter_mut().map(|party| &mut party.leg);
        let mut others = offer.into_iter().chain(parties).chain(devices);
        others.find(|leg| leg.id == *id)
    }

    pub(crate) fn leg(&self, id: &LegId) -> Option<&Leg> {
        self.legs().find(|leg| leg.id == *id)
    }

    /// All of them, the caller's first.
    pub(crate) fn legs(&self) -> impl Iterator<Item = &Leg> {
        let devices = self.ringing.iter().flat_map(|ringing| &ringing.devices);
        let devices = devices.chain(&self.devices);
        let devices = devices.map(|device| &device.leg);
        let offer = self.offer.iter().map(|offer| &offer.leg);
        let parties = self.parties.iter().map(|party| &party.leg);
        let others = offer.chain(parties).chain(devices);
        std::iter::once(&self.caller).chain(others)
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.visits.is_empty()
    }

    pub(crate) fn visit(&self, queue: &QueueId) -> Option<&Visit> {
        self.visits.iter().find(|visit| visit.queue() == queue)
    }

    pub(crate) fn visit_mut(&mut self, queue: &QueueId) -> Option<&mut Visit> {
        self.visits.iter_mut().find(|visit| visit.queue() == queue)
    }

    /// Whether caller and agent hear each other, as far as is known.
    pub(crate) fn is_together(&self) -> bool {
        self.caller.state == LegState::Bridged
    }

    /// Whether caller and somebody else talk, or are to talk, without our help.
    pub(crate) fn is_talking(&self) -> bool {
        match self.state {
            CallState::Outside => true,
            _ => self.is_connected() && matches!(self.talk, Talk::Together | Talk::Conference),
        }
    }

    /// Whether the caller is still in the flow, so that keys lead somewhere.
    pub(crate) fn is_in_flow(&self) -> bool {
        !self.is_waiting()
            && !self.is_offered()
            && matches!(self.state, CallState::Arrived | CallState::InFlow)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.offer
            .as_ref()
            .is_some_and(|offer| offer.stage == OfferStage::Connected)
    }
}
