//! A run begins where the one before stopped: what it is told of calls, agents
//! and recordings is put back as it was, without a word to anybody. The
//! snapshots of the switches, which follow, say what of it still lives.

use crate::engine::agent::{Agent, AgentState};
use crate::engine::call::{Call, CallState, Offer, OfferStage};
use crate::engine::callback::Dialogue;
use crate::engine::centre::AgentSettings;
use crate::engine::command::Commands;
use crate::engine::event::AgentRequest;
use crate::engine::fact::{
    Fact, QueueExit, Remembered, RememberedAgent, RememberedCall, RememberedClosing,
    RememberedDevice, RememberedOffer, RememberedParty, RememberedRinging,
};
use crate::engine::id::{AgentId, CallId, CommandId, LegId, OfferId, QueueId, SwitchId};
use crate::engine::ivr::interpreter::Session;
use crate::engine::leg::{Leg, LegState};
use crate::engine::offer::SETTLING;
use crate::engine::party::{Astray, Party, PartyRole};
use crate::engine::ringing::{Ringing, RungDevice};
use crate::engine::talk::state_in;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::engine::waiting::Entry;
use crate::engine::{Closing, Engine};
use crate::switch::Extension;
use rand_pcg::rand_core::Rng;
use std::collections::BTreeSet;

/// More commands than a run ever gives in a millisecond, taken over its life.
const COMMANDS_PER_MILLISECOND: u64 = 256;
/// Far more commands than a run gives between two that are kept.
const LARGEST_GAP: u64 = 1 << 32;

impl Engine {
    pub(super) fn remember(&mut self, remembered: Remembered, out: &mut Commands) {
        self.last_command = self.numbers_after(remembered.last_command);
        self.patrons = remembered.patrons;
        self.messages = remembered.messages;
        self.lamps = remembered.lamps.into_iter().collect();
        let mut new: BTreeSet<AgentId> = self.agents.keys().cloned().collect();
        for agent in remembered.agents {
            new.remove(&agent.agent);
            self.remember_agent(agent);
        }
        for agent in &new {
            self.move_agent(agent, AgentState::SignedOut, None, None, out);
        }
        for call in remembered.calls {
            self.remember_call(call, out);
        }
        self.remember_callbacks(remembered.callbacks, out);
        for closing in remembered.closing {
            self.remember_closing(closing);
        }
        for recording in remembered.recordings {
            self.remember_recording(recording, out);
        }
        self.free_the_forgotten(out);
        let agents: Vec<AgentId> = self.agents.keys().cloned().collect();
        for agent in &agents {
            self.refresh_standing(agent);
        }
    }

    /// Numbers of commands begin with the time, so that a run gives none that
    /// the run before gave and could not keep: the switch may still use it. A
    /// clock may have been set back meanwhile, which is what the gap is for.
    fn numbers_after(&mut self, last: CommandId) -> CommandId {
        let now = u64::try_from(self.now.as_millis()).unwrap_or(0);
        let begin = now.saturating_mul(COMMANDS_PER_MILLISECOND).max(last.0);
        CommandId(begin.saturating_add(self.generator.next_u64() % LARGEST_GAP))
    }

    fn remember_agent(&mut self, known: RememberedAgent) {
        let Some(agent) = self.agents.get_mut(&known.agent) else {
            return;
        };
        agent.state = known.state;
        agent.idle_since = known.idle_since;
        agent.call = known.call;
        agent.next = known.next;
        agent.missed = known.missed;
        agent.extensions = known.extensions;
        if let Some(index) = self.queues.agent_index(&known.agent) {
            *self.queues.shift_mut(index) = known.shift;
        }
        if let Some(until) = known.rests_until.filter(|until| *until > self.now) {
            agent.resting = true;
            self.timers
                .set(Reason::RestEnds(known.agent.clone()), until);
        }
        if agent.state == AgentState::WrapUp {
            let until = known.until.unwrap_or(self.now);
            self.timers
                .set(Reason::WrapUpEnds(known.agent.clone()), until);
        }
        if let Some(line) = known.line {
            self.remember_line(&known.agent, line);
        }
    }

