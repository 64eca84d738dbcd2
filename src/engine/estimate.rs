//! The wait still ahead of a call, from the state of its queue.
//!
//! Nothing here is an average of past waits. The estimate asks: how many calls
//! are ahead, who serves the queue, what is each of them doing and since when,
//! how long does a call keep an agent, how many of those ahead will give up?
//!
//! - **Releases.** An agent in conversation since *x* is free with the
//!   probability that a handling (ring, talk, wrap-up) of at least *x* ends by
//!   then; the end of wrap-up or rest is known. Afterwards each is freed again
//!   once in a mean handling. That gives the mean and the variance of the number
//!   of agents freed by any time ([`releases`]). It refines the queue-length
//!   estimator, position / (agents × rate), by the ages of the calls in service
//!   as W. Whitt proposed (Predicting queueing delays, Management Science 45(6),
//!   1999).
//! - **Abandonment.** Those ahead leave at the rate at which callers of this
//!   queue left lately, as in the estimator QL_m of R. Ibrahim and W. Whitt
//!   (Real-time delay estimation in overloaded multiserver queues with
//!   abandonments, Management Science 55(10), 2009): with exponential handling it
//!   is the sum of 1 / (s μ + i θ) over those ahead. Their delay-history
//!   estimators (the last wait, the head of the line) need no model, and lag when
//!   load or staff change; they are not used.
//! - **Shared agents.** A call of another queue whose turn comes first counts by
//!   the share of that queue's recent answers that agents of this queue gave.
//!   Dividing the agents instead, as is common, is wrong by the ratio of the
//!   queues' lengths as soon as one of them is busier than usual.
//! - **The interval.** The time at which the number needed is freed with 10, 50
//!   and 90 % is found by treating releases as the clock of a gamma process, and
//!   what the ring takes is added.
//! - **Calibration.** What the model leaves out (priorities to come, breaks,
//!   offers missed) shows in how the stated bounds turn out. Each bound has a
//!   factor that follows its quantile (I. Gibbs and E. Candès, Adaptive conformal
//!   inference under distribution shift, NeurIPS 2021), for short and long waits
//!   apart ([`calibration`]). A caller who left counts for the longer waits that
//!   were still possible.
//!
//! The estimator is a fold of the engine's facts, so that the engine, the live
//! board and a simulation have the same. What it learnt about a queue is told as
//! [`Fact::QueueLearnt`] now and then, and remembered by the next run; who does
//! what is remembered anyway. It computes with exact arithmetic only (no
//! logarithms), so that a replay gives the same on every machine.

mod calibration;
mod durations;
mod learnt;
mod releases;
#[cfg(test)]
mod tests;
mod workforce;

pub use calibration::{LearntCalibration, LearntFactors};
pub use durations::LearntDurations;
pub use learnt::Learnt;

use crate::engine::Engine;
use crate::engine::callback::{CallbackProgress, CallbackState};
use crate::engine::centre::Centre;
use crate::engine::event::AgentRequest;
use crate::engine::fact::{Fact, OfferOutcome, QueueExit, Remembered};
use crate::engine::id::{CallId, QueueId};
use crate::engine::queue::Place;
use crate::engine::time::{Span, Timestamp};
use calibration::{Bounds, Outcome};
use durations::ms;
use learnt::QueueModel;
use releases::Situation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use workforce::Workforce;

/// Estimates made for calls that still wait, kept to learn from: at their entry
/// into one queue, and later.
const OPEN_AT_ENTRY: u32 = 128;
const OPEN_LATER: u32 = 128;
/// Of one call.
const OPEN_OF_CALL: usize = 16;
/// While a call waits it is estimated once in so many milliseconds, about.
const LATER_EVERY: f64 = 30_000.0;
/// Estimates made with one event at most.
const MADE_AT_ONCE: f64 = 3.0;

/// How much longer a call waits until an agent has answered it: the wait is
/// shorter than `low` with a probability of 10 %, than `median` of 50 %, than
/// `high` of 90 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    pub low: Span,
    pub median: Span,
    pub high: Span,
}

