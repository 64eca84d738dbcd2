//! Waiting in queues, and the moment a call and an agent are brought together.

use crate::engine::Engine;
use crate::engine::arrival::place_variables;
use crate::engine::call::{CallState, Served, Visit};
use crate::engine::command::Commands;
use crate::engine::explanation::Trigger;
use crate::engine::fact::{Fact, QueueExit};
use crate::engine::id::{AgentId, CallId, QueueId, SwitchId};
use crate::engine::ivr::interpreter::Input;
use crate::engine::order::Purpose;
use crate::engine::queue::{Place, Queue};
use crate::engine::queues::{DemandIndex, QueueIndex, SwitchIndex};
use crate::engine::strategy;
use crate::engine::time::Timestamp;
use crate::engine::timer::Reason;
use crate::engine::wishes::Sought;
use crate::switch::{LegVariable, LegVariables, SwitchCommand};

/// A call comes to a queue, or comes back to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) queue: QueueId,
    pub(super) priority: i32,
    pub(super) entered: Timestamp,
    /// The step it has come to.
    pub(super) step: usize,
    /// The agents it waits for alone.
    pub(super) sought: Option<Sought>,
}

impl Engine {
    /// The flow leads a call to queues; that of its caller's list takes it too.
    /// Those that are full, or whose overflow applies, are left out; with none
    /// left, the first of them says where to go.
    pub(super) fn queue_reached(&mut self, call: CallId, ids: &[QueueId], out: &mut Commands) {
        let own = self.calls.get(&call);
        let own = own.and_then(|call| call.recognition.queue.clone());
        let own = own.filter(|own| !ids.contains(own));
        let ids = ids.iter().chain(own.as_ref());
        let known: Vec<&Queue> = ids.filter_map(|id| self.queues.get(id)).collect();
        let turned_away: Vec<_> = known
            .iter()
            .map(|queue| self.overflow_at_entry(call, queue))
            .collect();
        let open: Vec<QueueId> = known
            .iter()
            .zip(&turned_away)
            .filter(|(queue, rule)| rule.is_none() && !queue.is_full())
            .map(|(queue, _)| queue.id.clone())
            .collect();
        let mut rules = known.iter().zip(&turned_away);
        let rule = rules.find_map(|(queue, rule)| Some((queue.id.clone(), rule.clone()?)));
        let is_known = !known.is_empty();
        if !open.is_empty() {
            let entries = open
                .iter()
                .filter_map(|queue| self.entry_now(call, queue))
                .collect();
            return self.enter_queues(call, entries, out);
        }
        let Some((queue, rule)) = rule else {
            return match is_known {
                true => self.advance(call, Input::QueueFull, out),
                // The flow that the call entered leads to queues removed since.
                false => self.begin_again(call, out),
            };
        };
        let Some(place) = self.entry_now(call, &queue) else {
            return;
        };
        let taken_by = self.turned_away(call, place, rule, out);
        let entry = taken_by.and_then(|queue| self.entry_now(call, &queue));
        if let Some(entry) = entry {
            self.enter_queues(call, vec![entry], out);
        }
    }

    pub(super) fn entry_now(&self, call: CallId, queue: &QueueId) -> Option<Entry> {
        Some(Entry {
            queue: queue.clone(),
            priority: self.priority_in(call, queue)?,
            entered: self.now,
            step: 0,
            sought: None,
        })
    }

    pub(super) fn enter_queues(&mut self, call: CallId, entries: Vec<Entry>, out: &mut Commands) {
        for mut entry in entries {
            if let Some((entered, priority)) = self.take_over_callback(call, &entry.queue, out) {
                entry.entered = entry.entered.min(entered);
                entry.priority = entry.priority.max(priority);
            }
            entry.sought = self.agents_to_seek(call, &entry.queue);
            self.take_place(call, &entry);
            out.note(Fact::QueueEntered {
                call,
                queue: entry.queue.clone(),
                priority: entry.priority,
                entered: entry.entered,
            });
            if entry.step > 0 {
                out.note(Fact::StepReached {
                    call,
                    queue: entry.queue.clone(),
                    step: entry.step,
                    priority: entry.priority,
                });
            }
            if let Some(Sought { agents, until, why }) = entry.sought {
                out.note(Fact::AgentSought {
                    call,
                    queue: entry.queue,
                    agents,
                    until: Some(until),
                    why,
                });
            }
        }
        let Some(first) = self.calls.get(&call).and_then(|call| call.visits.first()) else {
            return;
        };
        // Who waits already has been greeted.
        let is_new = first.place.entered == self.now;
        let queue = self.queues.get(first.queue()).filter(|_| is_new);
        let greeting = queue.and_then(|queue| queue.settings.greeting.clone());
        self.move_call(call, CallState::Waiting, out);
        // The offer comes first: what the caller hears never delays it.
        self.distribute_call(call, Trigger::CallEntered, out);
        self.carry_place(call, out);
        match greeting {
            Some(prompt) => self.play(call, vec![prompt], out),
            None => self.start_music(call, out),
        }
    }

