//! What must always hold of the engine's state. Checked by tests and by the
//! simulation after every event; nothing here changes anything.

use crate::engine::Engine;
use crate::engine::agent::{Agent, AgentState};
use crate::engine::call::{Call, CallState, OfferStage};
use crate::engine::callback::CallbackState;
use crate::engine::id::{AgentId, CallId, CommandId, LegId, OfferId, QueueId};
use crate::engine::line::LineState;
use crate::engine::queue::Place;
use crate::engine::queues::DemandIndex;
use crate::engine::ringing::Ringing;
use crate::engine::talk::state_in;
use crate::engine::terms::Terms;
use crate::engine::timer::Reason;
use std::collections::{BTreeMap, BTreeSet};

/// How the state contradicts itself. The first one found is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("the caller's leg {leg} does not lead to its call {call}")]
    LegWithoutCall { leg: LegId, call: CallId },
    #[error("leg {leg} leads to call {call}, which does not have it")]
    StrayLeg { leg: LegId, call: CallId },
    #[error("leg {leg} is both in a call and being closed")]
    LegInTwoPlaces { leg: LegId },
    #[error("call {call} is {} and its place in a queue says otherwise", state.word())]
    PlaceContradictsState { call: CallId, state: CallState },
    #[error("call {call} is {} and its offer says otherwise", state.word())]
    OfferContradictsState { call: CallId, state: CallState },
    #[error("offer {offer} of call {call} is not known by its name")]
    UnknownOffer { offer: OfferId, call: CallId },
    #[error("offer {offer} leads to call {call}, which does not have it")]
    StrayOffer { offer: OfferId, call: CallId },
    #[error("agent {agent} is rung for or talks on call {call} and is {state} on {other:?}")]
    AgentElsewhere {
        agent: AgentId,
        call: CallId,
        state: &'static str,
        other: Option<CallId>,
    },
    #[error("agent {agent} rings for call {call}, which another answered")]
    RungInVain { agent: AgentId, call: CallId },
    #[error("no device rings for offer {offer}")]
    OfferWithoutDevice { offer: OfferId },
    #[error("agent {agent} is {state} without a call that has them")]
    AgentWithoutCall { agent: AgentId, state: &'static str },
    #[error("queue {queue} counts {counted} calls and holds {held}")]
    QueueLength {
        queue: QueueId,
        counted: u32,
        held: u32,
    },
    #[error("queue {queue} offers the place of call {call}, which is not waiting for an offer")]
    StalePlace { queue: QueueId, call: CallId },
    #[error("call {call} waits in queue {queue} and is not in its order")]
    MissingPlace { queue: QueueId, call: CallId },
    #[error("queue {queue} takes agent {agent} for {}", if *eligible { "free" } else { "not free" })]
    WrongStanding {
        queue: QueueId,
        agent: AgentId,
        eligible: bool,
    },
    #[error("call {call} waits in queue {queue} while an agent is free for it")]
    IdleAgent { queue: QueueId, call: CallId },
    #[error("the deadline {reason:?} belongs to nothing")]
    TimerWithoutOwner { reason: Reason },
    #[error("nothing ends the state that {reason:?} should end")]
    MissingTimer { reason: Reason },
    #[error("agent {agent} waits for the end of leg {leg}, which is not being closed")]
    DeviceNeverFreed { agent: AgentId, leg: LegId },
    #[error(
        "callback {callback} is {state} and its place, its call or its deadline says otherwise"
    )]
    CallbackContradictsState {
        callback: CallId,
        state: &'static str,
    },
    #[error("call {call} dials for callback {callback}, whose turn it is not")]
    StrayTurn { call: CallId, callback: CallId },
    #[error("agent {agent} and the standing leg {leg} do not know each other")]
    StrayLine { agent: AgentId, leg: LegId },
    #[error("a tone is played on {leg}, which no offer is made on")]
    StrayTone { leg: LegId },
    #[error("command {command} stands for a playback of call {call}, which hears another")]
    StrayPlayback { command: CommandId, call: CallId },
    #[error(
        "leg {leg} of call {call} is not on the caller's switch, so that they cannot be bridged"
    )]
    LegElsewhere { leg: LegId, call: CallId },
    #[error("agent {agent} is rung for call {call} on another switch, to which there is no trunk")]
    NoTrunk { agent: AgentId, call: CallId },
    #[error("call {call} has something to be heard before a bridge that nobody waits for")]
    StrayBriefing { call: CallId },
}