/// A queue's number, in the order in which they became known.
type QueueNumber = usize;

/// What the estimates are made from.
#[derive(Debug, Default)]
pub struct Estimator {
    numbers: BTreeMap<QueueId, QueueNumber>,
    queues: Vec<Queue>,
    workforce: Workforce,
    /// How much waiting one point of priority counts for.
    worth: Span,
    calls: BTreeMap<CallId, Caller>,
    /// The queues of open callbacks, and when they entered.
    callbacks: BTreeMap<CallId, (QueueId, Timestamp)>,
    /// A queue of which much was learnt since it was told.
    due: Option<QueueNumber>,
}

#[derive(Debug)]
struct Queue {
    id: QueueId,
    /// Calls without an offer, in turn.
    waiting: VecDeque<Place>,
    model: QueueModel,
    open_at_entry: u32,
    open_later: u32,
    /// Which call is estimated next, to learn from.
    next: usize,
    /// Estimates to be made, as of the time with it.
    owed: (f64, Timestamp),
}

/// A call that waits.
#[derive(Debug, Default)]
struct Caller {
    turns: Vec<(QueueNumber, Place)>,
    /// The first offer; and how many agents ring now.
    offered: Option<Timestamp>,
    ringing: u32,
    /// The queue it was offered from last.
    decided: Option<QueueNumber>,
    estimates: Vec<Made>,
}

/// An estimate made for a call, to be compared with what comes.
#[derive(Clone, Copy, Debug)]
struct Made {
    queue: QueueNumber,
    at: Timestamp,
    raw: Bounds,
    stated: Bounds,
    at_entry: bool,
}

/// For whom an estimate is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Who has come just now: free agents can take them.
    Newcomer,
    /// Who waits: whoever is free now cannot take them.
    Waiting,
}

impl Engine {
    /// How much longer this call waits in its queue; none when it does not
    /// wait, or nobody is there to answer it. Takes microseconds.
    pub fn estimate(&self, call: CallId) -> Option<Estimate> {
        let known = self.calls.get(&call)?;
        let visit = known.visits.first()?;
        let queue = visit.queue();
        if known.open_offers().next().is_some() {
            return self.estimator.ringing(queue, call, self.now);
        }
        self.estimator.waiting(queue, visit.place, self.now)
    }

    /// How long a call that entered the queue now would wait, with the queue's
    /// own priority; none when nobody is there to answer it.
    pub fn estimate_for_newcomer(&self, queue: &QueueId) -> Option<Estimate> {
        let priority = self.queues.get(queue)?.settings.priority;
        self.estimator.newcomer(queue, priority, self.now)
    }

    /// Lets the estimator know what is now true, and tells what it learnt.
    pub(super) fn note_estimates(
        &mut self,
        from: usize,
        out: &mut crate::engine::command::Commands,
    ) {
        for command in out.as_slice().iter().skip(from) {
            if let crate::engine::command::Command::Note(fact) = command {
                self.estimator.apply(self.now, fact);
            }
        }
        if let Some((queue, learnt)) = self.estimator.take_due(self.now) {
            out.note(Fact::QueueLearnt { queue, learnt });
        }
    }
}

impl Estimator {
    /// Takes the centre's settings.
    pub fn configure(&mut self, centre: &Centre) {
        for id in centre.queues.keys() {
            self.number(id);
        }
        self.workforce.configure(centre, &self.numbers);
        self.worth = centre.routing.priority_worth;
    }

    /// How many calls of a queue go before this place.
    pub(crate) fn ahead(&self, queue: &QueueId, place: &Place) -> usize {
        let number = self.numbers.get(queue);
        number.map_or(0, |number| self.queues[*number].rank(place))
    }

    fn turn(&self, priority: i32, entered: Timestamp, call: CallId) -> Place {
        Place::new(priority, entered, call, self.worth)
    }

    fn number(&mut self, id: &QueueId) -> QueueNumber {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let number = self.queues.len();
        self.numbers.insert(id.clone(), number);
        self.queues.push(Queue {
            id: id.clone(),
            waiting: VecDeque::new(),
            model: QueueModel::default(),
            open_at_entry: 0,
            open_later: 0,
            next: 0,
            owed: (0.0, Timestamp::default()),
        });
        number
    }

