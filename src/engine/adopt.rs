//! Legs that live on a switch and that nobody here knows.

use crate::engine::Engine;
use crate::engine::agent::{Agent, AgentState};
use crate::engine::arrival::place_on_leg;
use crate::engine::call::{CallState, Offer, OfferStage};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::fact::{DriftKind, Fact, OfferOutcome, QueueExit};
use crate::engine::id::{AgentId, CallId, ChannelId, CommandId, LegId, OfferId, SwitchId};
use crate::engine::leg::{Leg, LegRole, LegState};
use crate::engine::order::Purpose;
use crate::engine::queue::Place;
use crate::engine::reconcile::Found;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::switch::{Arrival, ChannelState, Examination, LegVariable, LiveLeg, SwitchCommand};
use std::collections::{BTreeMap, BTreeSet};

/// Channels looked at by one command.
const EXAMINED_AT_ONCE: usize = 500;

impl Engine {
    /// Asks a switch what these channels are. Gives the numbers of the questions.
    pub(super) fn examine(
        &mut self,
        switch: &SwitchId,
        channels: Vec<ChannelId>,
        out: &mut Commands,
    ) -> BTreeSet<CommandId> {
        let mut questions = BTreeSet::new();
        for channels in channels.chunks(EXAMINED_AT_ONCE) {
            let command = SwitchCommand::Examine {
                channels: channels.to_vec(),
            };
            questions.insert(self.ask(switch, command, out));
        }
        self.examinations.extend(&questions);
        questions
    }

    /// Orders something about a switch as a whole.
    pub(super) fn ask(
        &mut self,
        switch: &SwitchId,
        command: SwitchCommand,
        out: &mut Commands,
    ) -> CommandId {
        let number = CallId::from_ulid(self.new_ulid());
        self.order(number, switch, command, Purpose::Ask, out)
    }

    /// An examination was answered, or never will be.
    pub(super) fn examination_over(&mut self, command: CommandId) {
        if self.examinations.remove(&command) && self.examinations.is_empty() {
            self.ended_meanwhile.clear();
        }
    }

    /// What channels are that were looked at one by one. Callers' ends come
    /// first, so that no call is offered on that has ended too.
    pub(super) fn examined(&mut self, switch: &SwitchId, found: Examination, out: &mut Commands) {
        let leg_of = |channel: ChannelId| LegId {
            switch: switch.clone(),
            channel,
        };
        let mut gone: Vec<LegId> = found.strangers.into_iter().map(leg_of).collect();
        gone.sort_by_key(|leg| !self.is_caller(leg));
        for leg in gone {
            let drift = self.doubted.remove(&leg);
            if self.call_of(&leg).is_some()
                || self.closing.contains_key(&leg)
                || self.standing.contains_key(&leg)
            {
                if drift {
                    self.note_drift(&leg, DriftKind::End, out);
                }
                self.not_there(&leg, out);
            } else {
                self.strangers.insert(leg);
            }
        }
        let mut unknown = Vec::new();
        for live in found.legs {
            let leg = leg_of(live.arrival.channel.clone());
            if self.ended_meanwhile.contains(&leg) {
                continue;
            }
            let doubted = self.doubted.remove(&leg);
            let Some(call) = self.call_of(&leg) else {
                if self.standing.contains_key(&leg) {
                    let shown = Found::of(switch, live);
                    self.confirm_line(&leg, &shown, out);
                    continue;
                }
                if doubted && !self.closing.contains_key(&leg) {
                    self.note_drift(&leg, DriftKind::Arrival, out);
                }
                unknown.push(live);
                continue;
            };
            let shown = Found::of(switch, live);
            let drift = self.difference(&leg, &shown).filter(|_| doubted);
            if let Some(kind) = drift {
                self.note_drift(&leg, kind, out);
            }
            self.looked_at(call, &leg, &shown, out);
        }
        let adopted = self.adopt(switch, unknown, out);
        if adopted > 0 {
            out.note(Fact::Reconciled {
                switch: switch.clone(),
                adopted,
                closed: 0,
            });
        }
    }

    /// Takes on the legs that are not known by now. Says how many.
    pub(super) fn adopt(
        &mut self,
        switch: &SwitchId,
        legs: Vec<LiveLeg>,
        out: &mut Commands,
    ) -> u32 {
        let leg_of = |channel: &ChannelId| LegId {
            switch: switch.clone(),
            channel: channel.clone(),
        };
        let mut live: BTreeMap<ChannelId, LiveLeg> = legs
            .into_iter()
            .map(|leg| (leg.arrival.channel.clone(), leg))
            .collect();
        live.retain(|channel, _| {
            let leg = leg_of(channel);
            self.call_of(&leg).is_none()
                && !self.closing.contains_key(&leg)
                && !self.standing.contains_key(&leg)
        });
        // The first in a queue first: each may be offered as soon as it is known.
        let mut order: Vec<&LiveLeg> = live.values().collect();
        let worth = self.priority_worth();
        order.sort_by_key(|leg| place_of(&leg.arrival, worth));
        let mut adopted = 0;
        for found in order {
            let leg = leg_of(&found.arrival.channel);
            match &found.peer {
                Some(channel) => {
                    let peer = live.get(channel);
                    let adopts = self.adopt_conversation(&leg, found, peer, out)
                        || self.adopt_agent(&leg, found, &leg_of(channel), out);
                    adopted += u32::from(adopts);
                }
                None => {
                    adopted += 1;
                    self.adopt_leg(&leg, &found.arrival, out);
                }
            }
        }
        adopted
    }

