//! A callback's turn: an agent is rung for it, then the number, and the two
//! talk as in any call that was served.

use crate::engine::Engine;
use crate::engine::call::{CallState, CallbackTurn, Dialler, Served};
use crate::engine::callback::{CallbackEnd, CallbackOrder, CallbackState};
use crate::engine::cause::Cause;
use crate::engine::centre::Device;
use crate::engine::command::Commands;
use crate::engine::explanation::Explanation;
use crate::engine::fact::{Fact, OfferOutcome};
use crate::engine::id::{AgentId, CallId, LegId, OfferId};
use crate::engine::leg::LegRole;
use crate::engine::offer::SETTLING;
use crate::engine::order::Purpose;
use crate::engine::queues::QueueIndex;
use crate::engine::text::OutsideText;
use crate::engine::timer::Reason;
use crate::switch::{Language, LegVariable, LegVariables, Ring, SwitchCommand};

impl Engine {
    /// The planner chose an agent for a callback.
    pub(in crate::engine) fn offer_callback(
        &mut self,
        id: CallId,
        queue: QueueIndex,
        explanation: Explanation,
        out: &mut Commands,
    ) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        if let Some(state) = self.hindrance(callback) {
            return self.move_callback(id, state, out);
        }
        let order = callback.order.clone();
        let agent = explanation.chosen.agent.clone();
        let call = CallId::from_ulid(self.new_ulid());
        let offer = OfferId::from_ulid(self.new_ulid());
        let Ok(switch) = self.way_out(&agent) else {
            let until = self.now + self.limits().dead_man;
            return self.move_callback(id, CallbackState::Resting { until }, out);
        };
        let leg = LegId {
            switch,
            channel: offer.channel(),
        };
        let standing = self.line_beside(&agent, &leg.switch);
        let leg = standing.clone().unwrap_or(leg);
        let devices = self.devices_to_dial_from(&agent, &leg, standing.is_some());
        let dialler = Dialler {
            agent: agent.clone(),
            number: order.number.clone(),
            callback: Some(CallbackTurn {
                callback: id,
                queue: order.queue.clone(),
            }),
            confirm: devices.first().is_some_and(|device| device.confirm),
            message: None,
        };
        let shown = self.callback_settings(&order.queue);
        let shown = shown.and_then(|settings| settings.shown.as_ref());
        let shown = shown.map(|number| OutsideText::new(number.as_str()));
        let dialled = shown.unwrap_or_else(|| order.dialled.clone());
        self.start_dialling(call, &leg, dialler, dialled, order.name.clone(), out);
        self.recognise_again(call, &order, out);
        out.note(Fact::Decided {
            call,
            queue: order.queue.clone(),
            offer,
            explanation,
        });
        let timeout = self.queues.queue(queue).settings.ring;
        let overdue = self.now + timeout + SETTLING;
        self.timers.set(Reason::PartyOverdue(leg.clone()), overdue);
        if standing.is_none() {
            self.ring_for_callback(call, &leg, &agent, &order, &devices, out);
        }
        if let Some(index) = self.queues.agent_index(&agent) {
            let shift = self.queues.shift_mut(index);
            shift.offered(self.now, &order.queue);
        }
        if let Some(callback) = self.callbacks.get_mut(&id) {
            callback.progress.offers += 1;
            callback.last = Some(call);
        }
        // The agent is engaged first: leaving the line lets nobody else be chosen.
        self.engage(&agent, call, out);
        self.move_callback(id, CallbackState::Offered { call, agent }, out);
        if let Some(leg) = standing {
            self.sound_tone(call, &leg, out);
        }
    }

    /// Who it was that called is known of the call that answers them.
    fn recognise_again(&mut self, call: CallId, order: &CallbackOrder, out: &mut Commands) {
        let recognition = order.recognition.clone();
        let known = self.calls.get_mut(&call);
        if let Some(known) = known.filter(|_| order.from.is_some()) {
            known.recognition = recognition.clone();
            out.note(Fact::Recognised { call, recognition });
        }
    }

    /// What is rung of an agent for a callback, by the switch that dials; a leg that
    /// stands is enough.
    fn devices_to_dial_from(&self, agent: &AgentId, leg: &LegId, stands: bool) -> Vec<Device> {
        let known = self.agents.get(agent);
        let settings = known.map(|known| &known.settings);
        let devices = settings.map(|settings| match stands {
            true => vec![settings.own_device(&leg.switch)],
            false => settings.devices_for(&leg.switch),
        });
        devices.unwrap_or_default()
    }

    /// Rings every device of an agent, the first on the call's own leg.
    fn ring_for_callback(
        &mut self,
        call: CallId,
        first: &LegId,
        agent: &AgentId,
        order: &CallbackOrder,
        devices: &[Device],
        out: &mut Commands,
    ) {
        let auto_answer = self
            .agents
            .get(agent)
            .map(|known| known.settings.auto_answer);
        let timeout = self
            .queues
            .get(&order.queue)
            .map(|queue| queue.settings.ring);
        for (nth, device) in devices.iter().enumerate() {
            let leg = match nth {
                0 => first.clone(),
                _ => LegId {
                    switch: first.switch.clone(),
                    channel: OfferId::from_ulid(self.new_ulid()).channel(),
                },
            };
            let ring = Ring {
                channel: leg.channel.clone(),
                to: device.to.clone(),
                // Of several devices one is enough.
                auto_answer: nth == 0 && auto_answer.unwrap_or_default(),
                caller_number: OutsideText::new(order.number.as_str()),
                caller_name: marked(order.language, &order.name),
                timeout: timeout.unwrap_or_default(),
                variables: LegVariables::default()
                    .with(LegVariable::Call, call)
                    .with(LegVariable::Role, LegRole::Agent.word())
                    .with(LegVariable::Agent, agent)
                    .with(LegVariable::Queue, &order.queue),
                originator: None,
            };
            let purpose = Purpose::RingParty(leg.clone());
            self.order(call, &leg.switch, SwitchCommand::Ring(ring), purpose, out);
            if nth > 0 {
                self.device_beside(call, agent, leg, device, out);
            }
        }
    }

    /// The agent is there: the attempt counts from here on. False when nobody is
    /// to be dialled any more.
    pub(in crate::engine) fn callback_dials(
        &mut self,
        id: CallId,
        call: CallId,
        agent: &AgentId,
        out: &mut Commands,
    ) -> bool {
        let Some(callback) = self.callbacks.get_mut(&id) else {
            return false;
        };
        let turn = CallbackState::Offered {
            call,
            agent: agent.clone(),
        };
        if callback.progress.state != turn {
            return false;
        }
        callback.progress.attempts += 1;
        let agent = agent.clone();
        self.move_callback(id, CallbackState::Dialling { call, agent }, out);
        true
    }

    /// The customer answered and talks to the agent.
    pub(in crate::engine) fn callback_reached(
        &mut self,
        id: CallId,
        call: CallId,
        agent: &AgentId,
        out: &mut Commands,
    ) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        let (queue, priority) = (callback.order.queue.clone(), callback.progress.priority);
        self.close_callback(id, CallbackEnd::Reached, Some(call), out);
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        known.served = Some(Served {
            queue: queue.clone(),
            priority,
        });
        let number = known.recognition.patron(&known.caller_number).clone();
        let caller = known.caller.id.clone();
        let agent_leg = known.offer.as_ref().map(|offer| offer.leg.id.clone());
        self.patrons.served(&number, agent, self.now);
        if let Some(index) = self.queues.agent_index(agent) {
            self.queues.shift_mut(index).answered(&queue);
        }
        if let Some(agent_leg) = agent_leg.filter(|_| self.is_recorded(&queue)) {
            self.start_recording(call, &caller, &agent_leg, out);
        }
    }

    /// The number was dialled and did not answer, or the agent left meanwhile.
    pub(in crate::engine) fn callback_unreached(&mut self, id: CallId, out: &mut Commands) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        let call = callback.progress.state.call();
        let attempts = callback.progress.attempts;
        let settings = self.callback_settings(&callback.order.queue);
        let Some((most, after)) = settings.map(|s| (s.attempts, s.retry_after)) else {
            return self.close_callback(id, CallbackEnd::QueueGone, call, out);
        };
        if attempts < most {
            let until = self.now + after;
            return self.move_callback(id, CallbackState::Resting { until }, out);
        }
        self.close_callback(id, CallbackEnd::Unreached, call, out);
    }

    /// The call by which a callback had its turn is over, and it did not reach the
    /// customer.
    pub(super) fn turn_over(&mut self, id: CallId, out: &mut Commands) {
        let callback = self.callbacks.get(&id);
        match callback.map(|callback| &callback.progress.state) {
            Some(CallbackState::Dialling { .. }) => self.callback_unreached(id, out),
            Some(CallbackState::Offered { .. }) => self.callback_missed(id, out),
            _ => {}
        }
    }

    /// The agent's leg for a callback is gone, before the customer answered.
    pub(in crate::engine) fn free_after_attempt(
        &mut self,
        call: CallId,
        dialler: &Dialler,
        answered: bool,
        cause: Cause,
        out: &mut Commands,
    ) {
        let turn = dialler.callback.as_ref();
        let settings = turn.and_then(|turn| self.callback_settings(&turn.queue));
        let wraps_up = settings.is_some_and(|settings| settings.wrap_up_unreached);
        match answered {
            true if wraps_up => self.wrap_up(&dialler.agent, call, out),
            true => self.agent_missed(&dialler.agent, OfferOutcome::Withdrawn, out),
            false => {
                let queue = turn.map(|turn| turn.queue.clone());
                self.offer_missed(&dialler.agent, call, queue.as_ref(), missed(cause), out);
            }
        }
    }

    /// The agent did not answer: the callback goes on to the next.
    fn callback_missed(&mut self, id: CallId, out: &mut Commands) {
        let max_offers = self.limits().max_offers;
        let offers = self.callbacks.get(&id).map(|known| known.progress.offers);
        match offers {
            Some(offers) if offers >= max_offers => {
                self.close_callback(id, CallbackEnd::Unserved, None, out);
            }
            _ => self.move_callback(id, CallbackState::Waiting, out),
        }
    }

    /// The controller is about to leave: agents who are rung for callbacks are
    /// let go, and the callbacks wait for the next run.
    pub(in crate::engine) fn withdraw_callbacks(&mut self, out: &mut Commands) {
        let rung = self.calls.iter().filter(|(_, call)| {
            let dialler = call.dialler.as_ref();
            dialler.is_some_and(|dialler| dialler.callback.is_some())
                && call.state == CallState::Transferring
                && call.rings_dialler()
        });
        for call in rung.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.end_call(call, Cause::OriginatorCancel, out);
        }
    }
}

/// How an offer of a callback ended, by the end of the agent's leg.
fn missed(cause: Cause) -> OfferOutcome {
    match cause {
        Cause::NoAnswer | Cause::Timeout => OfferOutcome::NoAnswer,
        Cause::UserBusy => OfferOutcome::Busy,
        Cause::Rejected => OfferOutcome::Rejected,
        Cause::NotReachable | Cause::UnallocatedNumber => OfferOutcome::Unreachable,
        Cause::OriginatorCancel | Cause::NormalClearing => OfferOutcome::Withdrawn,
        _ => OfferOutcome::Failed,
    }
}

/// The name on the agent's phone, which says that nobody is there yet.
fn marked(language: Language, name: &OutsideText) -> OutsideText {
    let mark = match language {
        Language::Chinese => "回拨",
        Language::English => "Callback",
    };
    OutsideText::new(format!("{mark} {name}").trim_end())
}