    /// Forgets who waits; what was learnt stays.
    pub fn forget_calls(&mut self) {
        self.calls.clear();
        self.callbacks.clear();
        for queue in &mut self.queues {
            queue.waiting.clear();
            (queue.open_at_entry, queue.open_later) = (0, 0);
        }
    }

    /// Takes what a run begins with.
    pub fn remember(&mut self, remembered: &Remembered) {
        for known in &remembered.learnt {
            let number = self.number(&known.queue);
            self.queues[number].model.restore(&known.learnt);
        }
        for known in &remembered.agents {
            self.workforce.remember(known);
        }
        for known in &remembered.calls {
            for visit in &known.visits {
                let turn = self.turn(visit.priority, visit.entered, known.call);
                self.enter(known.call, &visit.queue, turn);
            }
            let rung = known.ringing.iter().map(|ringing| &ringing.agent);
            for _ in rung.chain(known.offer.iter().map(|offer| &offer.agent)) {
                self.set_aside(known.call, known.state_since);
            }
        }
        for known in &remembered.callbacks {
            let place = (known.order.queue.clone(), known.order.entered);
            self.callbacks.insert(known.callback, place);
            self.callback_moved(known.callback, &known.progress);
        }
    }

    /// Makes `fact`, which became true `at`, part of what is known.
    pub fn apply(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::QueueEntered {
                call,
                queue,
                priority,
                entered,
            } => {
                let turn = self.turn(*priority, *entered, *call);
                let number = self.enter(*call, queue, turn);
                self.make_at_entry(*call, number, turn, at);
            }
            Fact::QueueLeft {
                call,
                queue,
                reason,
            } => self.leave(*call, queue, *reason, at),
            Fact::StepReached {
                call,
                queue,
                priority,
                ..
            } => self.reprioritise(*call, queue, *priority),
            Fact::Decided { call, queue, .. } => {
                let number = self.numbers.get(queue).copied();
                if let Some(caller) = self.calls.get_mut(call) {
                    caller.decided = number;
                }
            }
            Fact::Offered { call, agent, .. } => {
                self.set_aside(*call, at);
                let queue = self.calls.get(call).and_then(Caller::queue);
                self.workforce.offered(agent, queue);
            }
            Fact::OfferEnded {
                call,
                agent,
                outcome,
                ..
            } => match outcome {
                OfferOutcome::Accepted => self.accepted(*call, agent, at),
                _ => self.put_back(*call),
            },
            Fact::AgentMoved {
                agent,
                state,
                until,
                ..
            } => {
                if let Some((queue, handling)) = self.workforce.moved(agent, state, *until, at) {
                    self.queues[queue].model.handling.add(handling);
                }
            }
            Fact::AgentRests { agent, until } => self.workforce.rests(agent, *until),
            Fact::WrapUpExtended { agent, until, .. } => self.workforce.wraps_up(agent, *until),
            Fact::AgentAsked { agent, request } => {
                let leaves = matches!(
                    request,
                    Some(AgentRequest::SignOut | AgentRequest::NotReady { .. })
                );
                self.workforce.leaves(agent, leaves);
            }
            Fact::CallEnded { call, .. } => self.forget(*call),
            Fact::CallbackRequested { callback, order } => {
                let place = (order.queue.clone(), order.entered);
                self.callbacks.insert(*callback, place);
            }
            Fact::CallbackMoved { callback, progress } => self.callback_moved(*callback, progress),
            Fact::CallbackClosed {
                callback,
                agent,
                queue,
                ..
            } => {
                self.forget(*callback);
                self.callbacks.remove(callback);
                let number = self.numbers.get(queue).copied();
                if let (Some(agent), Some(number)) = (agent, number) {
                    self.workforce.answered(agent, number);
                }
            }
            _ => {}
        }
    }

    fn enter(&mut self, call: CallId, queue: &QueueId, turn: Place) -> QueueNumber {
        let number = self.number(queue);
        let caller = self.calls.entry(call).or_default();
        // Entered once more: with another priority, or found again on its leg.
        let before = caller.turns.iter().position(|(queue, _)| *queue == number);
        if let Some(nth) = before {
            let (_, old) = caller.turns.swap_remove(nth);
            self.queues[number].remove(&old);
        }
        caller.turns.push((number, turn));
        if caller.ringing == 0 {
            self.queues[number].insert(turn);
        }
        number
    }

    /// A callback in line is before those behind it as a call is; nothing is
    /// estimated for it, and nothing learnt from it.
    fn callback_moved(&mut self, callback: CallId, progress: &CallbackProgress) {
        self.forget(callback);
        let Some((queue, entered)) = self.callbacks.get(&callback).cloned() else {
            return;
        };
        match &progress.state {
            CallbackState::Waiting => {
                let turn = self.turn(progress.priority, entered, callback);
                self.enter(callback, &queue, turn);
            }
            CallbackState::Offered { agent, .. } => {
                let number = self.number(&queue);
                self.workforce.offered(agent, Some(number));
            }
            _ => {}
        }
    }

    fn set_aside(&mut self, call: CallId, at: Timestamp) {
        let Some(caller) = self.calls.get_mut(&call) else {
            return;
        };
        caller.ringing += 1;
        caller.offered.get_or_insert(at);
        for (queue, turn) in &caller.turns {
            self.queues[*queue].remove(turn);
        }
    }

    fn put_back(&mut self, call: CallId) {
        let Some(caller) = self.calls.get_mut(&call) else {
            return;
        };
        if caller.ringing == 1 {
            for (queue, turn) in &caller.turns {
                self.queues[*queue].insert(*turn);
            }
        }
        caller.ringing = caller.ringing.saturating_sub(1);
    }

    fn accepted(&mut self, call: CallId, agent: &crate::engine::id::AgentId, at: Timestamp) {
        let Some(caller) = self.calls.get(&call) else {
            return;
        };
        let Some(queue) = caller.queue() else { return };
        if let Some(offered) = caller.offered {
            self.queues[queue].model.rang(at.since(offered));
        }
        self.workforce.answered(agent, queue);
    }

    fn reprioritise(&mut self, call: CallId, queue: &QueueId, priority: i32) {
        let (Some(number), worth) = (self.numbers.get(queue).copied(), self.worth) else {
            return;
        };
        let Some(caller) = self.calls.get_mut(&call) else {
            return;
        };
        let mut turns = caller.turns.iter_mut();
        let Some((_, turn)) = turns.find(|(queue, _)| *queue == number) else {
            return;
        };
        let before = *turn;
        *turn = Place::new(priority, before.entered, call, worth);
        let (after, waits) = (*turn, caller.ringing == 0);
        if waits {
            self.queues[number].remove(&before);
            self.queues[number].insert(after);
        }
    }

    fn leave(&mut self, call: CallId, queue: &QueueId, reason: QueueExit, at: Timestamp) {
        let (Some(caller), Some(number)) =
            (self.calls.get_mut(&call), self.numbers.get(queue).copied())
        else {
            return;
        };
        let Some(nth) = caller.turns.iter().position(|(queue, _)| *queue == number) else {
            return;
        };
        let (_, turn) = caller.turns.swap_remove(nth);
        let is_gone = caller.turns.is_empty();
        let waited = at.since(turn.entered);
        self.queues[number].remove(&turn);
        let model = &mut self.queues[number].model;
        if reason != QueueExit::Failed {
            model.waited(waited, reason == QueueExit::Abandoned);
        }
        if is_gone || reason == QueueExit::Answered {
            self.learn(call, reason, at);
        }
        if is_gone {
            self.forget(call);
        }
        if self.queues[number].model.is_due(at) {
            self.due = Some(number);
        }
        self.make_later(number, at);
    }

    /// Compares what was estimated for a call with how its wait ended.
    fn learn(&mut self, call: CallId, reason: QueueExit, at: Timestamp) {
        let Some(caller) = self.calls.get_mut(&call) else {
            return;
        };
        for made in std::mem::take(&mut caller.estimates) {
            let queue = &mut self.queues[made.queue];
            queue.close(&made);
            let waited = at.since(made.at);
            let outcome = match reason {
                QueueExit::Answered => Outcome::Answered(waited),
                QueueExit::Abandoned => Outcome::Left(waited),
                _ => continue,
            };
            let calibration = match made.at_entry {
                true => &mut queue.model.at_entry,
                false => &mut queue.model.later,
            };
            calibration.learn(made.raw, made.stated, outcome);
        }
    }

    fn forget(&mut self, call: CallId) {
        let Some(caller) = self.calls.remove(&call) else {
            return;
        };
        for (queue, turn) in &caller.turns {
            self.queues[*queue].remove(turn);
        }
        for made in &caller.estimates {
            self.queues[made.queue].close(made);
        }
    }

    fn make_at_entry(&mut self, call: CallId, queue: QueueNumber, turn: Place, at: Timestamp) {
        if self.queues[queue].open_at_entry < OPEN_AT_ENTRY
            && let Some(raw) = self.raw(queue, &turn, Who::Newcomer, at)
        {
            self.keep(call, queue, at, raw, true);
        }
    }

    /// Estimates some of those who wait, after somebody left the queue: others
    /// each time, and the more the longer the queue is.
    fn make_later(&mut self, number: QueueNumber, at: Timestamp) {
        let mut owed = self.queues[number].owe(at);
        while owed >= 1.0 && self.queues[number].open_later < OPEN_LATER {
            owed -= 1.0;
            self.make_for_next(number, at);
        }
        self.queues[number].owed.0 = owed;
    }

    fn make_for_next(&mut self, number: QueueNumber, at: Timestamp) {
        let Some(turn) = self.queues[number].next() else {
            return;
        };
        let made = self
            .calls
            .get(&turn.call)
            .map(|caller| caller.estimates.len());
        if made.is_some_and(|made| made < OPEN_OF_CALL)
            && let Some(raw) = self.raw(number, &turn, Who::Waiting, at)
        {
            self.keep(turn.call, number, at, raw, false);
        }
    }

    fn keep(&mut self, call: CallId, queue: QueueNumber, at: Timestamp, raw: Bounds, entry: bool) {
        let Some(caller) = self.calls.get_mut(&call) else {
            return;
        };
        let Queue {
            model,
            open_at_entry,
            open_later,
            ..
        } = &mut self.queues[queue];
        let (calibration, open) = match entry {
            true => (&model.at_entry, open_at_entry),
            false => (&model.later, open_later),
        };
        *open += 1;
        caller.estimates.push(Made {
            queue,
            at,
            raw,
            stated: calibration.correct(raw),
            at_entry: entry,
        });
    }

    /// How long a call waits that enters now.
    pub fn newcomer(&self, queue: &QueueId, priority: i32, at: Timestamp) -> Option<Estimate> {
        let last = CallId::from_ulid(ulid::Ulid(u128::MAX));
        let turn = self.turn(priority, at, last);
        self.stated(queue, &turn, Who::Newcomer, at)
    }

    /// How much longer a call waits that has its turn, and rings nowhere.
    fn waiting(&self, queue: &QueueId, turn: Place, at: Timestamp) -> Option<Estimate> {
        let is_known = self.calls.contains_key(&turn.call);
        // Before its first step is over it may still go to whoever is free.
        let who = if is_known {
            Who::Waiting
        } else {
            Who::Newcomer
        };
        self.stated(queue, &turn, who, at)
    }

    /// How much longer a call waits for which an agent rings.
    fn ringing(&self, queue: &QueueId, call: CallId, at: Timestamp) -> Option<Estimate> {
        let queue = &self.queues[*self.numbers.get(queue)?];
        let offered = self.calls.get(&call).and_then(|caller| caller.offered);
        let age = ms(at.since(offered.unwrap_or(at)));
        Some(estimate(queue.model.rest_of_ring(age)))
    }

    fn stated(&self, queue: &QueueId, turn: &Place, who: Who, at: Timestamp) -> Option<Estimate> {
        let number = *self.numbers.get(queue)?;
        let raw = self.raw(number, turn, who, at)?;
        let model = &self.queues[number].model;
        let calibration = match who {
            Who::Newcomer => &model.at_entry,
            Who::Waiting => &model.later,
        };
        Some(estimate(calibration.correct(raw)))
    }

    /// What the model says, before it is corrected.
    fn raw(&self, number: QueueNumber, turn: &Place, who: Who, at: Timestamp) -> Option<Bounds> {
        let queue = &self.queues[number];
        let ahead = queue.rank(turn);
        let handling = |queue: QueueNumber| &self.queues[queue].model.handling;
        let may_be_free = who == Who::Newcomer && ahead == 0;
        let (agents, each) = self.workforce.releases(number, may_be_free, at, handling)?;
        let others = self.workforce.companions(number).map(|(other, share)| {
            let ahead = self.queues[other].rank(turn);
            count(ahead) * share
        });
        let needed = 1.0 + count(ahead) + others.sum::<f64>();
        let ring = queue.model.ring();
        let is_free = agents
            .first()
            .is_some_and(|agent| matches!(agent, releases::Release::Now));
        if is_free {
            return Some(ring);
        }
        let freed = releases::bounds(&Situation {
            agents,
            each,
            handling: &queue.model.handling,
            needed,
            leaving: queue.model.leaving(),
        });
        Some(sum(freed, ring))
    }

    /// A queue of which much was learnt, with what is known about it.
    fn take_due(&mut self, at: Timestamp) -> Option<(QueueId, Learnt)> {
        let queue = &mut self.queues[self.due.take()?];
        Some((queue.id.clone(), queue.model.tell(at)))
    }
}