impl Engine {
    /// Whether the state is consistent in itself. Takes time proportional to
    /// calls, agents with their queues, and deadlines.
    ///
    /// # Errors
    /// The first [`Violation`] found.
    pub fn check(&self) -> Result<(), Violation> {
        self.check_calls()?;
        self.check_legs()?;
        self.check_agents()?;
        self.check_lines()?;
        self.check_queues()?;
        self.check_callbacks()?;
        self.check_owners()?;
        self.check_deadlines()
    }

    fn check_calls(&self) -> Result<(), Violation> {
        for (&call, known) in &self.calls {
            let leg = &known.caller.id;
            if self.legs.get(leg) != Some(&call) {
                let leg = leg.clone();
                return Err(Violation::LegWithoutCall { leg, call });
            }
            self.check_offers(call, known)?;
            self.check_switches(call, known)?;
            if let Some(briefing) = &known.briefing {
                let stage = known.offer.as_ref().map(|offer| offer.stage);
                let mut playing = briefing.playing.iter();
                let known = playing.all(|command| self.preludes.get(command) == Some(&call));
                if stage != Some(OfferStage::Connecting) || !known || briefing.playing.is_empty() {
                    return Err(Violation::StrayBriefing { call });
                }
                self.has(Reason::BriefingEnds(call))?;
            }
            if let Some(command) = known.playback
                && self.playbacks.get(&command) != Some(&call)
            {
                return Err(Violation::StrayPlayback { command, call });
            }
            if known.ending.is_none() {
                check_state(call, known)?;
            }
        }
        for (&offer, &call) in &self.offers {
            let own = self.calls.get(&call);
            if !own.is_some_and(|own| own.offers().any(|(id, ..)| id == offer)) {
                return Err(Violation::StrayOffer { offer, call });
            }
        }
        for (&command, &call) in &self.playbacks {
            let heard = self.calls.get(&call).and_then(|call| call.playback);
            if heard != Some(command) {
                return Err(Violation::StrayPlayback { command, call });
            }
        }
        Ok(())
    }

    /// What is brought together in one bridge is on one switch, the caller's; an
    /// agent on another is rung over a trunk between the two.
    fn check_switches(&self, call: CallId, known: &Call) -> Result<(), Violation> {
        let home = &known.caller.id.switch;
        let elsewhere = known.legs().find(|leg| leg.id.switch != *home);
        if let Some(leg) = elsewhere.map(|leg| leg.id.clone()) {
            return Err(Violation::LegElsewhere { leg, call });
        }
        let parties = known.parties.iter().filter(|party| !party.is_in());
        let parties = parties.filter_map(|party| party.who.agent());
        let dials = known.dialler.iter().map(|dialler| &dialler.agent);
        for agent in known.rung_agents().chain(parties).chain(dials) {
            let own = self.agents.get(agent).map(|agent| &agent.settings.switch);
            if own.is_some_and(|own| !self.are_linked(own, home)) {
                let agent = agent.clone();
                return Err(Violation::NoTrunk { agent, call });
            }
        }
        Ok(())
    }

    fn check_offers(&self, call: CallId, known: &Call) -> Result<(), Violation> {
        if let (Some(_), Some(ringing)) = (&known.offer, known.ringing.first()) {
            let agent = ringing.agent.clone();
            return Err(Violation::RungInVain { agent, call });
        }
        for (offer, agent, state) in known.offers() {
            if self.offers.get(&offer) != Some(&call) {
                return Err(Violation::UnknownOffer { offer, call });
            }
            self.check_offered(call, agent, state)?;
        }
        let mut ringing = known.ringing.iter();
        match ringing.find(|ringing| ringing.devices.is_empty()) {
            Some(Ringing { id: offer, .. }) => Err(Violation::OfferWithoutDevice { offer: *offer }),
            None => Ok(()),
        }
    }

    /// An agent with an offer of a call is busy with this call and no other.
    fn check_offered(
        &self,
        call: CallId,
        id: &AgentId,
        state: AgentState,
    ) -> Result<(), Violation> {
        let agent = self.agents.get(id);
        let busy = agent.is_some_and(|agent| agent.call == Some(call) && agent.state == state);
        if busy {
            return Ok(());
        }
        Err(Violation::AgentElsewhere {
            agent: id.clone(),
            call,
            state: agent.map_or("gone", |agent| agent.state.word()),
            other: agent.and_then(|agent| agent.call),
        })
    }