    fn remember_call(&mut self, known: RememberedCall, out: &mut Commands) {
        let RememberedCall { call, leg, .. } = known;
        let number = self
            .centre
            .as_ref()
            .and_then(|centre| centre.numbers.get(known.dialled.as_str()));
        let language = number.map(|number| number.language).unwrap_or_default();
        self.legs.insert(leg.clone(), call);
        let (offer, mut ringing) = match known.offer {
            Some(rung) if rung.stage == OfferStage::Ringing => (None, vec![rung.into()]),
            offer => (offer, Vec::new()),
        };
        ringing.extend(known.ringing);
        let offer = offer.map(|offer| self.remember_offer(call, offer, &leg));
        let ringing = ringing.into_iter();
        let ringing = ringing.map(|ringing| self.remember_ringing(call, ringing, &leg));
        let ringing = ringing.collect();
        let parties = self.remember_parties(call, known.parties);
        if let (Some(parking), None) = (&known.parking, known.ending) {
            self.timers.set(Reason::ParkingEnds(call), parking.until);
        }
        let device = |device: RememberedDevice| self.remember_device(call, device);
        let devices: Vec<RungDevice> = known.devices.into_iter().map(device).collect();
        let dialler = known.dialler.as_ref();
        if dialler.is_some_and(|d| d.confirm || known.leg_state == LegState::Ringing) {
            let overdue = self.now + self.in_call().ring + SETTLING;
            self.timers.set(Reason::PartyOverdue(leg.clone()), overdue);
        }
        if known.ending.is_some() {
            let overdue = self.now + self.limits().command_deadline;
            self.timers.set(Reason::HangUpOverdue(leg.clone()), overdue);
        }
        self.calls.insert(
            call,
            Call {
                state: known.state,
                caller: Leg {
                    id: leg.clone(),
                    state: known.leg_state,
                },
                caller_number: known.caller_number,
                caller_name: known.caller_name,
                dialled: known.dialled,
                language,
                recognition: known.recognition,
                wishes: known.wishes,
                session: known
                    .block
                    .map(|at| Session::again(at.flow, at.block, at.attempts)),
                flow: None,
                recording: None,
                playback: None,
                visits: Vec::new(),
                announced: 0,
                offers: known.offers,
                rung: known.rung,
                ringing,
                offer,
                briefing: None,
                talk: known.talk,
                parties,
                parking: known.parking,
                served: known.served,
                leaving: known.leaving,
                diverted: known.diverted,
                rules_tried: known.rules_tried,
                dialler: known.dialler,
                devices,
                callback: known.called_back.then(Dialogue::farewell),
                sought: false,
                ending: known.ending,
            },
        );
        self.remember_confirmations(call);
        let apart = |call: &Call| {
            call.is_talking() && call.caller.state == LegState::Answered && call.ending.is_none()
        };
        if self.calls.get(&call).is_some_and(apart) {
            self.expect_company(call);
        }
        let (known_queues, gone): (Vec<_>, Vec<_>) = known
            .visits
            .into_iter()
            .partition(|visit| self.queues.contains_key(&visit.queue));
        for visit in gone {
            let (queue, reason) = (visit.queue, QueueExit::Failed);
            out.note(Fact::QueueLeft {
                call,
                queue,
                reason,
            });
            if known_queues.is_empty() {
                // The flow says where to go then.
                self.move_call(call, CallState::InFlow, out);
            }
        }
        for visit in known_queues {
            let entry = Entry {
                queue: visit.queue,
                priority: visit.priority,
                entered: visit.entered,
                step: visit.step,
                sought: visit.sought,
            };
            self.take_place(call, &entry);
        }
        self.line_up(call);
    }

