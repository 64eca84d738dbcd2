//! Overflow: a call that would wait too long, or for nobody, goes elsewhere.
//!
//! Whether a queue is closed, too long, too slow or without agents is asked when
//! a call comes to it; whether a call has waited too long, when that time has
//! come. Who waits already when a queue closes waits on.

use crate::engine::Engine;
use crate::engine::call::CallState;
use crate::engine::callback::dialogue::Turned;
use crate::engine::cause::Cause;
use crate::engine::centre::{OverflowRule, OverflowTo, OverflowWhen};
use crate::engine::command::Commands;
use crate::engine::explanation::Exclusion;
use crate::engine::fact::{Fact, QueueExit};
use crate::engine::id::{CallId, FlowId, QueueId};
use crate::engine::ivr::interpreter::{Input, Session};
use crate::engine::order::Purpose;
use crate::engine::queue::Queue;
use crate::engine::time::Timestamp;
use crate::engine::timer::Reason;
use crate::engine::waiting::Entry;
use crate::switch::SwitchCommand;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Queues that one call may be led through in a row.
const MAX_QUEUES_IN_A_ROW: usize = 10;

impl Engine {
    /// The rule by which a queue does not take a call now, if there is one.
    pub(super) fn overflow_at_entry(&self, queue: &Queue) -> Option<OverflowRule> {
        let mut rules = queue.settings.overflow.iter();
        rules
            .find(|rule| self.applies_at_entry(queue, rule))
            .cloned()
    }

    fn applies_at_entry(&self, queue: &Queue, rule: &OverflowRule) -> bool {
        let Some(index) = self.queues.index(&queue.id) else {
            return false;
        };
        let (ready, excluded) = self.queues.staff(index);
        match rule.when {
            OverflowWhen::Wait(_) => false,
            OverflowWhen::Length(most) => queue.length() >= most,
            OverflowWhen::EstimatedWait(most) => self
                .estimate_for_newcomer(&queue.id)
                .is_some_and(|estimate| estimate.median > most),
            OverflowWhen::NobodySignedIn => {
                let here = excluded
                    .iter()
                    .filter(|(why, _)| *why != Exclusion::SignedOut);
                ready == 0 && here.count() == 0
            }
            OverflowWhen::NobodyReady => ready == 0,
            OverflowWhen::Closed => {
                let centre = self.centre.as_ref().zip(queue.settings.calendar.as_ref());
                centre
                    .is_some_and(|(centre, calendar)| !centre.calendars.is_open(calendar, self.now))
            }
        }
    }

    /// A call comes to a queue that does not take it: where it goes instead. Gives
    /// the queue that takes it, unless it has gone to none.
    pub(super) fn turned_away(
        &mut self,
        call: CallId,
        first: &QueueId,
        rule: OverflowRule,
        out: &mut Commands,
    ) -> Option<QueueId> {
        let mut seen = BTreeSet::new();
        let (mut queue, mut rule) = (first.clone(), rule);
        loop {
            self.note_overflow(call, &queue, &rule, out);
            let OverflowTo::Queue(next) = &rule.to else {
                self.lead_elsewhere(call, (&queue, self.now), &rule.to, out);
                return None;
            };
            seen.insert(queue);
            let Some(known) = self.queues.get(next) else {
                self.begin_again(call, out);
                return None;
            };
            let in_circles = seen.contains(next) || seen.len() >= MAX_QUEUES_IN_A_ROW;
            match self.overflow_at_entry(known).filter(|_| !in_circles) {
                Some(further) => (queue, rule) = (next.clone(), further),
                None => return Some(next.clone()),
            }
        }
    }

    fn note_overflow(
        &self,
        call: CallId,
        queue: &QueueId,
        rule: &OverflowRule,
        out: &mut Commands,
    ) {
        out.note(Fact::Overflowed {
            call,
            queue: queue.clone(),
            why: rule.when,
            to: rule.to.clone(),
        });
    }