impl Caller {
    /// The queue that an offer is made from.
    fn queue(&self) -> Option<QueueNumber> {
        self.decided
            .or_else(|| self.turns.first().map(|(queue, _)| *queue))
    }
}

impl Queue {
    fn insert(&mut self, turn: Place) {
        if let Err(rank) = self.waiting.binary_search(&turn) {
            self.waiting.insert(rank, turn);
        }
    }

    fn remove(&mut self, turn: &Place) {
        if let Ok(rank) = self.waiting.binary_search(turn) {
            self.waiting.remove(rank);
        }
    }

    /// How many calls have their turn before.
    fn rank(&self, turn: &Place) -> usize {
        self.waiting.partition_point(|known| known < turn)
    }

    /// How many estimates are to be made now.
    fn owe(&mut self, at: Timestamp) -> f64 {
        let (owed, since) = self.owed;
        self.owed.1 = at;
        let more = count(self.waiting.len()) * ms(at.since(since)) / LATER_EVERY;
        (owed + more).min(MADE_AT_ONCE)
    }

    /// The call that is estimated next.
    fn next(&mut self) -> Option<Place> {
        self.next = (self.next + 1) % self.waiting.len().max(1);
        self.waiting.get(self.next).copied()
    }

    fn close(&mut self, made: &Made) {
        let open = match made.at_entry {
            true => &mut self.open_at_entry,
            false => &mut self.open_later,
        };
        *open = open.saturating_sub(1);
    }
}

/// The bounds of a sum of two independent times, about.
fn sum(one: Bounds, other: Bounds) -> Bounds {
    let median = one[1] + other[1];
    let spread = |nth: usize| {
        let (a, b) = (one[nth] - one[1], other[nth] - other[1]);
        (a * a + b * b).sqrt()
    };
    [(median - spread(0)).max(0.0), median, median + spread(2)]
}

fn estimate(bounds: Bounds) -> Estimate {
    let [low, median, high] = bounds.map(|ms| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounds a number that is not negative"
        )]
        Span::millis(ms.max(0.0).round() as u64)
    });
    Estimate { low, median, high }
}

/// A number of calls to compute with.
#[expect(clippy::cast_precision_loss, reason = "calls are far below 2^52")]
fn count(calls: usize) -> f64 {
    calls as f64
}
