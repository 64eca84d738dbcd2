//! What a new run must know of the one before: a pure fold of the facts. The
//! journal keeps it as a checkpoint, and the entries after the checkpoint bring
//! it up to date. The switches then say what of it still lives.

mod call;

use crate::engine::agent::AgentState;
use crate::engine::call::{CallState, OfferStage, Served};
use crate::engine::callback::{CallbackOrder, CallbackProgress, CallbackState, RememberedCallback};
use crate::engine::command::Command;
use crate::engine::estimate::Learnt;
use crate::engine::fact::{
    Fact, OfferOutcome, Remembered, RememberedAgent, RememberedBlock, RememberedCall,
    RememberedClosing, RememberedDevice, RememberedLearnt, RememberedParty, RememberedRecording,
    RememberedRinging, RememberedVisit,
};
use crate::engine::id::{AgentId, CallId, CommandId, LegId, OfferId, QueueId};
use crate::engine::lamps::{Lamp, Phone};
use crate::engine::leg::{LegRole, LegState};
use crate::engine::message::Messages;
use crate::engine::party::Talk;
use crate::engine::patrons::Patrons;
use crate::engine::recognition::Recognition;
use crate::engine::recording::FilingOrder;
use crate::engine::shift::Shift;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::engine::wishes::{Sought, Wishes};
use call::offer_on;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Live calls, agents' states, legs being ended and recordings under way, as
/// the facts so far say. As large as the centre is busy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    calls: BTreeMap<CallId, RememberedCall>,
    agents: BTreeMap<AgentId, RememberedAgent>,
    closing: Vec<RememberedClosing>,
    recordings: BTreeMap<CommandId, RememberedRecording>,
    #[serde(default)]
    learnt: BTreeMap<QueueId, Learnt>,
    #[serde(default, skip_serializing_if = "Patrons::is_empty")]
    patrons: Patrons,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    callbacks: BTreeMap<CallId, RememberedCallback>,
    #[serde(default, skip_serializing_if = "Messages::is_empty")]
    messages: Messages,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lamps: Vec<(Phone, Lamp)>,
    last_command: CommandId,
    /// Callbacks between their first fact and the next.
    #[serde(skip)]
    asked_for: BTreeMap<CallId, CallbackOrder>,
    /// Calls between their first fact and that of their leg.
    #[serde(skip)]
    starting: Option<Starting>,
}

/// A call whose leg is told by the next fact.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Starting {
    call: CallId,
    caller_number: OutsideText,
    caller_name: OutsideText,
    dialled: OutsideText,
}

