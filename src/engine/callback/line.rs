//! Where a callback stands, and until when: every change of its state passes
//! through [`Engine::move_callback`].

use crate::engine::Engine;
use crate::engine::call::{Call, Visit};
use crate::engine::callback::{
    Callback, CallbackEnd, CallbackOrder, CallbackProgress, CallbackState, RememberedCallback,
};
use crate::engine::centre::CallbackSettings;
use crate::engine::command::Commands;
use crate::engine::condition::CallFacts;
use crate::engine::explanation::Trigger;
use crate::engine::fact::Fact;
use crate::engine::id::{CallId, QueueId, SwitchId};
use crate::engine::recognition::{facts_of, facts_of_caller};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::engine::timer::Reason;
use crate::engine::waiting::Entry;

/// How long it is waited when the next opening of a queue is not known.
const NO_OPENING: Span = Span::seconds(3_600);

/// Who has places in lines: a call, or a callback.
pub(in crate::engine) struct Waiter<'e> {
    pub(in crate::engine) switch: &'e SwitchId,
    pub(in crate::engine) visits: &'e [Visit],
}

impl Engine {
    pub(in crate::engine) fn waiter(&self, id: CallId) -> Option<Waiter<'_>> {
        if let Some(call) = self.calls.get(&id) {
            return Some(Waiter {
                switch: &call.caller.id.switch,
                visits: &call.visits,
            });
        }
        self.callbacks.get(&id).map(|callback| Waiter {
            switch: &callback.order.switch,
            visits: &callback.visits,
        })
    }

    pub(in crate::engine) fn visits_mut(&mut self, id: CallId) -> Option<&mut Vec<Visit>> {
        match self.calls.get_mut(&id) {
            Some(call) => Some(&mut call.visits),
            None => self.callbacks.get_mut(&id).map(|known| &mut known.visits),
        }
    }

    pub(in crate::engine) fn visit_of_mut(
        &mut self,
        id: CallId,
        queue: &QueueId,
    ) -> Option<&mut Visit> {
        let mut visits = self.visits_mut(id)?.iter_mut();
        visits.find(|visit| visit.queue() == queue)
    }

    /// What conditions can ask of a call, or of a callback as of the call it
    /// stands for.
    pub(in crate::engine) fn facts_of_waiter(&self, id: CallId) -> Option<CallFacts> {
        if let Some(call) = self.calls.get(&id) {
            return Some(facts_of(call));
        }
        let order = &self.callbacks.get(&id)?.order;
        let number = order.number.as_str();
        let (dialled, language) = (&order.dialled, order.language);
        Some(facts_of_caller(
            number,
            dialled,
            language,
            &order.recognition,
        ))
    }

    pub(in crate::engine) fn callback_settings(
        &self,
        queue: &QueueId,
    ) -> Option<&CallbackSettings> {
        self.queues.get(queue)?.settings.callback.as_ref()
    }

    /// When the queue of a callback next opens; none while it is open.
    pub(in crate::engine) fn opens(&self, queue: &QueueId) -> Option<Timestamp> {
        let calendar = self.queues.get(queue)?.settings.calendar.as_ref()?;
        let openings = self.centre.as_ref()?.calendars.get(calendar)?;
        match openings.is_open(self.now) {
            true => None,
            false => Some(
                openings
                    .next_change(self.now)
                    .unwrap_or(self.now + NO_OPENING),
            ),
        }
    }

    /// A number as it is always written, however it was given.
    pub(in crate::engine) fn normal(&self, number: &str) -> OutsideText {
        match &self.centre {
            Some(centre) => centre.callers.numbering.normal(number),
            None => OutsideText::new(number),
        }
    }

    /// A live call of the same number, in which the customer is on the line.
    fn on_the_line(&self, order: &CallbackOrder) -> Option<CallId> {
        let number = self.normal(order.number.as_str());
        let is_theirs = |call: &Call| {
            call.dialler.is_none() && *call.recognition.patron(&call.caller_number) == number
        };
        let mut calls = self.calls.iter();
        calls.find(|(_, call)| is_theirs(call)).map(|(id, _)| *id)
    }

    /// Why a callback whose turn it would be does not have it now.
    pub(in crate::engine) fn hindrance(&self, callback: &Callback) -> Option<CallbackState> {
        let order = &callback.order;
        if let Some(until) = self.opens(&order.queue) {
            return Some(CallbackState::Scheduled { until });
        }
        if let Some(by) = self.on_the_line(order) {
            return Some(CallbackState::Held { by });
        }
        let soon = |wait| CallbackState::Resting {
            until: self.now + wait,
        };
        let ends = |call| self.closing.values().any(|closing| closing.call == call);
        if callback.last.is_some_and(ends) {
            return Some(soon(self.limits().command_deadline));
        }
        let full = self.calls.len() >= self.limits().max_calls as usize;
        full.then(|| soon(self.limits().dead_man))
    }

    /// A new callback.
    pub(in crate::engine) fn add_callback(
        &mut self,
        id: CallId,
        order: CallbackOrder,
        progress: CallbackProgress,
        out: &mut Commands,
    ) {
        out.note(Fact::CallbackRequested {
            callback: id,
            order: order.clone(),
        });
        let state = progress.state.clone();
        let callback = Callback {
            order,
            progress,
            visits: Vec::new(),
            last: None,
        };
        self.callbacks.insert(id, callback);
        self.move_callback(id, state, out);
    }

    /// Puts a callback into a state, with its place and its deadlines.
    pub(in crate::engine) fn move_callback(
        &mut self,
        id: CallId,
        state: CallbackState,
        out: &mut Commands,
    ) {
        self.leave_line(id);
        let Some(callback) = self.callbacks.get_mut(&id) else {
            return;
        };
        callback.progress.state = state.clone();
        let progress = callback.progress.clone();
        out.note(Fact::CallbackMoved {
            callback: id,
            progress,
        });
        self.expect_callback(id);
        if state == CallbackState::Waiting {
            self.begin_to_seek(id, out);
            self.join_line(id);
            self.distribute_call(id, Trigger::CallEntered, out);
        }
    }

    /// Sets the deadlines of a callback's state.
    fn expect_callback(&mut self, id: CallId) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        let state = &callback.progress.state;
        let (due, expires) = (Reason::CallbackDue(id), Reason::CallbackExpires(id));
        match state.until() {
            Some(until) => self.timers.set(due, until),
            None => self.timers.clear(&due),
        }
        let keep = self.callback_settings(&callback.order.queue);
        let keep = keep.map_or(Span::ZERO, |settings| settings.keep);
        match state {
            CallbackState::Scheduled { .. } => self.timers.clear(&expires),
            _ if self.timers.get(&expires).is_none() => {
                self.timers.set(expires, self.now + keep);
            }
            _ => {}
        }
    }

    /// Certain agents are waited for alone when it comes into line, once.
    fn begin_to_seek(&mut self, id: CallId, out: &mut Commands) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        if callback.progress.sought.is_some() {
            return;
        }
        let queue = callback.order.queue.clone();
        let Some(sought) = self.agents_to_seek(id, &queue) else {
            return;
        };
        if let Some(callback) = self.callbacks.get_mut(&id) {
            callback.progress.seek(self.now, Some(sought.clone()));
        }
        out.note(Fact::AgentSought {
            call: id,
            queue,
            agents: sought.agents,
            until: Some(sought.until),
            why: sought.why,
        });
    }

    pub(in crate::engine) fn join_line(&mut self, id: CallId) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        let entry = Entry {
            queue: callback.order.queue.clone(),
            priority: callback.progress.priority,
            entered: callback.order.entered,
            step: callback.progress.step,
            sought: callback.progress.seeks(self.now).cloned(),
        };
        self.take_place(id, &entry);
    }

    fn leave_line(&mut self, id: CallId) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        let queue = callback.order.queue.clone();
        self.set_aside(id);
        self.timers.clear(&Reason::SearchEnds(id, queue.clone()));
        self.timers.clear(&Reason::StepDue(id, queue));
        if let Some(callback) = self.callbacks.get_mut(&id) {
            callback.visits.clear();
        }
    }

    /// A callback waits no more for a time: it is in line, unless the customer
    /// calls this queue by themselves just now.
    pub(in crate::engine) fn callback_due(&mut self, id: CallId, out: &mut Commands) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        if let Some(until) = self.opens(&callback.order.queue) {
            return self.move_callback(id, CallbackState::Scheduled { until }, out);
        }
        let queue = &callback.order.queue;
        let there = self.on_the_line(&callback.order);
        let call = there.and_then(|call| self.calls.get(&call));
        let here = call.is_some_and(|call| {
            let served = call.served.as_ref();
            call.visit(queue).is_some() || served.is_some_and(|served| served.queue == *queue)
        });
        if here && callback.order.from != there {
            return self.close_callback(id, CallbackEnd::CalledAgain, there, out);
        }
        self.move_callback(id, CallbackState::Waiting, out);
    }

    /// It was kept long enough; one that has its turn just now has it.
    pub(in crate::engine) fn callback_expired(&mut self, id: CallId, out: &mut Commands) {
        let Some(callback) = self.callbacks.get(&id) else {
            return;
        };
        match callback.progress.state.call() {
            Some(_) => {
                let later = self.now + self.limits().dead_man;
                self.timers.set(Reason::CallbackExpires(id), later);
            }
            None => self.close_callback(id, CallbackEnd::Expired, None, out),
        }
    }

    /// A call has ended: what had its turn by it goes on, and callbacks of its
    /// number can be dialled.
    pub(in crate::engine) fn line_is_free(&mut self, call: CallId, out: &mut Commands) {
        let mut callbacks = self.callbacks.iter();
        let turn = callbacks.find(|(_, known)| known.progress.state.call() == Some(call));
        if let Some(id) = turn.map(|(id, _)| *id) {
            self.turn_over(id, out);
        }
        let held = self.callbacks.iter().filter(|(_, callback)| {
            matches!(callback.progress.state, CallbackState::Held { by } if by == call)
        });
        for id in held.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.callback_due(id, out);
        }
    }

    /// A callback is over. An attempt under way ends with it.
    pub(in crate::engine) fn close_callback(
        &mut self,
        id: CallId,
        why: CallbackEnd,
        call: Option<CallId>,
        out: &mut Commands,
    ) {
        self.leave_line(id);
        self.timers.clear(&Reason::CallbackDue(id));
        self.timers.clear(&Reason::CallbackExpires(id));
        let Some(Callback {
            order, progress, ..
        }) = self.callbacks.remove(&id)
        else {
            return;
        };
        let agent = match &progress.state {
            CallbackState::Dialling { agent, .. } => Some(agent.clone()),
            _ => None,
        };
        out.note(Fact::CallbackClosed {
            callback: id,
            why,
            call,
            agent: agent.filter(|_| why == CallbackEnd::Reached),
            queue: order.queue,
            priority: progress.priority,
            entered: order.entered,
        });
        let attempt = progress.state.call();
        let dials = |call: &CallId| {
            let call = self.calls.get(call);
            call.is_some_and(|call| call.dialler.is_some())
        };
        if let Some(attempt) = attempt.filter(dials) {
            self.end_call(attempt, crate::engine::cause::Cause::NormalClearing, out);
        }
    }

    /// Callbacks whose queue is gone from the settings, or calls nobody back.
    pub(in crate::engine) fn close_orphans(&mut self, out: &mut Commands) {
        let orphans = self
            .callbacks
            .iter()
            .filter(|(_, callback)| self.callback_settings(&callback.order.queue).is_none());
        for id in orphans.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.close_callback(id, CallbackEnd::QueueGone, None, out);
        }
    }

    /// Puts the callbacks of the run before back where they were. Calls come first.
    pub(in crate::engine) fn remember_callbacks(
        &mut self,
        known: Vec<RememberedCallback>,
        out: &mut Commands,
    ) {
        for RememberedCallback {
            callback: id,
            order,
            progress,
        } in known
        {
            let lost = progress
                .state
                .call()
                .filter(|call| !self.calls.contains_key(call));
            let over = match progress.state {
                CallbackState::Held { by } => !self.calls.contains_key(&by),
                _ => false,
            };
            let dialled = matches!(progress.state, CallbackState::Dialling { .. });
            let callback = Callback {
                order,
                last: progress.state.call(),
                progress,
                visits: Vec::new(),
            };
            self.callbacks.insert(id, callback);
            self.expect_callback(id);
            match lost {
                Some(_) if dialled => self.callback_unreached(id, out),
                Some(_) => self.move_callback(id, CallbackState::Waiting, out),
                None if over => self.callback_due(id, out),
                None if self.is_in_line(id) => self.join_line(id),
                None => {}
            }
        }
        self.close_orphans(out);
    }

    fn is_in_line(&self, id: CallId) -> bool {
        let known = self.callbacks.get(&id);
        known.is_some_and(|known| known.progress.state == CallbackState::Waiting)
    }
}
