//! Waiting in a queue, and the moment a call and an agent are brought together.

use crate::engine::Engine;
use crate::engine::arrival::place_variables;
use crate::engine::call::CallState;
use crate::engine::command::Commands;
use crate::engine::explanation::Trigger;
use crate::engine::fact::{Fact, QueueExit};
use crate::engine::id::{AgentId, CallId, QueueId, SwitchId};
use crate::engine::ivr::interpreter::Input;
use crate::engine::order::Purpose;
use crate::engine::queue::Place;
use crate::engine::queues::{QueueIndex, SwitchIndex};
use crate::engine::strategy;
use crate::engine::time::Timestamp;
use crate::switch::SwitchCommand;

impl Engine {
    /// The flow leads a call to a queue.
    pub(super) fn queue_reached(&mut self, call: CallId, id: &QueueId, out: &mut Commands) {
        match self.queues.get(id) {
            Some(queue) if !queue.is_full() => {
                let priority = queue.settings.priority;
                self.enter_queue(call, id, priority, self.now, out);
            }
            Some(_) => self.advance(call, Input::QueueFull, out),
            // The flow that the call entered leads to a queue removed since.
            None => self.begin_again(call, out),
        }
    }

    pub(super) fn enter_queue(
        &mut self,
        call: CallId,
        id: &QueueId,
        priority: i32,
        entered: Timestamp,
        out: &mut Commands,
    ) {
        let place = Place::new(priority, entered, call);
        let (Some(known), Some(queue)) = (self.calls.get_mut(&call), self.queues.index(id)) else {
            return;
        };
        known.waiting = Some((id.clone(), place));
        self.queues.enter(queue, &known.caller.id.switch, place);
        let greeting = self.queues.queue(queue).settings.greeting.clone();
        out.note(Fact::QueueEntered {
            call,
            queue: id.clone(),
            priority,
            entered,
        });
        self.move_call(call, CallState::Waiting, out);
        // The offer comes first: what the caller hears never delays it.
        self.distribute(queue, Trigger::CallEntered, out);
        self.carry_place(call, out);
        match greeting {
            Some(prompt) => self.play(call, vec![prompt], out),
            None => self.start_music(call, out),
        }
    }

    /// Writes the call's place onto its leg.
    pub(super) fn carry_place(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some((queue, place)) = &known.waiting else {
            return;
        };
        let variables = place_variables(queue, place, known.offers);
        let leg = known.caller.id.clone();
        let command = SwitchCommand::SetVariables {
            channel: leg.channel.clone(),
            variables,
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
    }

    pub(super) fn start_music(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some((queue, _)) = &known.waiting else {
            return;
        };
        let Some(class) = self
            .queues
            .get(queue)
            .map(|queue| queue.settings.music.clone())
        else {
            return;
        };
        let leg = known.caller.id.clone();
        let command = SwitchCommand::Music {
            channel: leg.channel.clone(),
            class,
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
    }

    /// Takes a call out of its queue for good.
    pub(super) fn leave_queue(&mut self, call: CallId, reason: QueueExit, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some((id, place)) = known.waiting.take() else {
            return;
        };
        if let Some(queue) = self.queues.index(&id) {
            self.queues.leave(queue, &known.caller.id.switch, &place);
        }
        out.note(Fact::QueueLeft {
            call,
            queue: id,
            reason,
        });
    }

    /// Makes every offer that a queue's waiting calls and free agents allow.
    pub(super) fn distribute(&mut self, queue: QueueIndex, trigger: Trigger, out: &mut Commands) {
        let mut rank = 0;
        while let Some(switch) = self.queues.switch_at(rank) {
            while self.offer_first(queue, switch, trigger, out) {}
            rank += 1;
        }
    }

    /// Makes every offer on a switch where many agents and calls became known at
    /// once: the most urgent call of all queues first.
    pub(super) fn distribute_on(
        &mut self,
        switch: &SwitchId,
        trigger: Trigger,
        out: &mut Commands,
    ) {
        let switch = self.queues.switch(switch);
        while let Some(queue) = self.queues.most_urgent_on(switch) {
            if !self.offer_first(queue, switch, trigger, out) {
                return;
            }
        }
    }

    /// Offers the first call of one queue, if somebody can take it.
    fn offer_first(
        &mut self,
        queue: QueueIndex,
        switch: SwitchIndex,
        trigger: Trigger,
        out: &mut Commands,
    ) -> bool {
        if self.draining {
            return false;
        }
        let Some(plan) = strategy::plan(&mut self.queues, queue, switch, self.now, trigger) else {
            return false;
        };
        self.make_offer(plan.call, queue, plan.explanation, out);
        true
    }

    /// An agent became free: the most urgent call of all their queues is next.
    pub(super) fn agent_freed(&mut self, agent: &AgentId, trigger: Trigger, out: &mut Commands) {
        let Some(agent) = self.queues.agent_index(agent) else {
            return;
        };
        let switch = self.queues.switch_of(agent);
        while let Some(queue) = self.queues.most_urgent(agent) {
            if !self.offer_first(queue, switch, trigger, out) {
                return;
            }
        }
    }
}