    /// A caller is taken on; an agent's leg without its call rings or stands
    /// for nothing.
    fn adopt_leg(&mut self, leg: &LegId, arrival: &Arrival, out: &mut Commands) {
        if is_ours(arrival) {
            let adopted = match is_standing(arrival) {
                true => self.adopt_standing(leg, arrival, out),
                false => self.adopt_offer(leg, arrival, out),
            };
            if adopted {
                return;
            }
            let call = call_on_leg(arrival).unwrap_or_else(|| CallId::from_ulid(self.new_ulid()));
            let answered = arrival.state == ChannelState::Answered;
            let agent = agent_on_leg(arrival);
            self.close_leg(
                call,
                leg,
                agent.as_ref(),
                Cause::NormalClearing,
                answered,
                out,
            );
        } else {
            self.arrived(leg.switch.clone(), arrival.clone(), out);
        }
    }

    /// An agent's leg that was made for a call that is believed to wait: the offer
    /// was made in the last instant of a run that could not keep it.
    fn adopt_offer(&mut self, leg: &LegId, arrival: &Arrival, out: &mut Commands) -> bool {
        let (Some(call), Some(agent), Some(offer)) = (
            call_on_leg(arrival),
            agent_on_leg(arrival),
            OfferId::of_channel(&leg.channel),
        ) else {
            return false;
        };
        let known = self.calls.get(&call).filter(|call| call.ending.is_none());
        let Some(known) = known.filter(|call| call.offer.is_none()) else {
            return false;
        };
        let own = known.ringing.iter().find(|rung| rung.agent == agent);
        let may_ring = |known: &Agent| match own {
            Some(own) => own.devices.len() < known.settings.devices_for(&leg.switch).len(),
            None => known.state == AgentState::Ready,
        };
        let stands = self.open_line(&agent).is_some();
        let is_ready =
            |known: &Agent| may_ring(known) && self.are_linked(&known.settings.switch, &leg.switch);
        if stands || !self.agents.get(&agent).is_some_and(is_ready) {
            return false;
        }
        let visit = known.visits.first();
        let queue = visit.and_then(|visit| self.queues.get(visit.queue()));
        let several = queue.is_some_and(|queue| queue.settings.strategy.rings_several());
        if own.is_none() && !several && !known.ringing.is_empty() {
            return false;
        }
        let Some(queue) = visit.and_then(|visit| self.queues.index(visit.queue())) else {
            return false;
        };
        self.offer_found(call, queue, &agent, leg.clone(), offer, out);
        if arrival.state == ChannelState::Answered {
            self.leg_answered(leg, out);
        }
        true
    }

    /// An agent's standing leg that serves no call.
    fn adopt_standing(&mut self, leg: &LegId, arrival: &Arrival, out: &mut Commands) -> bool {
        let (Some(lane), Some(agent)) = (call_on_leg(arrival), agent_on_leg(arrival)) else {
            return false;
        };
        arrival.state == ChannelState::Answered && self.adopt_line(leg, &agent, lane, out)
    }

    /// Two bridged legs: their variables say whose conversation it is. One
    /// without them is not ours and is left alone.
    fn adopt_conversation(
        &mut self,
        leg: &LegId,
        found: &LiveLeg,
        peer: Option<&LiveLeg>,
        out: &mut Commands,
    ) -> bool {
        let Some(peer) = peer.filter(|peer| is_agent(&peer.arrival) && !is_agent(&found.arrival))
        else {
            return false;
        };
        let (Some(call), Some(agent)) = (call_on_leg(&found.arrival), agent_on_leg(&peer.arrival))
        else {
            return false;
        };
        if !self.has_no_call(&agent) || self.calls.contains_key(&call) {
            return false;
        }
        let agent_leg = LegId {
            switch: leg.switch.clone(),
            channel: peer.arrival.channel.clone(),
        };
        if is_standing(&peer.arrival) && !self.adopt_standing(&agent_leg, &peer.arrival, out) {
            return false;
        }
        self.start_call(call, leg.clone(), &found.arrival, out);
        self.recognise(call, out);
        self.put_together(call, leg, agent, agent_leg, out);
        true
    }

