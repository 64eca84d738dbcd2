//! An offer: one agent is rung for one call, until the two are connected or
//! the offer ends and the call goes back to its place.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::call::{CallState, Offer, OfferStage};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::explanation::{Explanation, Trigger};
use crate::engine::fact::{EndedBy, Fact, OfferOutcome, QueueExit};
use crate::engine::id::{AgentId, CallId, LegId, OfferId, QueueId};
use crate::engine::ivr::interpreter::Input;
use crate::engine::leg::{Leg, LegRole, LegState};
use crate::engine::order::Purpose;
use crate::engine::party::Talk;
use crate::engine::queues::QueueIndex;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{LegVariable, LegVariables, Ring, SwitchCommand, Target};

/// How much longer than its ringing an offer may take to be settled by events.
pub(super) const SETTLING: Span = Span::seconds(5);

impl Engine {
    /// Rings the agent that the explanation chose.
    pub(super) fn make_offer(
        &mut self,
        call: CallId,
        queue: QueueIndex,
        explanation: Explanation,
        out: &mut Commands,
    ) {
        let offer = OfferId::from_ulid(self.new_ulid());
        let agent_id = explanation.chosen.agent.clone();
        let (Some(known), Some(agent)) = (self.calls.get_mut(&call), self.agents.get(&agent_id))
        else {
            return;
        };
        let queue_id = self.queues.queue(queue).id.clone();
        let switch = agent.settings.switch.clone();
        let ring = Ring {
            channel: offer.channel(),
            to: Target::Extension(agent.settings.extension.clone()),
            auto_answer: agent.settings.auto_answer,
            caller_number: known.caller_number.clone(),
            caller_name: known.caller_name.clone(),
            timeout: self.queues.queue(queue).settings.ring,
            variables: LegVariables::default()
                .with(LegVariable::Call, call)
                .with(LegVariable::Role, LegRole::Agent.word())
                .with(LegVariable::Agent, &agent_id)
                .with(LegVariable::Queue, &queue_id),
            originator: Some(known.caller.id.channel.clone()),
        };
        let ring = SwitchCommand::Ring(ring);
        self.order(call, &switch, ring, Purpose::Ring(offer), out);
        out.note(Fact::Decided {
            call,
            queue: queue_id,
            offer,
            explanation,
        });
        self.offered(call, queue, offer, agent_id, out);
    }