    /// Gives a call its place in a queue, without an offer.
    pub(super) fn take_place(&mut self, call: CallId, entry: &Entry) {
        let worth = self.priority_worth();
        let Some(queue) = self.queues.index(&entry.queue) else {
            return;
        };
        let Some(mut terms) = self.terms_of(call, &entry.queue, entry.step) else {
            return;
        };
        let sought = entry.sought.as_ref();
        terms.only = sought
            .map(|sought| sought.agents.clone())
            .unwrap_or_default();
        let place = Place::new(entry.priority, entry.entered, call, worth);
        let Some(demand) = self.queues.demand(&terms) else {
            return;
        };
        // A callback needs no line of the switch, and fills no queue.
        if self.calls.contains_key(&call) {
            self.queues.enter(queue);
        }
        let Some(switch) = self.waiter(call).map(|waiter| waiter.switch.clone()) else {
            return;
        };
        self.queues.wait(demand, &switch, place);
        let known = self.calls.get(&call);
        let rung = known.map_or(0, |known| known.rung_by(&entry.queue));
        if let Some(visits) = self.visits_mut(call) {
            visits.push(Visit {
                place,
                terms,
                sought_why: sought.map(|sought| sought.why).unwrap_or_default(),
                steps_done: entry.step,
                reach: rung.max(1),
            });
        }
        if let Some(sought) = sought {
            let ends = Reason::SearchEnds(call, entry.queue.clone());
            self.timers.set(ends, sought.until);
        }
        self.expect_step(call, &entry.queue);
        self.expect_progress(call, &entry.queue);
        self.expect_overflow(call, &entry.queue);
        self.expect_announcement(call);
        self.expect_callback_offer(call, true);
    }