    /// An agent's leg that is bridged to the caller of a call that is believed to
    /// wait: the two were put together in the last instant of a run that could
    /// not keep it.
    fn adopt_agent(
        &mut self,
        leg: &LegId,
        found: &LiveLeg,
        caller: &LegId,
        out: &mut Commands,
    ) -> bool {
        let stands = is_standing(&found.arrival);
        let call = match stands {
            true => self.call_of(caller),
            false => call_on_leg(&found.arrival),
        };
        let (Some(call), Some(agent)) = (call, agent_on_leg(&found.arrival)) else {
            return false;
        };
        if !is_agent(&found.arrival) || !self.is_waiting_on(call, caller) {
            return false;
        }
        if stands && !self.adopt_standing(leg, &found.arrival, out) {
            return false;
        }
        self.adopt_serving(call, caller, agent, leg, out)
    }

    fn is_waiting_on(&self, call: CallId, caller: &LegId) -> bool {
        self.calls.get(&call).is_some_and(|known| {
            known.caller.id == *caller && known.offer.is_none() && known.ending.is_none()
        })
    }

    /// The same, where it is known whose leg it is.
    pub(super) fn adopt_serving(
        &mut self,
        call: CallId,
        caller: &LegId,
        agent: AgentId,
        leg: &LegId,
        out: &mut Commands,
    ) -> bool {
        let known = self.calls.get(&call);
        let rings = known.is_some_and(|known| known.rung_agents().any(|rung| *rung == agent));
        if !self.is_waiting_on(call, caller) || !(rings || self.has_no_call(&agent)) {
            return false;
        }
        self.withdraw_offers(call, OfferOutcome::AnsweredElsewhere, out);
        self.timers.clear(&Reason::AnswerOverdue(call));
        self.timers.clear(&Reason::KeyAwaited(call));
        self.forget_message(call);
        self.let_go_of_caller(call, caller);
        self.leave_queues(call, QueueExit::Answered, out);
        self.put_together(call, caller, agent, leg.clone(), out);
        true
    }

    fn has_no_call(&self, agent: &AgentId) -> bool {
        let agent = self.agents.get(agent);
        agent.is_some_and(|agent| !agent.is_busy())
    }

    /// A caller and an agent who were found in conversation.
    fn put_together(
        &mut self,
        call: CallId,
        caller: &LegId,
        agent: AgentId,
        leg: LegId,
        out: &mut Commands,
    ) {
        out.note(Fact::LegStarted {
            call,
            leg: leg.clone(),
            role: LegRole::Agent,
            agent: Some(agent.clone()),
            extension: None,
            number: None,
            confirm: false,
        });
        for leg in [caller, &leg] {
            out.note(Fact::LegMoved {
                call,
                leg: leg.clone(),
                state: LegState::Bridged,
            });
        }
        self.move_call(call, CallState::Connected, out);
        self.take_on_agent(call, agent, leg, out);
    }

    /// Puts an agent's leg that was found bridged to a call's caller to the call.
    fn take_on_agent(&mut self, call: CallId, agent: AgentId, leg: LegId, out: &mut Commands) {
        let id = match OfferId::of_channel(&leg.channel) {
            Some(id) => id,
            None => OfferId::from_ulid(self.new_ulid()),
        };
        self.legs.insert(leg.clone(), call);
        self.offers.insert(id, call);
        if let Some(known) = self.calls.get_mut(&call) {
            known.caller.state = LegState::Bridged;
            let leg = Leg {
                id: leg,
                state: LegState::Bridged,
            };
            known.offer = Some(Offer {
                id,
                agent: agent.clone(),
                queue: None,
                leg,
                stage: OfferStage::Connected,
            });
        }
        self.end_pauses(&agent);
        self.move_agent(&agent, AgentState::OnCall, Some(call), None, out);
    }
}

fn is_agent(arrival: &Arrival) -> bool {
    arrival.variables.get(LegVariable::Role) == Some(LegRole::Agent.word()) || is_standing(arrival)
}

/// A leg that an agent keeps from call to call.
fn is_standing(arrival: &Arrival) -> bool {
    arrival.variables.get(LegVariable::Role) == Some(LegRole::Standing.word())
}

/// A leg that we dialled, to an agent or outside.
fn is_ours(arrival: &Arrival) -> bool {
    is_agent(arrival) || arrival.variables.get(LegVariable::Role) == Some(LegRole::Party.word())
}

fn call_on_leg(arrival: &Arrival) -> Option<CallId> {
    arrival.variables.get(LegVariable::Call)?.parse().ok()
}

fn agent_on_leg(arrival: &Arrival) -> Option<AgentId> {
    arrival.variables.get(LegVariable::Agent)?.parse().ok()
}

/// Legs with a place come first, in the order of their places.
fn place_of(arrival: &Arrival, worth: Span) -> (bool, Option<Place>) {
    let place = place_on_leg(&arrival.variables);
    let place = place.map(|found| Place::new(found.priority(), found.entered, found.call, worth));
    (place.is_none(), place)
}
