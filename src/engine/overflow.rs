//! Overflow: a call that would wait too long, or for nobody, goes elsewhere.
//!
//! Whether a queue is closed, too long, too slow or without agents is asked when
//! a call comes to it; whether a call has waited too long, when that time has
//! come. Who waits already when a queue closes waits on.

use crate::engine::Engine;
use crate::engine::call::{CallState, Diverted};
use crate::engine::callback::dialogue::Turned;
use crate::engine::cause::Cause;
use crate::engine::centre::{OverflowRule, OverflowTo, OverflowWhen, SiteEntrance};
use crate::engine::command::Commands;
use crate::engine::explanation::Exclusion;
use crate::engine::fact::{Fact, OfferOutcome, QueueExit};
use crate::engine::id::{CallId, QueueId, SiteId};
use crate::engine::mailbox::Mailbox;
use crate::engine::message::Then;
use crate::engine::order::Purpose;
use crate::engine::party::PartyRole;
use crate::engine::queue::Queue;
use crate::engine::request::Invitee;
use crate::engine::time::Span;
use crate::engine::timer::Reason;
use crate::engine::waiting::Entry;
use crate::switch::{PhoneNumber, SwitchCommand};
use std::collections::BTreeSet;

/// Queues that one call may be led through in a row.
const MAX_QUEUES_IN_A_ROW: usize = 10;

/// A rule of a queue, and which of its rules it is, from 0.
pub(super) type Applying = (usize, OverflowRule);

impl Engine {
    /// The rule by which a queue does not take a call now, if there is one.
    pub(super) fn overflow_at_entry(&self, call: CallId, queue: &Queue) -> Option<Applying> {
        let applies = |(_, rule): &(usize, &OverflowRule)| self.applies_at_entry(queue, rule);
        let (nth, rule) = self.rules_left(call, queue).find(applies)?;
        Some((nth, rule.clone()))
    }

