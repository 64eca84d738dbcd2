//! Blind transfer: the caller goes on, and the agent is free of the call.

use crate::engine::Engine;
use crate::engine::call::{CallState, Served};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::id::{AgentId, CallId, FlowId, QueueId};
use crate::engine::party::{PartyRole, Talk};
use crate::engine::request::{Destination, Invitee, Refusal};
use crate::engine::waiting::Entry;

impl Engine {
    pub(super) fn transfer(
        &mut self,
        call: CallId,
        to: &Destination,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        self.may_transfer(call, to)?;
        match to {
            Destination::Agent(agent) => self.send_to(call, Invitee::Agent(agent.clone()), out),
            Destination::Number(number) => self.send_to(call, Invitee::Number(number.clone()), out),
            Destination::Queue(queue) => self.send_to_queue(call, queue, out),
            Destination::Flow(flow) => self.send_to_flow(call, flow, out),
        }
    }

    /// Whether the caller can go there at this moment.
    pub(super) fn may_transfer(&self, call: CallId, to: &Destination) -> Result<(), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        let free = known.parties.iter().all(|party| party.is_supervisor());
        if !matches!(known.talk, Talk::Together | Talk::Held) || !free {
            return Err(Refusal::WrongMoment);
        }
        match to {
            Destination::Agent(agent) => self.may_reach(call, &Invitee::Agent(agent.clone())),
            Destination::Number(number) => self.may_reach(call, &Invitee::Number(number.clone())),
            Destination::Queue(queue) => match self.queues.get(queue) {
                None => Err(Refusal::NoSuchQueue),
                Some(queue) if queue.is_full() => Err(Refusal::QueueFull),
                Some(_) => Ok(()),
            },
            Destination::Flow(flow) => {
                let known = self
                    .centre
                    .as_ref()
                    .map(|centre| centre.flows.contains_key(flow));
                (known == Some(true))
                    .then_some(())
                    .ok_or(Refusal::NoSuchFlow)
            }
        }
    }

    fn send_to(&mut self, call: CallId, to: Invitee, out: &mut Commands) -> Result<(), Refusal> {
        let back = self.leave_to_us(call, CallState::Transferring, out);
        self.keep_caller(call, out);
        self.ring_party(call, to, PartyRole::Target { back }, out);
        Ok(())
    }

    fn send_to_queue(
        &mut self,
        call: CallId,
        to: &QueueId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let priority = self.priority_in(call, to).unwrap_or_default();
        self.leave_to_us(call, CallState::Transferring, out);
        self.hold_in_switch(call, out);
        self.put_in_queue(call, to, priority, out);
        Ok(())
    }

    /// The call waits in one queue from here on.
    pub(super) fn put_in_queue(
        &mut self,
        call: CallId,
        queue: &QueueId,
        priority: i32,
        out: &mut Commands,
    ) {
        let entry = Entry {
            queue: queue.clone(),
            priority,
            entered: self.now,
            step: 0,
            sought: None,
        };
        self.enter_queues(call, vec![entry], out);
    }

    fn send_to_flow(
        &mut self,
        call: CallId,
        to: &FlowId,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let centre = self.centre.as_ref().ok_or(Refusal::NoSuchFlow)?;
        if !centre.flows.contains_key(to) {
            return Err(Refusal::NoSuchFlow);
        }
        self.leave_to_us(call, CallState::InFlow, out);
        self.hold_in_switch(call, out);
        self.enter_flow(call, to, out);
        Ok(())
    }

    /// The agent is free of the call, and the caller is in our hands. Gives who
    /// it was.
    pub(super) fn leave_to_us(
        &mut self,
        call: CallId,
        state: CallState,
        out: &mut Commands,
    ) -> Option<AgentId> {
        let serving = self.calls.get(&call)?.offer.as_ref()?;
        let agent = serving.agent.clone();
        self.take_caller(call, out);
        self.move_call(call, state, out);
        self.release_agent(call, out);
        Some(agent)
    }

    /// Nobody took the caller: back to the agent who sent them, or to the queue
    /// they came from, or to the beginning.
    pub(super) fn transfer_failed(
        &mut self,
        call: CallId,
        back: Option<AgentId>,
        out: &mut Commands,
    ) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        if let Some(dialler) = &known.dialler {
            if let Some(turn) = &dialler.callback {
                self.callback_unreached(turn.callback, out);
            }
            return self.end_call(call, Cause::NormalClearing, out);
        }
        if let Some(from) = known.diverted.clone() {
            return self.go_on_from(call, from, out);
        }
        let (caller, served) = (known.caller.id.clone(), known.served.clone());
        let back = back.filter(|agent| self.can_invite(agent, &caller).is_ok());
        let queue = served.filter(|served| self.queues.contains_key(&served.queue));
        match (back, queue) {
            (Some(back), _) => {
                self.keep_caller(call, out);
                let role = PartyRole::Target { back: None };
                self.ring_party(call, Invitee::Agent(back), role, out);
            }
            (None, Some(Served { queue, priority })) => {
                self.hold_in_switch(call, out);
                self.put_in_queue(call, &queue, priority, out);
            }
            (None, None) => {
                self.move_call(call, CallState::InFlow, out);
                self.hold_in_switch(call, out);
                self.begin_again(call, out);
            }
        }
    }

    /// Whether the serving agent of a call may ring this agent or number for it.
    pub(super) fn may_reach(&self, call: CallId, to: &Invitee) -> Result<(), Refusal> {
        let known = self.calls.get(&call).ok_or(Refusal::NotOnACall)?;
        match to {
            Invitee::Agent(agent) => self.can_invite(agent, &known.caller.id),
            Invitee::Number(number) => {
                let serving = known.offer.as_ref().ok_or(Refusal::NotOnACall)?;
                self.may_dial(&serving.agent, number)?;
                let centre = self.centre.as_ref().ok_or(Refusal::NobodyDials)?;
                match centre.outbound.contains(&known.caller.id.switch) {
                    true => Ok(()),
                    false => Err(Refusal::NobodyDials),
                }
            }
        }
    }
}
