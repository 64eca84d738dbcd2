//! An offer: one agent is rung for one call, until the two are connected or
//! the offer ends and the call goes back to its place. Several agents may be
//! rung for a call at once: the first to answer gets it.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::call::{CallState, Offer, OfferStage};
use crate::engine::cause::Cause;
use crate::engine::centre::Device;
use crate::engine::command::Commands;
use crate::engine::explanation::{Explanation, Trigger};
use crate::engine::fact::{EndedBy, Fact, OfferOutcome, QueueExit};
use crate::engine::id::{AgentId, CallId, LegId, OfferId, QueueId};
use crate::engine::ivr::interpreter::Input;
use crate::engine::leg::{LegRole, LegState};
use crate::engine::order::Purpose;
use crate::engine::party::Talk;
use crate::engine::queues::QueueIndex;
use crate::engine::ringing::{MOST_RUNG, Ringing, RungDevice};
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{
    Extension, LegVariable, LegVariables, PhoneNumber, Ring, SwitchCommand, Target,
};

/// How much longer than its ringing an offer may take to be settled by events.
pub(super) const SETTLING: Span = Span::seconds(5);

/// A device of an agent, and the leg that rings it.
struct Rung {
    device: Device,
    leg: LegId,
}

impl Engine {
    /// Rings the agents that a plan chose, all at once.
    pub(super) fn make_offers(
        &mut self,
        call: CallId,
        queue: QueueIndex,
        agents: &[AgentId],
        mut explanation: Explanation,
        out: &mut Commands,
    ) {
        let beside = self.calls.get(&call).map_or(0, |call| call.ringing.len());
        let room = MOST_RUNG.saturating_sub(beside);
        let agents = &agents[..agents.len().min(room)];
        let counted = [agents.len(), beside].map(|rung| u32::try_from(rung).unwrap_or(u32::MAX));
        let [rung, beside] = counted;
        explanation.rung = if rung > 1 { rung } else { 0 };
        explanation.beside = beside;
        let mut explanation = Some(explanation);
        for agent in agents {
            let offer = OfferId::from_ulid(self.new_ulid());
            let devices = self.ring_devices(call, queue, offer, agent, out);
            if devices.is_empty() {
                continue;
            }
            if let Some(explanation) = explanation.take() {
                out.note(Fact::Decided {
                    call,
                    queue: self.queues.queue(queue).id.clone(),
                    offer,
                    explanation,
                });
            }
            let standing = devices.first().map(|rung| rung.leg.clone());
            let standing = standing.filter(|leg| self.standing.contains_key(leg));
            self.offered(call, queue, offer, agent, devices, out);
            if let Some(leg) = standing {
                self.sound_tone(call, &leg, out);
            }
        }
    }

    /// Rings every device of an agent.
    fn ring_devices(
        &mut self,
        call: CallId,
        queue: QueueIndex,
        offer: OfferId,
        agent: &AgentId,
        out: &mut Commands,
    ) -> Vec<Rung> {
        let (Some(known), Some(agent_known)) = (self.calls.get(&call), self.agents.get(agent))
        else {
            return Vec::new();
        };
        let queue = self.queues.queue(queue);
        let settings = &agent_known.settings;
        let switch = &known.caller.id.switch;
        if let Some(leg) = self.line_beside(agent, switch) {
            let device = settings.own_device(switch);
            return vec![Rung { device, leg }];
        }
        let devices = settings.devices_for(&known.caller.id.switch);
        // Also a device on another switch is rung by the caller's, over a trunk.
        let switch = known.caller.id.switch.clone();
        let ring = Ring {
            channel: offer.channel(),
            to: Target::Extension(settings.extension.clone()),
            auto_answer: settings.auto_answer,
            caller_number: known.caller_number.clone(),
            caller_name: known.caller_name.clone(),
            timeout: queue.settings.ring,
            variables: LegVariables::default()
                .with(LegVariable::Call, call)
                .with(LegVariable::Role, LegRole::Agent.word())
                .with(LegVariable::Agent, agent)
                .with(LegVariable::Queue, &queue.id),
            originator: Some(known.caller.id.channel.clone()),
        };
        let mut rung = Vec::with_capacity(devices.len());
        for device in devices {
            // The first leg bears the name of the offer, by which it is known again.
            let channel = match rung.is_empty() {
                true => offer.channel(),
                false => OfferId::from_ulid(self.new_ulid()).channel(),
            };
            let leg = LegId {
                switch: switch.clone(),
                channel: channel.clone(),
            };
            let ring = SwitchCommand::Ring(Ring {
                channel,
                to: device.to.clone(),
                // Of several devices one is enough.
                auto_answer: ring.auto_answer && rung.is_empty(),
                ..ring.clone()
            });
            self.order(call, &leg.switch, ring, Purpose::Ring(leg.clone()), out);
            rung.push(Rung { device, leg });
        }
        rung
    }

