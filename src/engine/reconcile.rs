//! A switch tells everything that lives on it: what we believe is brought into
//! line with that. The same path serves the first connect, a reconnect and
//! the start after a crash.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::call::{CallState, Offer, OfferStage};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::explanation::Trigger;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, LegId, OfferId, SwitchId};
use crate::engine::leg::{Leg, LegRole, LegState};
use crate::engine::text::OutsideText;
use crate::engine::timer::Reason;
use crate::switch::{Arrival, ChannelState, LegVariable, LiveLeg, Snapshot};
use std::collections::BTreeMap;

impl Engine {
    pub(super) fn link_changed(
        &mut self,
        switch: SwitchId,
        up: bool,
        why: OutsideText,
        out: &mut Commands,
    ) {
        if self.links.insert(switch.clone(), up) == Some(up) {
            return;
        }
        out.note(Fact::LinkChanged {
            switch: switch.clone(),
            up,
            why,
        });
        for agent in self.agents_on(&switch) {
            self.refresh_standing(&agent);
        }
    }

    fn agents_on(&self, switch: &SwitchId) -> Vec<AgentId> {
        let on_switch = self
            .agents
            .iter()
            .filter(|(_, agent)| agent.settings.switch == *switch);
        on_switch.map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn reconcile(&mut self, switch: SwitchId, snapshot: Snapshot, out: &mut Commands) {
        let mut live: BTreeMap<LegId, LiveLeg> = BTreeMap::new();
        for leg in snapshot.legs {
            live.insert(
                LegId {
                    switch: switch.clone(),
                    channel: leg.arrival.channel.clone(),
                },
                leg,
            );
        }
        let gone: Vec<LegId> = self
            .legs
            .keys()
            .chain(self.closing.keys())
            .filter(|leg| leg.switch == switch && !live.contains_key(leg))
            .cloned()
            .collect();
        for leg in &gone {
            self.hung_up(leg, Cause::NetworkFailure, out);
        }
        let mut adopted = 0;
        for (leg, found) in &live {
            if self.closing.contains_key(leg) {
                continue;
            }
            match (self.call_of(leg), &found.peer) {
                (Some(call), _) => self.confirm(call, leg, found, out),
                (None, Some(peer)) => {
                    let peer = LegId {
                        switch: switch.clone(),
                        channel: peer.clone(),
                    };
                    adopted += u32::from(self.adopt_conversation(leg, found, live.get(&peer), out));
                }
                (None, None) => {
                    adopted += 1;
                    self.adopt(leg, &found.arrival, out);
                }
            }
        }
        // Only now, so that nobody is offered a call that is already gone.
        self.link_changed(switch.clone(), true, OutsideText::default(), out);
        let closed = u32::try_from(gone.len()).unwrap_or(u32::MAX);
        out.note(Fact::Reconciled {
            switch: switch.clone(),
            adopted,
            closed,
        });
        for agent in self.agents_on(&switch) {
            self.agent_freed(&agent, Trigger::AgentFreed, out);
        }
    }

    /// A live leg that nobody here knows: a caller is taken on, an agent's leg
    /// without its call rings or stands for nothing.
    fn adopt(&mut self, leg: &LegId, arrival: &Arrival, out: &mut Commands) {
        if is_agent(arrival) {
            let call = call_on_leg(arrival).unwrap_or_else(|| CallId::from_ulid(self.new_ulid()));
            let answered = arrival.state == ChannelState::Answered;
            self.close_leg(call, leg, None, Cause::NormalClearing, answered, out);
        } else {
            self.arrived(leg.switch.clone(), arrival.clone(), out);
        }
    }

    /// Two bridged legs that nobody here knows: their variables say whose
    /// conversation it is. One without them is not ours and is left alone.
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
        let agent = peer
            .arrival
            .variables
            .get(LegVariable::Agent)
            .and_then(|agent| agent.parse().ok());
        let (Some(call), Some(agent)) = (call_on_leg(&found.arrival), agent) else {
            return false;
        };
        let free = self
            .agents
            .get(&agent)
            .is_some_and(|agent| agent.call.is_none());
        if !free || self.calls.contains_key(&call) {
            return false;
        }
        self.start_call(call, leg.clone(), &found.arrival, out);
        let agent_leg = LegId {
            switch: leg.switch.clone(),
            channel: peer.arrival.channel.clone(),
        };
        out.note(Fact::LegStarted {
            call,
            leg: agent_leg.clone(),
            role: LegRole::Agent,
            agent: Some(agent.clone()),
            extension: None,
        });
        for leg in [leg, &agent_leg] {
            out.note(Fact::LegMoved {
                call,
                leg: leg.clone(),
                state: LegState::Bridged,
            });
        }
        self.move_call(call, CallState::Connected, out);
        self.take_on_agent(call, agent, agent_leg, out);
        true
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
                leg,
                stage: OfferStage::Connected,
            });
        }
        self.move_agent(&agent, AgentState::OnCall, Some(call), None, out);
    }

    /// A leg that both sides know: its state is the switch's to say.
    fn confirm(&mut self, call: CallId, leg: &LegId, found: &LiveLeg, out: &mut Commands) {
        if found.arrival.state == ChannelState::Answered {
            self.leg_answered(leg, out);
        }
        let peer = found.peer.as_ref().map(|peer| LegId {
            switch: leg.switch.clone(),
            channel: peer.clone(),
        });
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        match peer {
            Some(peer) => self.bridged(leg, &peer, out),
            None if known.is_connected() => self.unbridged(leg, leg, out),
            None if known.caller.id == *leg && known.ending.is_none() => self.resume(call, out),
            None => {}
        }
    }

    /// Takes a caller's leg into our hands again, where the call stands.
    pub(super) fn resume(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.ending.is_none()) else {
            return;
        };
        let (leg, state) = (known.caller.id.clone(), known.state);
        match state {
            CallState::Waiting | CallState::Offered => {
                self.renew_guard(&leg, out);
                self.carry_place(call, out);
                self.start_music(call, out);
            }
            CallState::Arrived | CallState::InFlow => {
                self.renew_guard(&leg, out);
                self.forget_playback(call);
                self.timers.clear(&Reason::KeyAwaited(call));
                self.resume_flow(call, out);
            }
            CallState::Connected | CallState::Ended => {}
        }
    }
}

fn is_agent(arrival: &Arrival) -> bool {
    arrival.variables.get(LegVariable::Role) == Some(LegRole::Agent.word())
}

fn call_on_leg(arrival: &Arrival) -> Option<CallId> {
    arrival.variables.get(LegVariable::Call)?.parse().ok()
}