    fn remember_ringing(
        &mut self,
        call: CallId,
        known: RememberedRinging,
        caller: &LegId,
    ) -> Ringing {
        self.keep_departed(&known.agent, &caller.switch);
        self.offers.insert(known.offer, call);
        let device = |device: RememberedDevice| self.remember_device(call, device);
        let devices = known.devices.into_iter().map(device).collect();
        self.expect_offer(known.offer, known.queue.as_ref());
        Ringing {
            id: known.offer,
            agent: known.agent,
            queue: known.queue,
            devices,
        }
    }

    fn remember_device(&mut self, call: CallId, known: RememberedDevice) -> RungDevice {
        let RememberedDevice {
            leg,
            state,
            confirm,
        } = known;
        self.legs.insert(leg.clone(), call);
        let leg = Leg { id: leg, state };
        RungDevice { leg, confirm }
    }

    /// Who answered and has not confirmed it has all of the time again.
    fn remember_confirmations(&mut self, call: CallId) {
        let known = self.calls.get(&call).into_iter();
        let legs: Vec<LegId> = known.flat_map(Call::confirming).cloned().collect();
        for leg in &legs {
            self.expect_confirmation(call, leg);
        }
    }

    /// How long the offer has rung is not known: it has all of its time again.
    fn expect_offer(&mut self, offer: OfferId, queue: Option<&QueueId>) {
        let ring = queue.and_then(|queue| self.queues.get(queue));
        let ring = ring.map_or(Span::ZERO, |queue| queue.settings.ring);
        let overdue = self.now + ring + SETTLING;
        self.timers.set(Reason::OfferOverdue(offer), overdue);
    }

    /// An offer with its agent. One who is gone from the settings stays until
    /// the call is over.
    fn remember_offer(&mut self, call: CallId, known: RememberedOffer, caller: &LegId) -> Offer {
        let RememberedOffer {
            offer,
            agent,
            queue,
            leg,
            stage,
        } = known;
        self.keep_departed(&agent, &caller.switch);
        self.offers.insert(offer, call);
        self.legs.insert(leg.clone(), call);
        if stage != OfferStage::Connected {
            self.expect_offer(offer, queue.as_ref());
        }
        let state = match stage {
            OfferStage::Ringing => LegState::Ringing,
            OfferStage::Connecting => LegState::Answered,
            OfferStage::Connected => LegState::Bridged,
        };
        Offer {
            id: offer,
            agent,
            queue,
            leg: Leg { id: leg, state },
            stage,
        }
    }

    fn keep_departed(&mut self, agent: &AgentId, switch: &SwitchId) {
        if !self.agents.contains_key(agent)
            && let Some(settings) = settings_of_departed(agent, switch)
        {
            let mut departed = Agent::new(settings, self.now);
            departed.next = Some(AgentRequest::SignOut);
            self.agents.insert(agent.clone(), departed);
        }
    }

    fn remember_parties(&mut self, call: CallId, known: Vec<RememberedParty>) -> Vec<Party> {
        let mut parties = Vec::new();
        for RememberedParty {
            leg,
            state,
            who,
            role,
        } in known
        {
            if let Some(agent) = who.agent() {
                self.keep_departed(agent, &leg.switch);
            }
            let id = match OfferId::of_channel(&leg.channel) {
                Some(id) => id,
                // It called us, and its switch named it.
                None if role == PartyRole::OwnLine => OfferId::from_ulid(self.new_ulid()),
                None => continue,
            };
            self.legs.insert(leg.clone(), call);
            if state != LegState::Bridged {
                let overdue = self.now + self.in_call().ring + SETTLING;
                self.timers.set(Reason::PartyOverdue(leg.clone()), overdue);
            }
            let leg = Leg { id: leg, state };
            parties.push(Party {
                id,
                leg,
                who,
                role,
                astray: Astray::No,
            });
        }
        parties
    }

    fn remember_closing(&mut self, known: RememberedClosing) {
        let RememberedClosing { leg, call, agent } = known;
        if let Some(agent) = agent.as_ref().and_then(|id| self.agents.get_mut(id)) {
            agent.closing.insert(leg.clone());
        }
        let overdue = self.now + self.limits().command_deadline;
        self.timers.set(Reason::HangUpOverdue(leg.clone()), overdue);
        self.closing.insert(leg, Closing { call, agent });
    }