    /// An agent's device was found ringing for a call that waits.
    pub(super) fn offer_found(
        &mut self,
        call: CallId,
        queue: QueueIndex,
        agent: &AgentId,
        leg: LegId,
        offer: OfferId,
        out: &mut Commands,
    ) {
        let Some(known) = self.agents.get(agent) else {
            return;
        };
        // Which of them it is cannot be told: none is taken for answered too easily.
        let devices = known.settings.devices_for(&leg.switch);
        let confirm = devices.iter().any(|device| device.confirm);
        let device = devices.into_iter().next();
        let Some(device) = device.map(|device| Device { confirm, ..device }) else {
            return;
        };
        let known = self.calls.get_mut(&call);
        let own = known.and_then(|known| known.ringing.iter_mut().find(|r| r.agent == *agent));
        let Some(own) = own else {
            let rung = vec![Rung { device, leg }];
            return self.offered(call, queue, offer, agent, rung, out);
        };
        own.devices.push(RungDevice::ringing(leg.clone(), confirm));
        self.device_rung(call, agent, &Rung { device, leg }, out);
    }

    /// The agent's devices are rung for a call that waits.
    fn offered(
        &mut self,
        call: CallId,
        queue: QueueIndex,
        offer: OfferId,
        agent: &AgentId,
        devices: Vec<Rung>,
        out: &mut Commands,
    ) {
        let queue_id = self.queues.queue(queue).id.clone();
        let (Some(known), Some(first)) = (self.calls.get_mut(&call), devices.first()) else {
            return;
        };
        let leg = first.leg.clone();
        if known.ringing.is_empty() || known.rung.contains(agent) {
            known.offers += 1;
            known.rung.clear();
        }
        known.rung.insert(agent.clone());
        let rung = |rung: &Rung| RungDevice::ringing(rung.leg.clone(), rung.device.confirm);
        known.ringing.push(Ringing {
            id: offer,
            agent: agent.clone(),
            queue: Some(queue_id.clone()),
            devices: devices.iter().map(rung).collect(),
        });
        self.line_up(call);
        self.expect_progress(call, &queue_id);
        if let Some(agent) = self.queues.agent_index(agent) {
            let shift = self.queues.shift_mut(agent);
            shift.offered(self.now, &queue_id);
        }
        self.offers.insert(offer, call);
        let ring = self.queues.queue(queue).settings.ring;
        self.timers
            .set(Reason::OfferOverdue(offer), self.now + ring + SETTLING);
        out.note(Fact::Offered {
            offer,
            call,
            agent: agent.clone(),
            leg,
            queue: Some(queue_id),
        });
        for rung in &devices {
            self.device_rung(call, agent, rung, out);
        }
        self.move_agent(agent, AgentState::Offered, Some(call), None, out);
        self.move_call(call, CallState::Offered, out);
    }

    fn device_rung(&mut self, call: CallId, agent: &AgentId, rung: &Rung, out: &mut Commands) {
        self.legs.insert(rung.leg.clone(), call);
        let (extension, number) = rung.device.address();
        out.note(Fact::LegStarted {
            call,
            leg: rung.leg.clone(),
            role: LegRole::Agent,
            agent: Some(agent.clone()),
            extension,
            number,
            confirm: rung.device.confirm,
        });
    }

    pub(super) fn leg_rings(&mut self, leg: &LegId, out: &mut Commands) {
        if let Some(call) = self.call_of(leg) {
            out.note(Fact::LegMoved {
                call,
                leg: leg.clone(),
                state: LegState::Ringing,
            });
        }
    }

    pub(super) fn leg_answered(&mut self, leg: &LegId, out: &mut Commands) {
        let Some(call) = self.call_of(leg) else {
            if !self.line_answered(leg, out) {
                self.closing_answered(leg, out);
            }
            return;
        };
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(own) = known
            .leg_mut(leg)
            .filter(|own| own.state == LegState::Ringing)
        else {
            return;
        };
        own.state = LegState::Answered;
        out.note(Fact::LegMoved {
            call,
            leg: leg.clone(),
            state: LegState::Answered,
        });
        let is_party = known.party(leg).is_some();
        if known.is_dialled_from(leg) {
            self.dialling_answered(call, leg, out);
        } else if known.caller.id == *leg {
            self.timers.clear(&Reason::AnswerOverdue(call));
            self.advance(call, Input::Answered, out);
        } else if is_party {
            self.party_answered(call, leg, out);
        } else {
            self.agent_answered(call, leg, out);
        }
    }