    fn lead_elsewhere(
        &mut self,
        call: CallId,
        (queue, entered): (&QueueId, Timestamp),
        to: &OverflowTo,
        out: &mut Commands,
    ) {
        match to {
            OverflowTo::Queue(_) => {}
            OverflowTo::Flow(flow) => self.enter_flow(call, flow, out),
            OverflowTo::Callback => {
                let turned = Turned {
                    queue: queue.clone(),
                    priority: self.queues.get(queue).map_or(0, |q| q.settings.priority),
                    entered,
                };
                self.overflow_to_callback(call, turned, out);
            }
            OverflowTo::Busy => self.end_call(call, Cause::UserBusy, out),
            OverflowTo::HangUp => self.end_call(call, Cause::NormalClearing, out),
        }
    }

    /// Leads a call that is in no queue into a flow.
    fn enter_flow(&mut self, call: CallId, id: &FlowId, out: &mut Commands) {
        let flow = self.centre.as_ref().and_then(|centre| centre.flows.get(id));
        let (Some(flow), Some(known)) = (flow.map(Arc::clone), self.calls.get_mut(&call)) else {
            return self.begin_again(call, out);
        };
        known.session = Some(Session::at(id.clone(), flow.start.clone()));
        known.flow = Some(flow);
        self.move_call(call, CallState::InFlow, out);
        self.advance(call, Input::Enter, out);
    }

    /// Sets the deadline of the first rule about a call's wait in a queue.
    pub(super) fn expect_overflow(&mut self, call: CallId, id: &QueueId) {
        let known = self.calls.get(&call);
        let Some(visit) = known.and_then(|known| known.visit(id)) else {
            return;
        };
        let rules = self.queues.get(id).map(|queue| &queue.settings.overflow);
        let waits = rules
            .into_iter()
            .flatten()
            .filter_map(|rule| match rule.when {
                OverflowWhen::Wait(span) => Some(span),
                _ => None,
            });
        let due = Reason::OverflowDue(call, id.clone());
        match waits.min() {
            Some(wait) => self.timers.set(due, visit.place.entered + wait),
            None => self.timers.clear(&due),
        }
    }

    /// The same for all its queues: a deadline may have passed during an offer.
    pub(super) fn expect_overflows(&mut self, call: CallId) {
        let known = self.calls.get(&call);
        let visits = known
            .map(|known| known.visits.as_slice())
            .unwrap_or_default();
        let queues: Vec<QueueId> = visits.iter().map(|visit| visit.queue().clone()).collect();
        for queue in &queues {
            self.expect_overflow(call, queue);
        }
    }

    /// A call has waited too long in a queue. While an agent rings for it the
    /// end of the offer is awaited.
    pub(super) fn overflow_due(&mut self, call: CallId, id: &QueueId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| !call.is_offered()) else {
            return;
        };
        let Some(visit) = known.visit(id) else { return };
        let waited = self.now.since(visit.place.entered);
        let (entered, alone) = (visit.place.entered, known.visits.len() == 1);
        let rules = self.queues.get(id).map(|queue| &queue.settings.overflow);
        let passed = |rule: &&OverflowRule| match rule.when {
            OverflowWhen::Wait(span) => span <= waited,
            _ => false,
        };
        let Some(rule) = rules.into_iter().flatten().find(passed).cloned() else {
            return;
        };
        let taken_by = match &rule.to {
            OverflowTo::Queue(next) => known.visit(next).is_none().then(|| next.clone()),
            _ if alone => None,
            // It waits on in its other queues.
            _ => return,
        };
        self.note_overflow(call, id, &rule, out);
        self.forget_playback(call);
        self.leave_queue(call, id, QueueExit::Overflowed, out);
        match (taken_by, &rule.to) {
            (Some(next), _) => {
                let entry = self.entry_now(call, &next);
                let entry = entry.map(|entry| Entry { entered, ..entry });
                self.enter_queues(call, entry.into_iter().collect(), out);
            }
            // It waits there already.
            (None, OverflowTo::Queue(_)) => self.start_music(call, out),
            (None, to) => {
                self.silence(call, out);
                self.lead_elsewhere(call, (id, entered), to, out);
            }
        }
    }

    /// Stops the music of a call that waits no more.
    fn silence(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let leg = known.caller.id.clone();
        let channel = leg.channel.clone();
        let command = SwitchCommand::Silence { channel };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
    }
}
