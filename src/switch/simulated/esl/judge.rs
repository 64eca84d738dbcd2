//! Whether callers are rung for in their order, judged by what the switch
//! itself saw: the places that legs carry, the devices that rang, the pairs
//! that talked. Holds also across restarts of the controller.

use crate::clock::monotonic;
use crate::engine::id::ChannelId;
use crate::engine::time::{Span, Timestamp};
use crate::switch::LegVariable;
use crate::switch::simulated::channel::Place;
use crate::switch::simulated::esl::face::Face;
use crate::switch::simulated::esl::leg::Leg;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// A caller who came (back) into the queue so shortly before another was rung
/// for may not have been known to the controller then.
const UNDER_WAY: Span = Span::millis(500);

/// What was seen of the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Devices rung for callers with a place.
    pub rung: u64,
    /// Of them, those for whom somebody before them was passed over, and
    /// callers whose place was changed.
    pub reordered: u64,
    /// Callers for whom a second device was rung at the same time.
    pub offered_twice: u64,
    /// Pairs that the controller tore apart.
    pub torn: u64,
}

#[derive(Debug, Default)]
struct Seen {
    record: OrderRecord,
    /// The controller has not subscribed to events since the restart.
    is_away: bool,
    first_right: Option<Instant>,
}

/// What the judge saw, for those who ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    seen: Arc<Mutex<Seen>>,
    right: Arc<Notify>,
}

/// A caller's place: higher priority first, then the earlier entry.
type Rank = (Reverse<i32>, i64, String);

#[derive(Debug, Default)]
pub(super) struct Judge {
    pub(super) record: Record,
    /// For which call each live device leg was rung.
    devices: BTreeMap<ChannelId, String>,
    /// Callers who have talked.
    talked: BTreeSet<ChannelId>,
    /// When the last device that rang for a call stopped.
    released: BTreeMap<String, Timestamp>,
    /// The place each call had first.
    places: BTreeMap<String, (Reverse<i32>, i64)>,
}

impl Record {
    fn with<T>(&self, work: impl FnOnce(&mut Seen) -> T) -> T {
        work(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn so_far(&self) -> OrderRecord {
        self.with(|seen| seen.record.clone())
    }

    /// The controller is gone; what follows its next subscription counts.
    pub(super) fn controller_gone(&self) {
        self.with(|seen| {
            seen.is_away = true;
            seen.first_right = None;
        });
    }

    pub(super) fn subscribed(&self) {
        self.with(|seen| seen.is_away = false);
    }

    /// When, after the controller was gone, the first device was rung for the
    /// caller whose turn it was.
    pub(super) async fn first_right(&self) -> Instant {
        loop {
            let told = self.right.notified();
            if let Some(at) = self.with(|seen| seen.first_right) {
                return at;
            }
            told.await;
        }
    }

    fn rung(&self, is_right: bool, is_second: bool) {
        let now = monotonic();
        let first = self.with(|seen| {
            seen.record.rung += 1;
            seen.record.reordered += u64::from(!is_right);
            seen.record.offered_twice += u64::from(is_second);
            let first = is_right && !is_second && !seen.is_away && seen.first_right.is_none();
            if first {
                seen.first_right = Some(now);
            }
            first
        });
        if first {
            self.right.notify_waiters();
        }
    }
}

fn carried(leg: &Leg, variable: LegVariable) -> Option<&str> {
    leg.variables.get(variable.name()).map(String::as_str)
}

fn rank(leg: &Leg) -> Option<Rank> {
    let entered = carried(leg, LegVariable::Entered)?.parse().ok()?;
    let priority = carried(leg, LegVariable::Priority)?.parse().ok()?;
    let call = carried(leg, LegVariable::Call)?.to_owned();
    Some((Reverse(priority), entered, call))
}

impl Face {
    /// A device is rung.
    pub(super) fn judge_ring(&mut self, device: &ChannelId) {
        let leg = self.legs.get(device);
        let call = leg.and_then(|leg| carried(leg, LegVariable::Call));
        let Some(call) = call.map(str::to_owned) else {
            return;
        };
        let judge = &mut self.judge;
        let rung: BTreeSet<&str> = judge.devices.values().map(String::as_str).collect();
        let is_second = rung.contains(call.as_str());
        let (mut own, mut first) = (None, None);
        for leg in self.legs.values().filter(|leg| leg.is_inbound()) {
            let Some(rank) = rank(leg) else { continue };
            if rank.2 == call {
                own = Some(rank);
                continue;
            }
            let is_before = first.as_ref().is_none_or(|first| rank < *first);
            if !is_before || rung.contains(rank.2.as_str()) {
                continue;
            }
            let entered = Timestamp::from_millis(rank.1);
            let since = judge.released.get(&rank.2).copied().unwrap_or(entered);
            let channel = self.exchange.model.channels.get(&leg.channel);
            let waits = leg.cause.is_none()
                && leg.peer.is_none()
                && !judge.talked.contains(&leg.channel)
                && channel.is_some_and(|channel| channel.place == Place::Controller);
            if waits && since + UNDER_WAY <= self.now {
                first = Some(rank);
            }
        }
        // The first offer leaves before the place is written onto the leg.
        if let Some(own) = own {
            let passed_over = first.is_some_and(|first| first < own);
            judge.record.rung(!passed_over, is_second);
        }
        judge.devices.insert(device.clone(), call);
    }

    /// A leg was given variables.
    pub(super) fn judge_place(&mut self, channel: &ChannelId) {
        let Some((priority, entered, call)) = self.legs.get(channel).and_then(rank) else {
            return;
        };
        let now = (priority, entered);
        if *self.judge.places.entry(call).or_insert(now) != now {
            self.judge.record.with(|seen| seen.record.reordered += 1);
        }
    }

    pub(super) fn judge_pair(&mut self, one: &ChannelId, other: &ChannelId) {
        self.judge.talked.extend([one.clone(), other.clone()]);
    }

    /// The controller ends a leg.
    pub(super) fn judge_kill(&mut self, channel: &ChannelId) {
        let leg = self.legs.get(channel);
        if leg.is_some_and(|leg| leg.peer.is_some()) {
            self.judge.record.with(|seen| seen.record.torn += 1);
        }
    }

    pub(super) fn judge_end(&mut self, channel: &ChannelId) {
        let judge = &mut self.judge;
        if let Some(call) = judge.devices.remove(channel) {
            judge.released.insert(call, self.now);
            return;
        }
        judge.talked.remove(channel);
        let leg = self.legs.get(channel);
        if let Some(call) = leg.and_then(|leg| carried(leg, LegVariable::Call)) {
            judge.released.remove(call);
            judge.places.remove(call);
        }
    }
}