    /// A device answered for an offer that is over: the order to end its leg
    /// came before the switch had made it. Nobody is there to talk to.
    fn closing_answered(&mut self, leg: &LegId, out: &mut Commands) {
        if let Some(call) = self.closing.get(leg).map(|closing| closing.call)
            && self.insist(leg, 1)
        {
            self.end_leg(call, leg, Cause::NormalClearing, true, out);
        }
    }

    /// The agent is there: connect the two.
    pub(super) fn agent_answered(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        if self.ask_to_confirm(call, leg, out) {
            return;
        }
        self.answer_counts(call, leg, out);
    }

    /// The agent is there, and nothing has to be confirmed any more.
    pub(super) fn answer_counts(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        if self.take_answer(call, leg, out) {
            self.brief(call, out);
        }
    }

    /// The first to answer gets the call: the agent's other devices and all
    /// other agents are rung no more. Says whether this was the first.
    fn take_answer(&mut self, call: CallId, leg: &LegId, out: &mut Commands) -> bool {
        let Some(known) = self
            .calls
            .get_mut(&call)
            .filter(|call| call.offer.is_none())
        else {
            return false;
        };
        let mut ringing = known.ringing.iter();
        let Some(nth) = ringing.position(|ringing| ringing.device(leg).is_some()) else {
            return false;
        };
        let ringing = known.ringing.remove(nth);
        let agent = ringing.agent;
        let (own, others): (Vec<_>, Vec<_>) = ringing
            .devices
            .into_iter()
            .partition(|device| device.leg.id == *leg);
        known.offer = own.into_iter().next().map(|device| Offer {
            id: ringing.id,
            agent: agent.clone(),
            queue: ringing.queue,
            leg: device.leg,
            stage: OfferStage::Connecting,
        });
        self.timers.clear(&Reason::ConfirmationEnds(leg.clone()));
        let others_rung: Vec<OfferId> = known.ringing.iter().map(|other| other.id).collect();
        self.line_up(call);
        self.close_devices(call, &agent, others, Cause::AnsweredElsewhere, out);
        for other in others_rung {
            self.withdraw_offer(call, other, OfferOutcome::AnsweredElsewhere, out);
        }
        true
    }

    pub(super) fn close_devices(
        &mut self,
        call: CallId,
        agent: &AgentId,
        devices: Vec<RungDevice>,
        cause: Cause,
        out: &mut Commands,
    ) {
        for RungDevice { leg, .. } in devices {
            let answered = leg.is_answered();
            self.timers.clear(&Reason::ConfirmationEnds(leg.id.clone()));
            self.close_leg(call, &leg.id, Some(agent), cause, answered, out);
        }
    }

    /// Asks for the bridge of an offer that was answered.
    pub(super) fn connect(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some(offer) = &known.offer else { return };
        let caller = known.caller.id.clone();
        let (id, peer) = (offer.id, offer.leg.id.channel.clone());
        self.forget_briefing(call);
        // From here on what the caller hears moves nothing: the bridge ends it.
        self.let_go_of_caller(call, &caller);
        let command = SwitchCommand::Bridge {
            channel: caller.channel,
            peer,
        };
        self.order(call, &caller.switch, command, Purpose::Bridge(id), out);
        self.timers
            .set(Reason::OfferOverdue(id), self.now + SETTLING);
    }

