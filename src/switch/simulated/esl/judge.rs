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
use std::collections::BTreeMap;
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
    /// How many live device legs were rung for each call.
    rung: BTreeMap<String, usize>,
    /// Callers with a place who have not talked, in their order.
    waiting: BTreeMap<Rank, ChannelId>,
    /// When the last device that rang for a call stopped.
    released: BTreeMap<String, Timestamp>,
    /// The places of each call.
    places: BTreeMap<String, Places>,
}

#[derive(Clone, Debug)]
struct Places {
    first: Rank,
    now: Rank,
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

impl Judge {
    fn forget_device(&mut self, device: &ChannelId, at: Timestamp) -> bool {
        let Some(call) = self.devices.remove(device) else {
            return false;
        };
        if let Some(count) = self.rung.get_mut(&call) {
            *count -= 1;
            if *count == 0 {
                self.rung.remove(&call);
            }
        }
        if self.places.contains_key(&call) {
            self.released.insert(call, at);
        }
        true
    }

    /// The caller does not wait any more.
    fn forget_wait(&mut self, call: &str) {
        if let Some(places) = self.places.get(call) {
            self.waiting.remove(&places.now);
        }
    }
}

impl Face {
    /// A device is rung.
    pub(super) fn judge_ring(&mut self, device: &ChannelId) {
        let leg = self.legs.get(device);
        let call = leg.and_then(|leg| carried(leg, LegVariable::Call));
        let Some(call) = call.map(str::to_owned) else {
            return;
        };
        // The first offer leaves before the place is written onto the leg.
        let own = self.judge.places.get(&call).map(|places| &places.now);
        let is_right = own.map(|own| {
            let mut before = self.judge.waiting.range(..own);
            let passed_over = before.find(|(rank, leg)| self.waits(rank, leg));
            if let Some((first, _)) = passed_over {
                tracing::warn!(?own, ?first, released = ?self.judge.released.get(&first.2), now = ?self.now, "a caller was passed over");
            }
            passed_over.is_none()
        });
        let judge = &mut self.judge;
        let rung = judge.rung.entry(call.clone()).or_default();
        *rung += 1;
        if let Some(is_right) = is_right {
            let is_second = *rung > 1;
            judge.record.rung(is_right, is_second);
        }
        judge.devices.insert(device.clone(), call);
    }

    /// Whether the caller at this place waits for an agent and has done so for
    /// long enough to be known to the controller.
    fn waits(&self, (_, entered, call): &Rank, leg: &ChannelId) -> bool {
        let Some(leg) = self.legs.get(leg) else {
            return false;
        };
        let entered = Timestamp::from_millis(*entered);
        let since = self.judge.released.get(call).copied().unwrap_or(entered);
        let channel = self.exchange.model.channels.get(&leg.channel);
        leg.cause.is_none()
            && leg.peer.is_none()
            && !self.judge.rung.contains_key(call)
            && channel.is_some_and(|channel| channel.place == Place::Controller)
            && since + UNDER_WAY <= self.now
    }

    /// A leg was given variables.
    pub(super) fn judge_place(&mut self, channel: &ChannelId) {
        let leg = self.legs.get(channel).filter(|leg| leg.is_inbound());
        let Some(now) = leg.and_then(rank) else {
            return;
        };
        let judge = &mut self.judge;
        let Some(places) = judge.places.get_mut(&now.2) else {
            let first = now.clone();
            judge.waiting.insert(now.clone(), channel.clone());
            judge.places.insert(now.2.clone(), Places { first, now });
            return;
        };
        if now != places.first {
            judge.record.with(|seen| seen.record.reordered += 1);
        }
        let before = std::mem::replace(&mut places.now, now.clone());
        if judge.waiting.remove(&before).is_some() {
            judge.waiting.insert(now, channel.clone());
        }
    }

    pub(super) fn judge_pair(&mut self, one: &ChannelId, other: &ChannelId) {
        for channel in [one, other] {
            let leg = self.legs.get(channel).filter(|leg| leg.is_inbound());
            if let Some(call) = leg.and_then(|leg| carried(leg, LegVariable::Call)) {
                self.judge.forget_wait(call);
            }
        }
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
        if judge.forget_device(channel, self.now) {
            return;
        }
        let leg = self.legs.get(channel);
        if let Some(call) = leg.and_then(|leg| carried(leg, LegVariable::Call)) {
            judge.forget_wait(call);
            judge.released.remove(call);
            judge.places.remove(call);
        }
    }
}