    fn check_legs(&self) -> Result<(), Violation> {
        for (leg, &call) in &self.legs {
            if self.closing.contains_key(leg) {
                return Err(Violation::LegInTwoPlaces { leg: leg.clone() });
            }
            let has = |call: &Call| call.leg(leg).is_some();
            if !self.calls.get(&call).is_some_and(has) {
                let leg = leg.clone();
                return Err(Violation::StrayLeg { leg, call });
            }
        }
        Ok(())
    }

    fn check_agents(&self) -> Result<(), Violation> {
        for (id, agent) in &self.agents {
            if agent.is_busy() {
                let call = agent.call.and_then(|call| self.calls.get(&call));
                if !call.is_some_and(|call| call.engages(id)) {
                    return Err(Violation::AgentWithoutCall {
                        agent: id.clone(),
                        state: agent.state.word(),
                    });
                }
            }
            let of_another = |leg: &&LegId| {
                let closing = self.closing.get(*leg);
                closing.is_none_or(|closing| closing.agent.as_ref() != Some(id))
            };
            if let Some(leg) = agent.closing.iter().find(of_another) {
                let (agent, leg) = (id.clone(), leg.clone());
                return Err(Violation::DeviceNeverFreed { agent, leg });
            }
            self.check_standing(id, agent)?;
        }
        Ok(())
    }

    /// Standing legs and their agents know each other, and nobody who is signed
    /// out has one.
    fn check_lines(&self) -> Result<(), Violation> {
        for (leg, agent) in &self.standing {
            let known = self
                .agents
                .get(agent)
                .filter(|_| !self.closing.contains_key(leg));
            let known = known.filter(|known| known.state != AgentState::SignedOut);
            let line = known.and_then(|known| known.line.as_ref());
            if line.is_none_or(|line| line.leg != *leg || line.state == LineState::Wanted) {
                let (agent, leg) = (agent.clone(), leg.clone());
                return Err(Violation::StrayLine { agent, leg });
            }
        }
        for (id, agent) in &self.agents {
            let line = agent.line.as_ref();
            let line = line.filter(|line| line.state != LineState::Wanted);
            if let Some(line) = line
                && self.standing.get(&line.leg) != Some(id)
            {
                let (agent, leg) = (id.clone(), line.leg.clone());
                return Err(Violation::StrayLine { agent, leg });
            }
        }
        for leg in self.tones.values() {
            if !self.legs.contains_key(leg) || !self.standing.contains_key(leg) {
                return Err(Violation::StrayTone { leg: leg.clone() });
            }
            self.has(Reason::ToneOverdue(leg.clone()))?;
        }
        Ok(())
    }

    fn line_rings(&self, leg: &LegId) -> bool {
        let agent = self.standing.get(leg).and_then(|id| self.agents.get(id));
        let line = agent.and_then(|agent| agent.line.as_ref());
        line.is_some_and(|line| line.state == LineState::Ringing)
    }

    /// The agent is in the idle order of exactly the queues that may ring them.
    fn check_standing(&self, id: &AgentId, agent: &Agent) -> Result<(), Violation> {
        let Some(index) = self.queues.agent_index(id) else {
            return Ok(());
        };
        let pool = self.queues.pool_of(index);
        let reachable = self.links.get(&agent.settings.switch) == Some(&true);
        let free = agent.unavailable().is_none() && reachable;
        for demand in self.queues.demands() {
            let terms = self.queues.terms(demand);
            let settings = &self.queues.queue(self.queues.queue_of(demand)).settings;
            let asked = settings.asked(terms.step);
            let meets = |level| asked.lacking(terms, id, &agent.settings, level).is_none();
            let eligible = free
                && asked
                    .level(&terms.queue, &agent.settings)
                    .is_some_and(meets);
            let listed = self
                .queues
                .idle(demand, pool)
                .any(|idle| *idle == (agent.idle_since, index));
            if listed != eligible {
                return Err(Violation::WrongStanding {
                    queue: terms.queue.clone(),
                    agent: id.clone(),
                    eligible: listed,
                });
            }
        }
        Ok(())
    }