    /// The rules that have not led the call to a number in vain.
    fn rules_left<'q>(
        &self,
        call: CallId,
        queue: &'q Queue,
    ) -> impl Iterator<Item = (usize, &'q OverflowRule)> {
        let known = self.calls.get(&call);
        let tried = known.and_then(|call| call.rules_tried.get(&queue.id));
        let rules = queue.settings.overflow.iter().enumerate();
        rules.skip(tried.copied().unwrap_or(0))
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
        first: Entry,
        applying: Applying,
        out: &mut Commands,
    ) -> Option<QueueId> {
        let mut seen = BTreeSet::new();
        let (mut place, mut applying) = (first, applying);
        loop {
            let (nth, rule) = applying;
            self.note_overflow(call, &place.queue, &rule, out);
            let Some(next) = self.next_queue(&rule.to) else {
                self.lead_elsewhere(call, place, nth, &rule.to, out);
                return None;
            };
            seen.insert(place.queue.clone());
            let Some(known) = self.queues.get(&next) else {
                self.begin_again(call, out);
                return None;
            };
            let in_circles = seen.contains(&next) || seen.len() >= MAX_QUEUES_IN_A_ROW;
            match self.overflow_at_entry(call, known).filter(|_| !in_circles) {
                Some(further) => {
                    place = self.entry_now(call, &next)?;
                    applying = further;
                }
                None => return Some(next),
            }
        }
    }

    /// The queue that takes over from another, if a queue does.
    fn next_queue(&self, to: &OverflowTo) -> Option<QueueId> {
        match to {
            OverflowTo::Queue(queue) => Some(queue.clone()),
            OverflowTo::Site(site) => match self.entrance(site)? {
                SiteEntrance::Queue(queue) => Some(queue.clone()),
                SiteEntrance::Number(_) => None,
            },
            _ => None,
        }
    }

    fn entrance(&self, site: &SiteId) -> Option<&SiteEntrance> {
        let site = self.centre.as_ref()?.sites.get(site)?;
        Some(&site.entrance)
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

    /// Leads a call to what is no queue, from its place in one, by the rule of this place.
    fn lead_elsewhere(
        &mut self,
        call: CallId,
        place: Entry,
        nth: usize,
        to: &OverflowTo,
        out: &mut Commands,
    ) {
        match to {
            OverflowTo::Queue(_) => {}
            OverflowTo::Flow(flow) => self.enter_flow(call, flow, out),
            OverflowTo::Callback => {
                let turned = Turned {
                    queue: place.queue,
                    priority: place.priority,
                    entered: place.entered,
                };
                self.overflow_to_callback(call, turned, out);
            }
            OverflowTo::Voicemail(mailbox) => {
                let own = || Mailbox::Queue(place.queue.clone());
                let mailbox = mailbox.clone().unwrap_or_else(own);
                self.ask_for_message(call, self.leaving(mailbox, Then::End), out);
            }
            OverflowTo::Number(number) => self.divert(call, place, nth, number.clone(), out),
            OverflowTo::Site(site) => match self.entrance(site).cloned() {
                Some(SiteEntrance::Number(number)) => self.divert(call, place, nth, number, out),
                _ => self.begin_again(call, out),
            },
            OverflowTo::Busy => self.end_call(call, Cause::UserBusy, out),
            OverflowTo::HangUp => self.end_call(call, Cause::NormalClearing, out),
        }
    }

    /// Rings a number outside for a caller, who keeps what place they had.
    fn divert(
        &mut self,
        call: CallId,
        place: Entry,
        nth: usize,
        number: PhoneNumber,
        out: &mut Commands,
    ) {
        let from = Diverted {
            queue: place.queue,
            priority: place.priority,
            entered: place.entered,
            step: place.step,
            rule: nth,
        };
        self.move_call(call, CallState::Transferring, out);
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        known.rules_tried.insert(from.queue.clone(), nth + 1);
        known.diverted = Some(from.clone());
        out.note(Fact::Diverted { call, from });
        self.answer_caller(call, out);
        self.keep_caller(call, out);
        let role = PartyRole::Target { back: None };
        self.ring_party(call, Invitee::Number(number), role, out);
    }

    /// Nobody answered outside: the next rule that applies, or the place the
    /// call had.
    pub(super) fn go_on_from(&mut self, call: CallId, from: Diverted, out: &mut Commands) {
        self.hold_in_switch(call, out);
        let Some(queue) = self.queues.get(&from.queue) else {
            self.move_call(call, CallState::InFlow, out);
            return self.begin_again(call, out);
        };
        let waited = self.now.since(from.entered);
        let applies = |(_, rule): &(usize, &OverflowRule)| match rule.when {
            OverflowWhen::Wait(span) => span <= waited,
            _ => self.applies_at_entry(queue, rule),
        };
        let rule = self.rules_left(call, queue).find(applies);
        let rule = rule.map(|(nth, rule)| (nth, rule.clone()));
        let place = Entry {
            queue: from.queue,
            priority: from.priority,
            entered: from.entered,
            step: from.step,
            sought: None,
        };
        let Some(rule) = rule else {
            return self.enter_queues(call, vec![place], out);
        };
        let taken_by = self.turned_away(call, place, rule, out);
        if let Some(entry) = taken_by.and_then(|queue| self.entry_now(call, &queue)) {
            let entered = from.entered;
            self.enter_queues(call, vec![Entry { entered, ..entry }], out);
        }
    }

    /// Sets the deadline of the first rule about a call's wait in a queue.
    pub(super) fn expect_overflow(&mut self, call: CallId, id: &QueueId) {
        let known = self.calls.get(&call);
        let Some(visit) = known.and_then(|known| known.visit(id)) else {
            return;
        };
        let queue = self.queues.get(id);
        let rules = queue.into_iter().flat_map(|q| self.rules_left(call, q));
        let waits = rules.filter_map(|(_, rule)| match rule.when {
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

    /// A call has waited too long in a queue. While one agent rings for it the
    /// end of the offer is awaited; where several ring there may be none, and
    /// they are called off.
    pub(super) fn overflow_due(&mut self, call: CallId, id: &QueueId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.offer.is_none()) else {
            return;
        };
        let rings = !known.ringing.is_empty();
        if rings && !self.rings_several(id) {
            return;
        }
        let Some(visit) = known.visit(id) else { return };
        let waited = self.now.since(visit.place.entered);
        let place = Entry {
            queue: id.clone(),
            priority: visit.place.priority(),
            entered: visit.place.entered,
            step: visit.terms.step,
            sought: None,
        };
        let Some((nth, rule)) = self.passed_rule(call, id, waited) else {
            return;
        };
        let next = self.next_queue(&rule.to);
        if next.is_none() && known.visits.len() > 1 {
            // It waits on in its other queues.
            return;
        }
        let is_there = next
            .as_ref()
            .is_some_and(|next| known.visit(next).is_some());
        self.note_overflow(call, id, &rule, out);
        self.forget_playback(call);
        if rings {
            self.withdraw_offers(call, OfferOutcome::Withdrawn, out);
        }
        self.leave_queue(call, id, QueueExit::Overflowed, out);
        match next {
            Some(_) if is_there => self.start_music(call, out),
            Some(next) => {
                if let Some(entry) = self.entry_now(call, &next) {
                    let entered = place.entered;
                    self.enter_queues(call, vec![Entry { entered, ..entry }], out);
                }
            }
            None => {
                self.silence(call, out);
                self.lead_elsewhere(call, place, nth, &rule.to, out);
            }
        }
        if rings {
            self.call_waits_on(call, out);
        }
    }

    fn rings_several(&self, queue: &QueueId) -> bool {
        let queue = self.queues.get(queue);
        queue.is_some_and(|queue| queue.settings.strategy.rings_several())
    }

    /// The first rule about a call's wait in a queue whose time has come.
    fn passed_rule(&self, call: CallId, id: &QueueId, waited: Span) -> Option<Applying> {
        let passed = |(_, rule): &(usize, &OverflowRule)| match rule.when {
            OverflowWhen::Wait(span) => span <= waited,
            _ => false,
        };
        let queue = self.queues.get(id)?;
        let (nth, rule) = self.rules_left(call, queue).find(passed)?;
        Some((nth, rule.clone()))
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
