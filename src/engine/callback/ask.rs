//! Callbacks that are asked for: what is promised, what is refused, and what
//! becomes of one when the customer is there again.

use crate::engine::Engine;
use crate::engine::agent::Agent;
use crate::engine::call::Call;
use crate::engine::callback::{CallbackEnd, CallbackOrder, CallbackProgress, CallbackState};
use crate::engine::command::Commands;
use crate::engine::id::{CallId, QueueId, SwitchId};
use crate::engine::recognition::Recognition;
use crate::engine::request::{CallbackRequest, NewCallback, Principal, Refusal};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::engine::wishes::Wishes;
use crate::switch::PhoneNumber;
use std::collections::BTreeSet;

/// How far in the past a time may lie that means now.
const JUST_NOW: Span = Span::seconds(60);

/// What a caller is promised: the place they had.
pub(in crate::engine) struct Promise {
    pub(in crate::engine) queue: QueueId,
    pub(in crate::engine) number: PhoneNumber,
    pub(in crate::engine) entered: Timestamp,
    pub(in crate::engine) priority: i32,
    pub(in crate::engine) step: usize,
}

impl Engine {
    /// Whether a queue promises more callbacks.
    pub(in crate::engine) fn takes_callbacks(&self, queue: &QueueId) -> bool {
        let own = self.callbacks.values().filter(|c| c.order.queue == *queue);
        let open = u32::try_from(own.count()).unwrap_or(u32::MAX);
        self.callback_settings(queue)
            .is_some_and(|settings| open < settings.max)
    }

    /// The callback of a number in a queue, if there is one open.
    fn callback_of(&self, queue: &QueueId, number: &str) -> Option<CallId> {
        let mut callbacks = self.callbacks.iter();
        let number = self.normal(number);
        let is_it = |order: &CallbackOrder| {
            order.queue == *queue && self.normal(order.number.as_str()) == number
        };
        let found = callbacks.find(|(_, callback)| is_it(&callback.order));
        found.map(|(id, _)| *id)
    }

    /// Promises a caller to call back, with the place the call had; one promised
    /// to the same number before gives its place, if that is better.
    pub(super) fn promise(&mut self, call: CallId, promise: Promise, out: &mut Commands) {
        let Promise {
            queue,
            number,
            mut entered,
            mut priority,
            step,
        } = promise;
        if let Some(before) = self.callback_of(&queue, number.as_str())
            && let Some(known) = self.callbacks.get(&before)
        {
            entered = entered.min(known.order.entered);
            priority = priority.max(known.progress.priority);
            self.close_callback(before, CallbackEnd::Replaced, Some(call), out);
        }
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let centre = self.centre.as_ref();
        let home = &known.caller.id.switch;
        let switch = centre.and_then(|centre| centre.ways_out(home).next());
        let own = known.caller_number.as_str() == number.as_str();
        let order = CallbackOrder {
            queue,
            switch: switch.unwrap_or(home).clone(),
            number,
            // The name belongs to the number that called.
            name: match own {
                true => known.caller_name.clone(),
                false => OutsideText::default(),
            },
            note: OutsideText::default(),
            dialled: known.dialled.clone(),
            language: known.language,
            entered,
            recognition: known.recognition.clone(),
            wishes: known.wishes.clone(),
            from: Some(call),
            by: None,
        };
        let progress = CallbackProgress {
            state: CallbackState::Held { by: call },
            attempts: 0,
            offers: 0,
            priority,
            step,
            sought: None,
        };
        let id = CallId::from_ulid(self.new_ulid());
        self.add_callback(id, order, progress, out);
    }

    /// A call comes to a queue: a callback of its number gives it the place. That
    /// is when it entered, and its priority.
    pub(in crate::engine) fn take_over_callback(
        &mut self,
        call: CallId,
        queue: &QueueId,
        out: &mut Commands,
    ) -> Option<(Timestamp, i32)> {
        let number = self.calls.get(&call)?.caller_number.clone();
        let id = self.callback_of(queue, number.as_str())?;
        let callback = self.callbacks.get(&id)?;
        if !callback.gives_way(self.now) {
            return None;
        }
        let place = (callback.order.entered, callback.progress.priority);
        self.close_callback(id, CallbackEnd::CalledAgain, Some(call), out);
        Some(place)
    }