    /// Agents and offers always know each other; where one half was forgotten,
    /// the other is freed.
    fn free_the_forgotten(&mut self, out: &mut Commands) {
        let mut offered = Vec::new();
        for (call, known) in &self.calls {
            let rung = known.rung_agents();
            let rung = rung.map(|agent| (*call, agent.clone(), OfferStage::Ringing));
            offered.extend(rung);
            let answered = known.offer.iter();
            offered.extend(answered.map(|offer| (*call, offer.agent.clone(), offer.stage)));
        }
        for (call, agent, stage) in &offered {
            let talk = self.calls.get(call).map(|call| call.talk);
            let state = match stage {
                OfferStage::Connected => state_in(talk.unwrap_or_default()),
                _ => AgentState::Offered,
            };
            let knows = |agent: &Agent| agent.call == Some(*call) && agent.state == state;
            if !self.agents.get(agent).is_some_and(knows) {
                self.move_agent(agent, state, Some(*call), None, out);
            }
        }
        let beside = self.engaged_beside();
        for (agent, call, state) in &beside {
            let knows = |agent: &Agent| agent.call == Some(*call) && agent.is_busy();
            if !self.agents.get(agent).is_some_and(knows) {
                self.move_agent(agent, state.clone(), Some(*call), None, out);
            }
        }
        let offered: BTreeSet<_> = offered
            .into_iter()
            .map(|(call, agent, _)| (agent, call))
            .chain(beside.into_iter().map(|(agent, call, _)| (agent, call)))
            .collect();
        let busy = self.agents.iter().filter(|(id, agent)| {
            let knows = |call| offered.contains(&((*id).clone(), call));
            agent.is_busy() && !agent.call.is_some_and(knows)
        });
        let forgotten: Vec<AgentId> = busy.map(|(id, _)| id.clone()).collect();
        for agent in forgotten {
            self.move_agent(&agent, AgentState::Ready, None, None, out);
        }
    }
}

impl Engine {
    /// Agents who take part in calls that they do not serve, or dial them.
    fn engaged_beside(&self) -> Vec<(AgentId, CallId, AgentState)> {
        let mut engaged = Vec::new();
        for (call, known) in &self.calls {
            let state = |leg: &Leg| match leg.state {
                LegState::Ringing => AgentState::Offered,
                _ => AgentState::OnCall,
            };
            for party in known.parties.iter().filter(|party| !party.is_own_line()) {
                let agent = party.who.agent().cloned();
                engaged.extend(agent.map(|agent| (agent, *call, state(&party.leg))));
            }
            let dialler = known.dialler.as_ref();
            let state = match known.rings_dialler() {
                true => AgentState::Offered,
                false => AgentState::OnCall,
            };
            let dialler = dialler.map(|d| (d.agent.clone(), *call, state));
            engaged.extend(dialler);
        }
        engaged
    }
}

impl From<RememberedOffer> for RememberedRinging {
    fn from(rung: RememberedOffer) -> Self {
        Self {
            offer: rung.offer,
            agent: rung.agent,
            queue: rung.queue,
            devices: vec![RememberedDevice {
                leg: rung.leg,
                state: LegState::Ringing,
                confirm: false,
            }],
        }
    }
}

fn settings_of_departed(agent: &AgentId, switch: &SwitchId) -> Option<AgentSettings> {
    let extension = Extension::new(agent.as_str()).or_else(|_| Extension::new("gone"));
    Some(AgentSettings {
        name: agent.to_string(),
        extension: extension.ok()?,
        switch: switch.clone(),
        devices: Vec::new(),
        skills: Default::default(),
        queues: Vec::new(),
        attributes: Default::default(),
        group: None,
        supervises: Vec::new(),
        number: None,
        language: Default::default(),
        auto_answer: false,
        line: Default::default(),
    })
}