    /// Each callback stands where its state says, and no two calls dial for one.
    fn check_callbacks(&self) -> Result<(), Violation> {
        for (id, callback) in &self.callbacks {
            let state = &callback.progress.state;
            let turn = state.call().and_then(|call| self.calls.get(&call));
            let turn = turn.and_then(|call| call.dialler.as_ref()?.callback.as_ref());
            let fits = match state {
                CallbackState::Waiting => !callback.visits.is_empty(),
                CallbackState::Offered { .. } | CallbackState::Dialling { .. } => {
                    turn.is_some_and(|turn| turn.callback == *id)
                }
                CallbackState::Held { by } => self.calls.contains_key(by),
                CallbackState::Scheduled { .. } | CallbackState::Resting { .. } => {
                    self.timers.get(&Reason::CallbackDue(*id)).is_some()
                }
            };
            if !fits || (*state != CallbackState::Waiting && !callback.visits.is_empty()) {
                return Err(Violation::CallbackContradictsState {
                    callback: *id,
                    state: state.word(),
                });
            }
        }
        for (id, call) in &self.calls {
            let dialler = call.dialler.as_ref().filter(|_| call.ending.is_none());
            let Some(turn) = dialler.and_then(|dialler| dialler.callback.as_ref()) else {
                continue;
            };
            let callback = self.callbacks.get(&turn.callback);
            if callback.is_none_or(|known| known.progress.state.call() != Some(*id)) {
                let (call, callback) = (*id, turn.callback);
                return Err(Violation::StrayTurn { call, callback });
            }
        }
        Ok(())
    }

    fn check_queues(&self) -> Result<(), Violation> {
        let mut held: BTreeMap<&QueueId, u32> = BTreeMap::new();
        let mut waiting: BTreeMap<&Terms, BTreeSet<Place>> = BTreeMap::new();
        for known in self.calls.values() {
            for visit in &known.visits {
                *held.entry(visit.queue()).or_default() += 1;
                if known.seeks(visit, &self.queues) {
                    let lined_up = waiting.entry(&visit.terms).or_default();
                    lined_up.insert(visit.place);
                }
            }
        }
        for callback in self.callbacks.values() {
            for visit in &callback.visits {
                let lined_up = waiting.entry(&visit.terms).or_default();
                lined_up.insert(visit.place);
            }
        }
        for index in self.queues.indices() {
            let queue = self.queues.queue(index);
            let held = held.get(&queue.id).copied().unwrap_or(0);
            if queue.length() != held {
                return Err(Violation::QueueLength {
                    queue: queue.id.clone(),
                    counted: queue.length(),
                    held,
                });
            }
        }
        for demand in self.queues.demands() {
            let terms = self.queues.terms(demand);
            let mut expected = waiting.remove(terms).unwrap_or_default();
            for place in self.queues.waiting(demand) {
                if !expected.remove(place) {
                    let (queue, call) = (terms.queue.clone(), place.call);
                    return Err(Violation::StalePlace { queue, call });
                }
            }
            if let Some(place) = expected.first() {
                let (queue, call) = (terms.queue.clone(), place.call);
                return Err(Violation::MissingPlace { queue, call });
            }
            self.check_nobody_idles(demand)?;
        }
        match waiting
            .iter()
            .find_map(|(terms, places)| Some((terms, places.first()?)))
        {
            Some((terms, place)) => Err(Violation::MissingPlace {
                queue: terms.queue.clone(),
                call: place.call,
            }),
            None => Ok(()),
        }
    }

    /// No call waits that somebody free could take.
    fn check_nobody_idles(&self, demand: DemandIndex) -> Result<(), Violation> {
        if self.draining {
            return Ok(());
        }
        for rank in 0.. {
            let Some(switch) = self.queues.switch_at(rank) else {
                break;
            };
            let waits = self.queues.first(demand, switch);
            if let (Some(place), true) = (waits, self.queues.eligible(demand, switch) > 0) {
                return Err(Violation::IdleAgent {
                    queue: self.queues.terms(demand).queue.clone(),
                    call: place.call,
                });
            }
        }
        Ok(())
    }