impl Memory {
    /// Takes in what the engine made of one event.
    pub fn entry<'a>(&mut self, at: Timestamp, commands: impl IntoIterator<Item = &'a Command>) {
        for command in commands {
            match command {
                Command::Note(fact) => self.apply(at, fact),
                Command::Switch(order) => self.saw(order.id),
                Command::Answer { .. } => {}
                Command::File(order) => self.complete(order),
            }
        }
    }

    /// The audio is complete on the switch; it is filed again if that was not done.
    fn complete(&mut self, order: &FilingOrder) {
        self.saw(order.recording);
        let before = self.recordings.get(&order.recording);
        let complete = RememberedRecording {
            recording: order.recording,
            call: order.call,
            switch: order.switch.clone(),
            started: order.started,
            message: before.and_then(|known| known.message.clone()),
            media: Some(order.media.clone()),
        };
        self.recordings.insert(order.recording, complete);
    }

    /// The number of a command that was given.
    pub fn saw(&mut self, command: CommandId) {
        self.last_command = self.last_command.max(command);
    }

    /// Makes `fact`, which became true `at`, part of the memory.
    pub fn apply(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::CallStarted {
                call,
                caller_number,
                caller_name,
                dialled,
                ..
            } => {
                self.starting = Some(Starting {
                    call: *call,
                    caller_number: caller_number.clone(),
                    caller_name: caller_name.clone(),
                    dialled: dialled.clone(),
                });
            }
            Fact::LegStarted {
                call,
                leg,
                role,
                agent,
                confirm,
                ..
            } => match (role, agent) {
                (LegRole::Caller, _) => self.caller_came(at, *call, leg),
                (LegRole::Agent, Some(agent)) => {
                    self.call(*call, |known| known.device_rung(agent, leg, *confirm));
                }
                _ => {}
            },
            Fact::Recognised { call, recognition } => {
                self.call(*call, |known| known.recognition = recognition.clone());
            }
            Fact::Wished { call, wishes } => {
                self.call(*call, |known| known.wishes = wishes.clone());
            }
            Fact::LegMoved { call, leg, state } => self.leg_moved(*call, leg, *state),
            Fact::LegClosing { call, leg, agent } => {
                self.call(*call, |known| known.forget_leg(leg));
                self.closing.push(RememberedClosing {
                    leg: leg.clone(),
                    call: *call,
                    agent: agent.clone(),
                });
            }
            Fact::LegEnded { call, leg, .. } => self.leg_ended(*call, leg),
            Fact::CallMoved { call, state } => self.call(*call, |known| {
                known.state = *state;
                known.state_since = at;
                known.parking.take_if(|_| *state != CallState::Parked);
                known.leaving.take_if(|_| *state != CallState::Voicemail);
                known
                    .diverted
                    .take_if(|_| *state != CallState::Transferring);
            }),
            Fact::TalkMoved { call, talk } => self.call(*call, |known| known.talk = *talk),
            Fact::PartyAdded {
                call,
                leg,
                who,
                role,
            } => self.call(*call, |known| {
                known.parties.push(RememberedParty {
                    leg: leg.clone(),
                    state: LegState::Ringing,
                    who: who.clone(),
                    role: role.clone(),
                });
            }),
            Fact::PartyMoved { call, leg, role } => self.call(*call, |known| {
                let party = known.parties.iter_mut().find(|party| party.leg == *leg);
                party
                    .into_iter()
                    .for_each(|party| party.role = role.clone());
            }),
            Fact::PartyLeft { call, leg, .. } => self.call(*call, |known| {
                known.parties.retain(|party| party.leg != *leg);
            }),
            Fact::HandedOver { call, agent, leg } => self.call(*call, |known| {
                known.parties.retain(|party| party.leg != *leg);
                known.offer = offer_on(agent, leg, OfferStage::Connected);
            }),
            Fact::Parked { call, parking } => {
                self.call(*call, |known| known.parking = Some(parking.clone()));
            }
            Fact::Diverted { call, from } => self.call(*call, |known| {
                known.rules_tried.insert(from.queue.clone(), from.rule + 1);
                known.diverted = Some(from.clone());
            }),
            Fact::MessageAsked { call, leaving } => {
                self.call(*call, |known| known.leaving = Some(leaving.clone()));
            }
            Fact::MessageLeft { message } => self.messages.add(message.clone()),
            Fact::MessageMoved { message, state, .. } => {
                self.messages.move_to(*message, state.clone());
            }
            Fact::MessageDeleted { message, .. } => self.messages.remove(*message),
            Fact::LampSet { phone, lamp } => {
                self.lamps.retain(|(known, _)| known != phone);
                if lamp.is_lit() {
                    self.lamps.push((phone.clone(), *lamp));
                }
            }
            Fact::DialledOut { call, dialler } => {
                self.call(*call, |known| known.dialler = Some(dialler.clone()));
            }
            Fact::DialsOn { call, leg } => self.call(*call, |known| known.dials_on(leg)),
            Fact::DialAnswered {
                call,
                caller,
                agent,
                leg,
            } => self.call(*call, |known| {
                known.parties.retain(|party| party.leg != *caller);
                known.leg = caller.clone();
                known.leg_state = LegState::Bridged;
                known.dialler = None;
                known.devices.clear();
                known.offer = offer_on(agent, leg, OfferStage::Connected);
            }),
            Fact::CallbackRequested { callback, order } => {
                if let Some(from) = order.from {
                    self.call(from, |known| known.called_back = true);
                }
                self.asked_for.insert(*callback, order.clone());
            }
            Fact::CallbackMoved { callback, progress } => {
                self.callback_moved(at, *callback, progress);
            }
            Fact::CallbackClosed {
                callback,
                call,
                agent,
                queue,
                priority,
                ..
            } => {
                self.asked_for.remove(callback);
                self.callbacks.remove(callback);
                if let (Some(call), Some(agent)) = (call, agent) {
                    self.callback_reached(at, *call, agent, queue, *priority);
                }
            }
            Fact::BlockEntered { call, flow, block } => self.call(*call, |known| {
                known.block = Some(RememberedBlock {
                    flow: flow.clone(),
                    block: block.clone(),
                    attempts: 1,
                });
            }),
            Fact::BlockRepeated { call, attempts } => self.call(*call, |known| {
                if let Some(block) = &mut known.block {
                    block.attempts = *attempts;
                }
            }),
            Fact::CallEnding {
                call,
                cause,
                ended_by,
            } => self.call(*call, |known| known.ending = Some((*cause, *ended_by))),
            Fact::CallEnded { call, .. } => drop(self.calls.remove(call)),
            Fact::QueueEntered {
                call,
                queue,
                priority,
                entered,
            } => self.call(*call, |known| {
                known.visits.push(RememberedVisit {
                    queue: queue.clone(),
                    priority: *priority,
                    entered: *entered,
                    step: 0,
                    sought: None,
                });
            }),
            Fact::QueueLeft {
                call,
                queue,
                reason,
            } => self.call(*call, |known| known.leave(queue, *reason)),
            Fact::AgentSought {
                call,
                queue,
                agents,
                until,
                why,
            } => {
                let sought = until.map(|until| Sought {
                    agents: agents.clone(),
                    until,
                    why: *why,
                });
                self.sought(at, *call, queue, sought);
            }
            Fact::StepReached {
                call,
                queue,
                step,
                priority,
            } => self.call(*call, |known| {
                let mut visits = known.visits.iter_mut();
                if let Some(visit) = visits.find(|visit| visit.queue == *queue) {
                    visit.step = *step;
                    visit.priority = *priority;
                }
            }),
            Fact::Offered {
                offer,
                call,
                agent,
                leg,
                queue,
            } => {
                self.call(*call, |known| {
                    if known.ringing.is_empty() || known.rung.contains(agent) {
                        known.offers += 1;
                        known.rung.clear();
                    }
                    known.rung.insert(agent.clone());
                    known.ringing.push(RememberedRinging {
                        offer: *offer,
                        agent: agent.clone(),
                        queue: queue.clone(),
                        devices: vec![RememberedDevice::ringing(leg)],
                    });
                });
                self.agent_served(agent, queue.as_ref(), |shift, queue| {
                    shift.offered(at, queue)
                });
            }
            Fact::Confirmed { call, leg, .. } => {
                self.call(*call, |known| known.confirmed(leg));
            }
            Fact::OfferEnded {
                offer,
                call,
                agent,
                outcome,
            } => self.offer_ended(at, *call, *offer, agent, *outcome),
            Fact::AgentMoved {
                agent,
                state,
                call,
                until,
                ..
            } => self.agent_moved(at, agent, state, *call, *until),
            Fact::AgentRests { agent, until } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.rests_until = Some(*until);
                }
            }
            Fact::OfferMissed {
                agent,
                missed,
                in_a_row,
                then,
                ..
            } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    match then {
                        Some(_) => known.missed.clear(),
                        None => drop(known.missed.insert(*missed, *in_a_row)),
                    }
                }
            }
            Fact::WrapUpExtended {
                agent,
                until,
                extensions,
                ..
            } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.until = Some(*until);
                    known.extensions = *extensions;
                }
            }
            Fact::LineMoved { agent, line } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.line = Some(line.clone());
                }
            }
            Fact::LineEnded { agent, .. } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.line = None;
                }
            }
            Fact::LegKept { call, leg } => self.call(*call, |known| known.forget_leg(leg)),
            Fact::AgentAsked { agent, request } => {
                if let Some(known) = self.agents.get_mut(agent) {
                    known.next.clone_from(request);
                }
            }
            Fact::RecordingAsked {
                call,
                recording,
                switch,
                message,
            } => {
                if message.is_some() {
                    self.leaves_by(*call, Some(*recording));
                }
                let asked = RememberedRecording {
                    recording: *recording,
                    call: *call,
                    switch: switch.clone(),
                    started: at,
                    message: message.clone(),
                    media: None,
                };
                self.recordings.insert(*recording, asked);
            }
            Fact::RecordingFiled { recording, .. } => {
                self.recordings.remove(recording);
            }
            Fact::RecordingLost {
                call, recording, ..
            } => {
                let lost = self.recordings.remove(recording);
                if lost.is_some_and(|lost| lost.message.is_some()) {
                    self.leaves_by(*call, None);
                }
            }
            Fact::QueueLearnt { queue, learnt } => {
                self.learnt.insert(queue.clone(), learnt.clone());
            }
            Fact::Asked { .. }
            | Fact::CallerBlocked { .. }
            | Fact::Briefed { .. }
            | Fact::DigitPressed { .. }
            | Fact::Overflowed { .. }
            | Fact::MessageDropped { .. }
            | Fact::MessageCalled { .. }
            | Fact::Decided { .. }
            | Fact::RecordingStarted { .. }
            | Fact::CommandFailed { .. }
            | Fact::LinkChanged { .. }
            | Fact::Reconciled { .. }
            | Fact::Drift { .. }
            | Fact::Overdue { .. } => {}
        }
    }

    /// What the next run is told.
    pub fn remembered(&self) -> Remembered {
        Remembered {
            calls: self.calls.values().cloned().collect(),
            agents: self.agents.values().cloned().collect(),
            closing: self.closing.clone(),
            recordings: self.recordings.values().cloned().collect(),
            learnt: self.learnt.iter().map(remembered_learnt).collect(),
            patrons: self.patrons.clone(),
            callbacks: self.callbacks.values().cloned().collect(),
            messages: self.messages.clone(),
            lamps: self.lamps.clone(),
            last_command: self.last_command,
        }
    }

    fn call(&mut self, call: CallId, change: impl FnOnce(&mut RememberedCall)) {
        if let Some(known) = self.calls.get_mut(&call) {
            change(known);
        }
    }

    /// A call waits for certain agents alone, or no longer; or a callback does.
    fn sought(&mut self, at: Timestamp, call: CallId, queue: &QueueId, sought: Option<Sought>) {
        if let Some(known) = self.callbacks.get_mut(&call) {
            known.progress.seek(at, sought);
            return;
        }
        self.call(call, |known| {
            let mut visits = known.visits.iter_mut();
            if let Some(visit) = visits.find(|visit| visit.queue == *queue) {
                visit.sought = sought;
            }
        });
    }

    /// The recording by which the caller leaves their message.
    fn leaves_by(&mut self, call: CallId, recording: Option<CommandId>) {
        self.call(call, |known| {
            if let Some(leaving) = &mut known.leaving {
                leaving.recording = recording;
            }
        });
    }

    fn caller_came(&mut self, at: Timestamp, call: CallId, leg: &LegId) {
        if let Some(starting) = self.starting.take_if(|starting| starting.call == call) {
            let started = self.calls.get(&call).map_or(at, |known| known.started);
            let begun = RememberedCall {
                call,
                leg: leg.clone(),
                leg_state: LegState::Ringing,
                caller_number: starting.caller_number,
                caller_name: starting.caller_name,
                dialled: starting.dialled,
                recognition: Recognition::default(),
                wishes: Wishes::default(),
                started,
                state: CallState::Arrived,
                state_since: at,
                visits: Vec::new(),
                offers: 0,
                talk: Talk::default(),
                parties: Vec::new(),
                parking: None,
                served: None,
                leaving: None,
                diverted: None,
                rules_tried: BTreeMap::new(),
                dialler: None,
                devices: Vec::new(),
                rung: BTreeSet::new(),
                ringing: Vec::new(),
                called_back: false,
                offer: None,
                block: None,
                ending: None,
            };
            self.calls.insert(call, begun);
        }
    }

    fn offer_ended(
        &mut self,
        at: Timestamp,
        call: CallId,
        ended: OfferId,
        agent: &AgentId,
        outcome: OfferOutcome,
    ) {
        let mut served = None;
        let mut number = OutsideText::default();
        self.call(call, |known| {
            known.ringing.retain(|ringing| ringing.offer != ended);
            if outcome != OfferOutcome::Accepted {
                known.offer.take_if(|offer| offer.offer == ended);
            } else if let Some(offer) = &mut known.offer {
                offer.stage = OfferStage::Connected;
                served = offer.queue.clone();
                number = known.recognition.patron(&known.caller_number).clone();
            }
        });
        self.patrons.served(&number, agent, at);
        self.agent_served(agent, served.as_ref(), Shift::answered);
    }

    fn callback_moved(&mut self, at: Timestamp, callback: CallId, progress: &CallbackProgress) {
        let progress = progress.clone();
        let new = self.asked_for.remove(&callback);
        let state = progress.state.clone();
        match (self.callbacks.get_mut(&callback), new) {
            (Some(known), _) => known.progress = progress,
            (None, Some(order)) => {
                let begun = RememberedCallback {
                    callback,
                    order,
                    progress,
                };
                self.callbacks.insert(callback, begun);
            }
            (None, None) => {}
        }
        if let CallbackState::Offered { agent, .. } = state
            && let Some(queue) = self.callbacks.get(&callback).map(|c| c.order.queue.clone())
        {
            let offered = |shift: &mut Shift, queue: &QueueId| shift.offered(at, queue);
            self.agent_served(&agent, Some(&queue), offered);
        }
    }

    fn callback_reached(
        &mut self,
        at: Timestamp,
        call: CallId,
        agent: &AgentId,
        queue: &QueueId,
        priority: i32,
    ) {
        let mut number = OutsideText::default();
        self.call(call, |known| {
            number = known.recognition.patron(&known.caller_number).clone();
            known.served = Some(Served {
                queue: queue.clone(),
                priority,
            });
        });
        self.patrons.served(&number, agent, at);
        self.agent_served(agent, Some(queue), Shift::answered);
    }

    fn agent_served(
        &mut self,
        agent: &AgentId,
        queue: Option<&QueueId>,
        change: impl FnOnce(&mut Shift, &QueueId),
    ) {
        if let (Some(known), Some(queue)) = (self.agents.get_mut(agent), queue) {
            change(&mut known.shift, queue);
        }
    }

    fn leg_moved(&mut self, call: CallId, leg: &LegId, state: LegState) {
        self.call(call, |known| {
            if known.leg == *leg {
                known.leg_state = state;
            } else if let Some(party) = known.parties.iter_mut().find(|p| p.leg == *leg) {
                party.state = state;
            } else if let Some(device) = known.devices.iter_mut().find(|d| d.leg == *leg) {
                device.state = state;
            } else if known.ringing.iter().any(|r| r.device(leg).is_some()) {
                known.device_moved(leg, state);
            } else if let Some(offer) = known.offer.as_mut().filter(|offer| offer.leg == *leg) {
                offer.stage = match state {
                    LegState::Ringing => offer.stage,
                    LegState::Answered => offer.stage.max(OfferStage::Connecting),
                    LegState::Bridged | LegState::Ended => OfferStage::Connected,
                };
            }
        });
    }

    fn leg_ended(&mut self, call: CallId, leg: &LegId) {
        if let Some(nth) = self.closing.iter().position(|closing| closing.leg == *leg) {
            self.closing.remove(nth);
            return;
        }
        self.call(call, |known| {
            if known.leg == *leg {
                known.leg_state = LegState::Ended;
            }
            known.forget_leg(leg);
        });
    }

    fn agent_moved(
        &mut self,
        at: Timestamp,
        agent: &AgentId,
        state: &AgentState,
        call: Option<CallId>,
        until: Option<Timestamp>,
    ) {
        let before = self.agents.get(agent);
        let signs_in = before.is_none_or(|known| known.state == AgentState::SignedOut);
        let idle_since = match before {
            Some(known) if !signs_in && *state != AgentState::WrapUp => known.idle_since,
            _ => at,
        };
        let busy = matches!(
            state,
            AgentState::Offered
                | AgentState::OnCall
                | AgentState::Hold
                | AgentState::Consult
                | AgentState::WrapUp
        );
        let next = before.filter(|_| busy).and_then(|known| known.next.clone());
        let mut shift = before.map(|known| known.shift.clone()).unwrap_or_default();
        let from = before.map_or(&AgentState::SignedOut, |known| &known.state);
        shift.moved(at, from, state);
        let forgiven = matches!(state, AgentState::OnCall | AgentState::SignedOut);
        let missed = before.filter(|_| !forgiven);
        let missed = missed.map(|known| known.missed.clone()).unwrap_or_default();
        let moved = RememberedAgent {
            agent: agent.clone(),
            state: state.clone(),
            since: at,
            idle_since,
            call,
            until,
            rests_until: None,
            next,
            shift,
            missed,
            extensions: 0,
            line: before.and_then(|known| known.line.clone()),
        };
        self.agents.insert(agent.clone(), moved);
    }
}

fn remembered_learnt((queue, learnt): (&QueueId, &Learnt)) -> RememberedLearnt {
    RememberedLearnt {
        queue: queue.clone(),
        learnt: learnt.clone(),
    }
}