    pub(in crate::engine) fn callback_asked(
        &mut self,
        by: &Principal,
        ask: &CallbackRequest,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        match ask {
            CallbackRequest::Cancel { callback } => {
                if !self.callbacks.contains_key(callback) {
                    return Err(Refusal::NoSuchCallback);
                }
                self.close_callback(*callback, CallbackEnd::Cancelled, None, out);
                Ok(())
            }
            CallbackRequest::Arrange { callback, new } => self.arrange(*callback, new, by, out),
        }
    }

    fn arrange(
        &mut self,
        id: CallId,
        new: &NewCallback,
        by: &Principal,
        out: &mut Commands,
    ) -> Result<(), Refusal> {
        let queue = self.queues.get(&new.queue).ok_or(Refusal::NoSuchQueue)?;
        let settings = queue.settings.callback.as_ref();
        let settings = settings.ok_or(Refusal::NoCallbacks)?;
        let priority = queue.settings.priority;
        if !settings.permits(&new.number) {
            return Err(Refusal::CallbackForbidden);
        }
        let at = self.arranged_time(new, settings.ahead)?;
        if self.callback_of(&new.queue, new.number.as_str()).is_some()
            || self.waits_in(&new.queue, &new.number)
            || self.callbacks.contains_key(&id)
        {
            return Err(Refusal::CallbackExists);
        }
        if !self.takes_callbacks(&new.queue) {
            return Err(Refusal::TooManyCallbacks);
        }
        let switch = self
            .dialling_switch(&new.queue)
            .ok_or(Refusal::NobodyDials)?;
        let order = CallbackOrder {
            queue: new.queue.clone(),
            switch,
            number: new.number.clone(),
            name: new.name.clone(),
            note: new.note.clone(),
            dialled: OutsideText::default(),
            language: new.language,
            entered: at,
            recognition: Recognition::default(),
            wishes: Wishes::default(),
            from: None,
            by: Some(by.clone()),
        };
        let state = match at > self.now {
            true => CallbackState::Scheduled { until: at },
            false => CallbackState::Waiting,
        };
        let progress = CallbackProgress {
            state,
            attempts: 0,
            offers: 0,
            priority,
            step: 0,
            sought: None,
        };
        self.add_callback(id, order, progress, out);
        Ok(())
    }

    /// When a callback is wanted: now, or a time at which the queue is open.
    fn arranged_time(&self, new: &NewCallback, ahead: Span) -> Result<Timestamp, Refusal> {
        let at = new.at.unwrap_or(self.now);
        if self.now.since(at) > JUST_NOW || at > self.now + ahead {
            return Err(Refusal::BadTime);
        }
        let at = at.max(self.now);
        let calendar = self.queues.get(&new.queue);
        let calendar = calendar.and_then(|queue| queue.settings.calendar.as_ref());
        let centre = self.centre.as_ref().zip(calendar);
        match centre.is_none_or(|(centre, calendar)| centre.calendars.is_open(calendar, at)) {
            true => Ok(at),
            false => Err(Refusal::QueueClosed),
        }
    }

    fn waits_in(&self, queue: &QueueId, number: &PhoneNumber) -> bool {
        let number = self.normal(number.as_str());
        let waits = |call: &Call| {
            *call.recognition.patron(&call.caller_number) == number && call.visit(queue).is_some()
        };
        self.calls.values().any(waits)
    }

    /// A switch that dials outside and can ring an agent of the queue: one on which
    /// there is an agent comes before those that only have a trunk to one.
    fn dialling_switch(&self, queue: &QueueId) -> Option<SwitchId> {
        let centre = self.centre.as_ref()?;
        let serves = |agent: &&Agent| agent.settings.seat(queue).is_some();
        let agents = self.agents.values().filter(serves);
        let homes: BTreeSet<&SwitchId> = agents.map(|agent| &agent.settings.switch).collect();
        let near = centre.outbound.iter().find(|way| homes.contains(way));
        let over_trunk = || homes.iter().find_map(|home| centre.ways_out(home).next());
        near.or_else(over_trunk).cloned()
    }
}