    /// Every deadline belongs to something that waits for it.
    fn check_owners(&self) -> Result<(), Violation> {
        for reason in self.timers.reasons() {
            let owned = match reason {
                Reason::KeyAwaited(call) => self.calls.contains_key(call),
                Reason::OfferOverdue(offer) => {
                    let call = self.offers.get(offer).and_then(|call| self.calls.get(call));
                    call.is_some_and(|call| !call.is_connected())
                }
                Reason::ConfirmationEnds(leg) => {
                    let call = self.call_of(leg).and_then(|call| self.calls.get(&call));
                    call.is_some_and(|call| call.is_confirming(leg))
                }
                Reason::BriefingEnds(call) => {
                    let call = self.calls.get(call);
                    call.is_some_and(|call| call.briefing.is_some())
                }
                Reason::AnnouncementDue(call) => {
                    let call = self.calls.get(call);
                    call.is_some_and(Call::is_waiting)
                }
                Reason::SearchEnds(call, queue) => {
                    let mut visits = self.waiter(*call).into_iter().flat_map(|w| w.visits);
                    let visit = visits.find(|visit| visit.queue() == queue);
                    visit.is_some_and(|visit| !visit.terms.only.is_empty())
                }
                Reason::StepDue(call, queue) if self.callbacks.contains_key(call) => {
                    let visits = self.waiter(*call).map(|waiter| waiter.visits);
                    visits.is_some_and(|visits| visits.iter().any(|v| v.queue() == queue))
                }
                Reason::StepDue(call, queue)
                | Reason::OverflowDue(call, queue)
                | Reason::ProgressDue(call, queue) => {
                    let call = self.calls.get(call);
                    call.is_some_and(|call| call.visit(queue).is_some())
                }
                Reason::WrapUpEnds(agent) => self
                    .agents
                    .get(agent)
                    .is_some_and(|agent| agent.state == AgentState::WrapUp),
                Reason::RestEnds(agent) => {
                    self.agents.get(agent).is_some_and(|agent| agent.resting)
                }
                Reason::GuardRenewal(leg) => self.legs.contains_key(leg),
                Reason::Resumption(call) => self.calls.contains_key(call),
                Reason::CommandOverdue(command) => self.pending.contains_key(command),
                Reason::ApartOverdue(call) => self.calls.get(call).is_some_and(Call::is_talking),
                Reason::HangUpOverdue(leg) => self.closing.contains_key(leg) || self.is_ending(leg),
                Reason::AnswerOverdue(call) => self.calls.contains_key(call),
                Reason::PromptOverdue(call) => {
                    let call = self.calls.get(call);
                    call.is_some_and(|call| call.playback.is_some())
                }
                Reason::RecordingOverdue(recording) => self.recordings.contains_key(recording),
                Reason::PartyOverdue(leg) => self.is_party_awaited(leg),
                Reason::MessageOverdue(call) => {
                    let call = self.calls.get(call);
                    let leaving = call.and_then(|call| call.leaving.as_ref());
                    leaving.is_some_and(|leaving| leaving.recording.is_some())
                }
                Reason::LineOverdue(leg) => self.line_rings(leg),
                Reason::ToneOverdue(leg) => self.tones.values().any(|heard_on| heard_on == leg),
                Reason::ParkingEnds(call) => {
                    let call = self.calls.get(call);
                    call.is_some_and(|call| call.parking.is_some())
                }
                Reason::CallbackOfferDue(call) => {
                    let call = self.calls.get(call);
                    call.is_some_and(Call::is_waiting)
                }
                Reason::CallbackKeyAwaited(call) => {
                    self.calls.get(call).is_some_and(Call::is_asked)
                }
                Reason::CallbackDue(callback) => {
                    let callback = self.callbacks.get(callback);
                    callback.is_some_and(|callback| callback.progress.state.until().is_some())
                }
                Reason::CallbackExpires(callback) => self.callbacks.contains_key(callback),
                Reason::AuditDue(switch) => self.links.contains_key(switch),
                Reason::DrainEnds => self.draining,
            };
            if !owned {
                let reason = reason.clone();
                return Err(Violation::TimerWithoutOwner { reason });
            }
        }
        Ok(())
    }

    /// Whether one beside caller and agent, or the device of one who dials, is
    /// rung or being connected on this leg.
    fn is_party_awaited(&self, leg: &LegId) -> bool {
        let call = self.call_of(leg).and_then(|call| self.calls.get(&call));
        call.is_some_and(|call| match call.party(leg) {
            Some(party) => !party.is_in(),
            None => call.dialler.is_some() && call.caller.id == *leg,
        })
    }

    fn is_ending(&self, leg: &LegId) -> bool {
        let call = self.call_of(leg).and_then(|call| self.calls.get(&call));
        call.is_some_and(|call| call.ending.is_some() && call.caller.id == *leg)
    }