    /// The switch says that caller and agent hear each other.
    pub(super) fn bridged(&mut self, one: &LegId, other: &LegId, out: &mut Commands) {
        let Some(call) = self.call_of(one) else {
            return;
        };
        if self.call_of(other) != Some(call) {
            return;
        }
        if self.party_bridged(call, one, other, out) {
            return;
        }
        for leg in [one, other] {
            // Their answer was not told.
            self.take_answer(call, leg, out);
        }
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        if known.talk != Talk::Together {
            // It was asked for before the caller was put on hold.
            return;
        }
        self.timers.clear(&Reason::ApartOverdue(call));
        if known.is_connected() && known.caller.state == LegState::Answered {
            // They had come apart and are together again.
            known.caller.state = LegState::Bridged;
            let leg = known.caller.id.clone();
            let server = known.offer.as_ref().map(|offer| offer.leg.id.clone());
            let state = LegState::Bridged;
            out.note(Fact::LegMoved { call, leg, state });
            if let Some(server) = server {
                self.server_is(call, &server, state, out);
            }
            return;
        }
        let Some(offer) = known
            .offer
            .as_mut()
            .filter(|offer| offer.stage != OfferStage::Connected)
        else {
            return;
        };
        offer.stage = OfferStage::Connected;
        offer.leg.state = LegState::Bridged;
        known.caller.state = LegState::Bridged;
        let (id, agent, agent_leg, caller_leg) = (
            offer.id,
            offer.agent.clone(),
            offer.leg.id.clone(),
            known.caller.id.clone(),
        );
        let queue = offer.queue.clone();
        self.forget_briefing(call);
        self.timers.clear(&Reason::OfferOverdue(id));
        self.timers.clear(&Reason::AnswerOverdue(call));
        self.let_go_of_caller(call, &caller_leg);
        for leg in [&caller_leg, &agent_leg] {
            out.note(Fact::LegMoved {
                call,
                leg: leg.clone(),
                state: LegState::Bridged,
            });
        }
        out.note(Fact::OfferEnded {
            offer: id,
            call,
            agent: agent.clone(),
            outcome: OfferOutcome::Accepted,
        });
        if let (Some(index), Some(queue)) = (self.queues.agent_index(&agent), &queue) {
            self.queues.shift_mut(index).answered(queue);
        }
        if let Some(known) = self.calls.get(&call) {
            let number = known.recognition.patron(&known.caller_number);
            self.patrons.served(number, &agent, self.now);
        }
        let record = queue.is_some_and(|queue| self.is_recorded(&queue));
        self.leave_queues(call, QueueExit::Answered, out);
        self.move_call(call, CallState::Connected, out);
        self.move_agent(&agent, AgentState::OnCall, Some(call), None, out);
        if record {
            self.start_recording(call, &caller_leg, &agent_leg, out);
        }
    }

    /// A leg of an agent ended before caller and agent were connected. While
    /// another device of theirs rings, the offer goes on, unless they refused.
    pub(super) fn offer_leg_ended(
        &mut self,
        call: CallId,
        leg: &LegId,
        cause: Cause,
        out: &mut Commands,
    ) {
        let outcome = match cause {
            Cause::NoAnswer | Cause::OriginatorCancel | Cause::Timeout => OfferOutcome::NoAnswer,
            Cause::UserBusy => OfferOutcome::Busy,
            Cause::Rejected => OfferOutcome::Rejected,
            Cause::NotReachable | Cause::UnallocatedNumber => OfferOutcome::Unreachable,
            _ => OfferOutcome::Failed,
        };
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let outcome = match known.is_confirming(leg) {
            // Who hangs up instead of confirming has not answered.
            true => OfferOutcome::NoAnswer,
            // Who hangs up when told whose call it is does not want it.
            false if known.briefing.is_some() => OfferOutcome::Rejected,
            false => outcome,
        };
        self.timers.clear(&Reason::ConfirmationEnds(leg.clone()));
        let offer = if let Some(ringing) = known.ringing_on(leg) {
            ringing.devices.retain(|device| device.leg.id != *leg);
            if !ringing.devices.is_empty() && outcome != OfferOutcome::Rejected {
                return;
            }
            ringing.id
        } else {
            let Some(offer) = &known.offer else { return };
            offer.id
        };
        self.withdraw_offer(call, offer, outcome, out);
        self.call_waits_on(call, out);
    }