    /// Writes the call's place onto its leg.
    pub(super) fn carry_place(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        if !known.is_waiting() {
            return;
        }
        let variables = place_variables(&known.visits, known.offers);
        let leg = known.caller.id.clone();
        let command = SwitchCommand::SetVariables {
            channel: leg.channel.clone(),
            variables,
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
    }

    /// The same for a call that has left its queues: one whose leg carries a place
    /// is taken for waiting when its switch comes back.
    pub(super) fn drop_place(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let leg = known.caller.id.clone();
        let command = SwitchCommand::SetVariables {
            channel: leg.channel,
            variables: LegVariables::default().with(LegVariable::Entered, ""),
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
    }

    pub(super) fn start_music(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let queue = known.visits.first().map(Visit::queue);
        let Some(class) = queue
            .and_then(|queue| self.queues.get(queue))
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

    /// Takes a call out of all its queues for good.
    pub(super) fn leave_queues(&mut self, call: CallId, reason: QueueExit, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let from = known.offer.as_ref().and_then(|offer| offer.queue.clone());
        let visits = known.visits.iter().map(|visit| visit.queue().clone());
        let queues: Vec<QueueId> = visits.collect();
        for queue in queues {
            let elsewhere = from.as_ref().is_some_and(|from| *from != queue);
            let reason = match reason {
                QueueExit::Answered if elsewhere => QueueExit::AnsweredElsewhere,
                reason => reason,
            };
            self.leave_queue(call, &queue, reason, out);
        }
    }

    /// Takes a call out of one of its queues for good.
    pub(super) fn leave_queue(
        &mut self,
        call: CallId,
        queue: &QueueId,
        reason: QueueExit,
        out: &mut Commands,
    ) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        let Some(nth) = known.visits.iter().position(|visit| visit.queue() == queue) else {
            return;
        };
        let visit = known.visits.remove(nth);
        if reason != QueueExit::AnsweredElsewhere {
            known.served = Some(Served {
                queue: queue.clone(),
                priority: visit.place.priority(),
            });
        }
        if let Some(demand) = self.queues.demand(&visit.terms) {
            let switch = &known.caller.id.switch;
            self.queues.set_aside(demand, switch, &visit.place);
        }
        if let Some(index) = self.queues.index(queue) {
            self.queues.leave(index);
        }
        self.timers.clear(&Reason::StepDue(call, queue.clone()));
        self.timers.clear(&Reason::ProgressDue(call, queue.clone()));
        self.timers.clear(&Reason::OverflowDue(call, queue.clone()));
        self.timers.clear(&Reason::SearchEnds(call, queue.clone()));
        if self.calls.get(&call).is_none_or(|call| !call.is_waiting()) {
            self.timers.clear(&Reason::AnnouncementDue(call));
            self.end_dialogue(call);
        }
        let queue = queue.clone();
        out.note(Fact::QueueLeft {
            call,
            queue,
            reason,
        });
    }

    /// Takes a call out of all its lines.
    pub(super) fn set_aside(&mut self, call: CallId) {
        let Some((switch, visits)) = self.places_of(call) else {
            return;
        };
        for visit in visits {
            if let Some(demand) = self.queues.demand(&visit.terms) {
                self.queues.set_aside(demand, &switch, &visit.place);
            }
        }
    }

    /// Puts a call into those of its lines that are to find an agent for it,
    /// and out of the others.
    pub(super) fn line_up(&mut self, call: CallId) {
        let Some((switch, visits)) = self.places_of(call) else {
            return;
        };
        for visit in visits {
            let known = self.calls.get(&call);
            let seeks = known.is_none_or(|known| known.seeks(&visit, &self.queues));
            if let Some(demand) = self.queues.demand(&visit.terms) {
                match seeks {
                    true => self.queues.wait(demand, &switch, visit.place),
                    false => self.queues.set_aside(demand, &switch, &visit.place),
                }
            }
        }
    }

    fn places_of(&self, call: CallId) -> Option<(SwitchId, Vec<Visit>)> {
        let waiter = self.waiter(call)?;
        Some((waiter.switch.clone(), waiter.visits.to_vec()))
    }

    /// Makes every offer that a call's lines allow, its own among them.
    pub(super) fn distribute_call(&mut self, call: CallId, trigger: Trigger, out: &mut Commands) {
        let Some(waiter) = self.waiter(call) else {
            return;
        };
        let terms: Vec<_> = waiter
            .visits
            .iter()
            .map(|visit| visit.terms.clone())
            .collect();
        for terms in terms {
            if let Some(demand) = self.queues.demand(&terms) {
                self.distribute_line(demand, trigger, out);
            }
        }
    }

    /// Makes every offer that a queue's waiting calls and free agents allow.
    pub(super) fn distribute(&mut self, queue: QueueIndex, trigger: Trigger, out: &mut Commands) {
        for demand in self.queues.demands() {
            if self.queues.queue_of(demand) == queue {
                self.distribute_line(demand, trigger, out);
            }
        }
    }

    fn distribute_line(&mut self, demand: DemandIndex, trigger: Trigger, out: &mut Commands) {
        let mut rank = 0;
        while let Some(switch) = self.queues.switch_at(rank) {
            while self.offer_first(demand, switch, trigger, out) {}
            rank += 1;
        }
    }

    /// Makes every offer on a switch where many agents and calls became known at
    /// once, and on those it reaches: the most urgent call of all queues first.
    pub(super) fn distribute_on(
        &mut self,
        switch: &SwitchId,
        trigger: Trigger,
        out: &mut Commands,
    ) {
        let pool = self.queues.pool(switch);
        while let Some(demand) = self.queues.most_urgent_in(pool) {
            if !self.offer_first(demand, pool, trigger, out) {
                return;
            }
        }
    }

    /// Offers the first call of one line, if somebody can take it.
    fn offer_first(
        &mut self,
        demand: DemandIndex,
        switch: SwitchIndex,
        trigger: Trigger,
        out: &mut Commands,
    ) -> bool {
        if self.draining {
            return false;
        }
        let generator = &mut self.generator;
        let Some(plan) = strategy::plan(
            &mut self.queues,
            demand,
            switch,
            self.now,
            trigger,
            generator,
        ) else {
            return false;
        };
        let queue = self.queues.queue_of(demand);
        if self.callbacks.contains_key(&plan.call) {
            self.offer_callback(plan.call, queue, plan.explanation, out);
            return true;
        }
        let agents = plan.agents.iter();
        let agents: Vec<AgentId> = agents
            .map(|agent| self.queues.member(*agent).id.clone())
            .collect();
        self.make_offers(plan.call, queue, &agents, plan.explanation, out);
        true
    }

    /// An agent became free: the most urgent call of all their queues is next.
    pub(super) fn agent_freed(&mut self, agent: &AgentId, trigger: Trigger, out: &mut Commands) {
        let Some(agent) = self.queues.agent_index(agent) else {
            return;
        };
        let pool = self.queues.pool_of(agent);
        while let Some(demand) = self.queues.most_urgent(agent) {
            if !self.offer_first(demand, pool, trigger, out) {
                return;
            }
        }
    }
}