    /// Every state that should pass has the deadline that ends it.
    fn check_deadlines(&self) -> Result<(), Violation> {
        for command in self.pending.keys() {
            self.has(Reason::CommandOverdue(*command))?;
        }
        for leg in self.standing.keys().filter(|leg| self.line_rings(leg)) {
            self.has(Reason::LineOverdue(leg.clone()))?;
        }
        for leg in self.closing.keys() {
            self.has(Reason::HangUpOverdue(leg.clone()))?;
        }
        for (id, agent) in &self.agents {
            if agent.state == AgentState::WrapUp {
                self.has(Reason::WrapUpEnds(id.clone()))?;
            }
            if agent.resting {
                self.has(Reason::RestEnds(id.clone()))?;
            }
        }
        for (&id, call) in &self.calls {
            let leg = &call.caller.id;
            if call.ending.is_some() {
                self.has(Reason::HangUpOverdue(leg.clone()))?;
                continue;
            }
            let leaving = call.leaving.as_ref();
            if leaving.is_some_and(|leaving| leaving.recording.is_some()) {
                self.has(Reason::MessageOverdue(id))?;
            }
            for party in call.parties.iter().filter(|party| !party.is_in()) {
                self.has(Reason::PartyOverdue(party.leg.id.clone()))?;
            }
            for leg in call.confirming() {
                self.has(Reason::ConfirmationEnds(leg.clone()))?;
            }
            for (offer, _) in call.open_offers() {
                self.has(Reason::OfferOverdue(offer))?;
            }
            let stage = call.offer.as_ref().map(|offer| offer.stage);
            match stage {
                Some(OfferStage::Connected) if call.is_talking() => {
                    if !call.is_whole() {
                        self.has(Reason::ApartOverdue(id))?;
                    }
                }
                None if call.needs_no_guard() => {}
                Some(OfferStage::Connecting) => {}
                Some(_) | None => self.has_guard(leg)?,
            }
        }
        Ok(())
    }

    /// While the link is down nobody can renew anything.
    fn has_guard(&self, leg: &LegId) -> Result<(), Violation> {
        if self.links.get(&leg.switch).copied().unwrap_or(false) {
            self.has(Reason::GuardRenewal(leg.clone()))
        } else {
            Ok(())
        }
    }

    fn has(&self, reason: Reason) -> Result<(), Violation> {
        match self.timers.get(&reason) {
            Some(_) => Ok(()),
            None => Err(Violation::MissingTimer { reason }),
        }
    }

    /// Panics when the state contradicts itself.
    #[cfg(test)]
    pub(crate) fn assert_consistent(&self) {
        if let Err(violation) = self.check() {
            panic!("{violation}");
        }
    }
}

impl Call {
    /// Every offer, with its agent and the state that the agent must be in.
    fn offers(&self) -> impl Iterator<Item = (OfferId, &AgentId, AgentState)> {
        let ringing = self.ringing.iter();
        let ringing = ringing.map(|rung| (rung.id, &rung.agent, AgentState::Offered));
        let answered = self.offer.iter().map(|offer| {
            let state = match offer.stage {
                OfferStage::Connected => state_in(self.talk),
                OfferStage::Ringing | OfferStage::Connecting => AgentState::Offered,
            };
            (offer.id, &offer.agent, state)
        });
        ringing.chain(answered)
    }

    /// Whether the agent is rung for the call, takes part in it or dials it.
    fn engages(&self, agent: &AgentId) -> bool {
        let serves = self.offers().any(|(_, offered, _)| offered == agent);
        let dials = self.dialler.as_ref().is_some_and(|d| d.agent == *agent);
        serves || dials || self.party_of(agent).is_some()
    }

    /// Whether the caller talks to somebody, is just being connected, or is an
    /// agent who dials.
    fn needs_no_guard(&self) -> bool {
        let connecting = self.target().is_some_and(|target| target.leg.is_answered());
        self.dialler.is_some() || self.state == CallState::Outside || connecting
    }
}

/// A call that is not being ended is in the place that its state names.
fn check_state(call: CallId, known: &Call) -> Result<(), Violation> {
    let state = known.state;
    let queued = matches!(state, CallState::Waiting | CallState::Offered);
    if queued != known.is_waiting() {
        return Err(Violation::PlaceContradictsState { call, state });
    }
    let (offered, open) = (known.is_offered(), known.open_offers().next().is_some());
    let fits = match state {
        CallState::Arrived | CallState::InFlow | CallState::Waiting => !offered,
        CallState::Offered => open,
        CallState::Connected => known.is_connected(),
        CallState::Parked => !offered && known.parking.is_some(),
        CallState::Transferring | CallState::Outside => {
            !offered && (known.target().is_some() || known.dialler.is_some())
        }
        CallState::Voicemail => !offered && known.leaving.is_some(),
        CallState::Ended => false,
    };
    let diverted = known.diverted.is_none() || state == CallState::Transferring;
    if fits && diverted {
        Ok(())
    } else {
        Err(Violation::OfferContradictsState { call, state })
    }
}