    /// A device could not be rung, or it is not known whether it is.
    pub(super) fn device_failed(&mut self, leg: &LegId, out: &mut Commands) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(ringing) = known.ringing_on(leg) else {
            return;
        };
        if let [_] = ringing.devices.as_slice() {
            let offer = ringing.id;
            return self.offer_failed(offer, out);
        }
        let agent = ringing.agent.clone();
        let failed = |device: &mut RungDevice| device.leg.id == *leg;
        let failed = ringing.devices.extract_if(.., failed).collect();
        self.close_devices(call, &agent, failed, Cause::OriginatorCancel, out);
    }

    /// A command of the offer failed or was lost.
    pub(super) fn offer_failed(&mut self, offer: OfferId, out: &mut Commands) {
        self.give_up_offer(offer, OfferOutcome::Failed, out);
    }

    pub(super) fn give_up_offer(
        &mut self,
        offer: OfferId,
        outcome: OfferOutcome,
        out: &mut Commands,
    ) {
        let Some(call) = self.offers.get(&offer).copied() else {
            return;
        };
        if self.calls.get(&call).is_none_or(|call| call.is_connected()) {
            return;
        }
        self.withdraw_offer(call, offer, outcome, out);
        self.call_waits_on(call, out);
    }

    /// Ends all open offers of a call, and the agents' legs with them.
    pub(super) fn withdraw_offers(
        &mut self,
        call: CallId,
        outcome: OfferOutcome,
        out: &mut Commands,
    ) {
        // Who becomes free by it is not offered the same call again.
        self.set_aside(call);
        let known = self.calls.get(&call);
        let open = known.into_iter().flat_map(|known| known.open_offers());
        let open: Vec<OfferId> = open.map(|(offer, _)| offer).collect();
        for offer in open {
            self.withdraw_offer(call, offer, outcome, out);
        }
    }

    /// Ends one offer and the agent's legs with it. The agent is free of the call.
    fn withdraw_offer(
        &mut self,
        call: CallId,
        id: OfferId,
        outcome: OfferOutcome,
        out: &mut Commands,
    ) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let rung = known.ringing.iter().position(|ringing| ringing.id == id);
        // It is taken away below: what becomes of a standing leg depends on it.
        let answered = known.offer.as_ref().filter(|offer| offer.id == id);
        let was_answered = answered.is_some();
        let (agent, queue, legs) = match (rung, answered) {
            (Some(nth), _) => {
                let rung = known.ringing.remove(nth);
                let legs = rung.devices.into_iter().map(|device| device.leg);
                (rung.agent, rung.queue, legs.collect())
            }
            (None, Some(offer)) => {
                let legs = vec![offer.leg.clone()];
                (offer.agent.clone(), offer.queue.clone(), legs)
            }
            (None, None) => return,
        };
        let cause = match outcome {
            OfferOutcome::AnsweredElsewhere => Cause::AnsweredElsewhere,
            _ => Cause::OriginatorCancel,
        };
        for leg in legs {
            self.timers.clear(&Reason::ConfirmationEnds(leg.id.clone()));
            // One that ended by itself has ended the offer.
            if self.legs.contains_key(&leg.id) {
                let answered = leg.is_answered();
                self.close_leg(call, &leg.id, Some(&agent), cause, answered, out);
            }
        }
        if let Some(known) = self.calls.get_mut(&call) {
            known.offer.take_if(|offer| offer.id == id);
        }
        self.offers.remove(&id);
        self.timers.clear(&Reason::OfferOverdue(id));
        if was_answered {
            self.briefing_in_vain(call, outcome, out);
        }
        out.note(Fact::OfferEnded {
            offer: id,
            call,
            agent: agent.clone(),
            outcome,
        });
        self.offer_missed(&agent, call, queue.as_ref(), outcome, out);
    }

    /// An offer came to nothing: the call is offered on, from its place when
    /// nobody rings for it any more.
    pub(super) fn call_waits_on(&mut self, call: CallId, out: &mut Commands) {
        let max_offers = self.limits().max_offers;
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        if !known.is_waiting() {
            return;
        }
        let (offers, leg) = (known.offers, known.caller.id.clone());
        let rings_on = known.is_offered();
        // Whoever rings in the last round may still answer.
        let most = max_offers + u32::from(rings_on);
        if offers >= most {
            self.withdraw_offers(call, OfferOutcome::Withdrawn, out);
            return self.end_call_by(call, Cause::Congestion, EndedBy::System, out);
        }
        self.line_up(call);
        if rings_on {
            return self.distribute_call(call, Trigger::OfferEnded, out);
        }
        let bridge_failed = self
            .timers
            .get(&Reason::GuardRenewal(leg.clone()))
            .is_none();
        self.move_call(call, CallState::Waiting, out);
        self.distribute_call(call, Trigger::OfferEnded, out);
        self.expect_overflows(call);
        if bridge_failed {
            // The failed bridge disarmed the timer and ended the music.
            self.renew_guard(&leg, out);
            self.start_music(call, out);
        }
        self.carry_place(call, out);
    }

    pub(super) fn is_recorded(&self, queue: &QueueId) -> bool {
        let queue = self.queues.get(queue);
        queue.is_some_and(|queue| queue.settings.record)
    }
}

impl Device {
    pub(super) fn address(&self) -> (Option<Extension>, Option<PhoneNumber>) {
        match &self.to {
            Target::Extension(extension) | Target::Remote { extension, .. } => {
                (Some(extension.clone()), None)
            }
            Target::Number(number) => (None, Some(number.clone())),
        }
    }
}