    /// The agent's device is rung for a call that waits.
    pub(super) fn offered(
        &mut self,
        call: CallId,
        queue: QueueIndex,
        offer: OfferId,
        agent_id: AgentId,
        out: &mut Commands,
    ) {
        let (Some(known), Some(agent)) = (self.calls.get_mut(&call), self.agents.get(&agent_id))
        else {
            return;
        };
        let queue_id = self.queues.queue(queue).id.clone();
        known.offers += 1;
        let leg = LegId {
            switch: agent.settings.switch.clone(),
            channel: offer.channel(),
        };
        known.offer = Some(Offer {
            id: offer,
            agent: agent_id.clone(),
            queue: Some(queue_id.clone()),
            leg: Leg {
                id: leg.clone(),
                state: LegState::Ringing,
            },
            stage: OfferStage::Ringing,
        });
        let extension = agent.settings.extension.clone();
        self.set_aside(call);
        if let Some(agent) = self.queues.agent_index(&agent_id) {
            let shift = self.queues.shift_mut(agent);
            shift.offered(self.now, &queue_id);
        }
        self.legs.insert(leg.clone(), call);
        self.offers.insert(offer, call);
        let ring = self.queues.queue(queue).settings.ring;
        self.timers
            .set(Reason::OfferOverdue(offer), self.now + ring + SETTLING);
        out.note(Fact::Offered {
            offer,
            call,
            agent: agent_id.clone(),
            leg: leg.clone(),
            queue: Some(queue_id),
        });
        out.note(Fact::LegStarted {
            call,
            leg,
            role: LegRole::Agent,
            agent: Some(agent_id.clone()),
            extension: Some(extension),
        });
        self.move_agent(&agent_id, AgentState::Offered, Some(call), None, out);
        self.move_call(call, CallState::Offered, out);
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
            return self.closing_answered(leg, out);
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
        if known.dialler.is_some() && known.caller.id == *leg {
            self.dialler_answered(call, out);
        } else if known.caller.id == *leg {
            self.timers.clear(&Reason::AnswerOverdue(call));
            self.advance(call, Input::Answered, out);
        } else if is_party {
            self.party_answered(call, leg, out);
        } else {
            self.agent_answered(call, out);
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
    fn agent_answered(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(offer) = known
            .offer
            .as_mut()
            .filter(|offer| offer.stage == OfferStage::Ringing)
        else {
            return;
        };
        offer.stage = OfferStage::Connecting;
        self.connect(call, out);
    }

    /// Asks for the bridge of an offer that was answered.
    pub(super) fn connect(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some(offer) = &known.offer else { return };
        let caller = known.caller.id.clone();
        let (id, peer) = (offer.id, offer.leg.id.channel.clone());
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
            let state = LegState::Bridged;
            out.note(Fact::LegMoved { call, leg, state });
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

    /// The agent's leg ended before the two were connected.
    pub(super) fn offer_leg_ended(&mut self, call: CallId, cause: Cause, out: &mut Commands) {
        let outcome = match cause {
            Cause::NoAnswer | Cause::OriginatorCancel | Cause::Timeout => OfferOutcome::NoAnswer,
            Cause::UserBusy => OfferOutcome::Busy,
            Cause::Rejected => OfferOutcome::Rejected,
            Cause::NotReachable | Cause::UnallocatedNumber => OfferOutcome::Unreachable,
            _ => OfferOutcome::Failed,
        };
        self.end_offer(call, outcome, out);
        self.call_waits_on(call, out);
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
        self.withdraw_offer(call, outcome, out);
        self.call_waits_on(call, out);
    }

    /// Ends the offer and the agent's leg with it.
    pub(super) fn withdraw_offer(
        &mut self,
        call: CallId,
        outcome: OfferOutcome,
        out: &mut Commands,
    ) {
        let Some(offer) = self.calls.get(&call).and_then(|call| call.offer.as_ref()) else {
            return;
        };
        let (leg, answered) = (offer.leg.id.clone(), offer.leg.is_answered());
        let agent = offer.agent.clone();
        self.close_leg(
            call,
            &leg,
            Some(&agent),
            Cause::OriginatorCancel,
            answered,
            out,
        );
        self.end_offer(call, outcome, out);
    }

    /// The offer is over; the agent is free of the call.
    fn end_offer(&mut self, call: CallId, outcome: OfferOutcome, out: &mut Commands) {
        let Some(offer) = self.calls.get_mut(&call).and_then(|call| call.offer.take()) else {
            return;
        };
        self.offers.remove(&offer.id);
        self.timers.clear(&Reason::OfferOverdue(offer.id));
        out.note(Fact::OfferEnded {
            offer: offer.id,
            call,
            agent: offer.agent.clone(),
            outcome,
        });
        let queue = offer.queue.as_ref();
        self.offer_missed(&offer.agent, call, queue, outcome, out);
    }

    /// The call goes back to its place and is offered on.
    pub(super) fn call_waits_on(&mut self, call: CallId, out: &mut Commands) {
        let max_offers = self.limits().max_offers;
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        if !known.is_waiting() {
            return;
        }
        let (offers, leg) = (known.offers, known.caller.id.clone());
        if offers >= max_offers {
            return self.end_call_by(call, Cause::Congestion, EndedBy::System, out);
        }
        let bridge_failed = self
            .timers
            .get(&Reason::GuardRenewal(leg.clone()))
            .is_none();
        self.line_up(call);
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
