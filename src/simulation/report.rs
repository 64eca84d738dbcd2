//! What came out of a simulation.

use crate::engine::id::{QueueId, SwitchId};
use crate::engine::time::{Span, Timestamp};
use crate::simulation::ledger::{QueueSums, Sums};
use crate::switch::simulated::tally::Tally;
use crate::switch::simulated::wire::Injected;
use serde::Serialize;
use std::collections::BTreeMap;

/// One seed's run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub scenario: String,
    pub seed: u64,
    /// Digest of every step; the same for the same scenario and seed.
    pub trace: String,
    /// Events that the engine handled.
    pub steps: u64,
    /// Virtual time that passed, in milliseconds.
    pub lasted_ms: u64,
    /// Whether everything had come to rest at the end.
    pub settled: bool,
    /// What people at the far ends lived through, by switch.
    pub people: BTreeMap<SwitchId, Tally>,
    pub calls: Calls,
    pub queues: BTreeMap<QueueId, QueueReport>,
    pub offers: BTreeMap<&'static str, u64>,
    pub faults: BTreeMap<&'static str, u64>,
    pub recoveries: Recoveries,
    /// None when every rule held.
    pub violation: Option<Found>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Calls {
    pub started: u64,
    pub ended: u64,
    pub answered: u64,
    pub abandoned: u64,
    /// Left a queue by neither.
    pub failed: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueReport {
    pub entered: u64,
    pub answered: u64,
    pub abandoned: u64,
    pub failed: u64,
    pub wait_mean_ms: u64,
    pub wait_p95_ms: u64,
    pub wait_max_ms: u64,
    /// Share of the calls that entered and were answered in time, in percent.
    pub service_level: f64,
}

/// What the controller had to mend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Recoveries {
    /// Times a controller started again after a crash.
    pub restarts: u64,
    /// Calls alive at the crashes, as the durable journal had them.
    pub calls_remembered: u64,
    /// Entries that the crashes took because they were not durable yet.
    pub entries_lost: u64,
    /// Legs found on a switch that the engine did not know.
    pub legs_adopted: u64,
    /// Legs that a snapshot no longer had.
    pub legs_closed: u64,
    pub commands_failed: u64,
    /// Steps after which the whole state was checked.
    pub full_checks: u64,
}

/// A broken rule and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    pub rule: String,
    pub detail: String,
    pub at: Timestamp,
    /// After the beginning, in milliseconds.
    pub after_ms: u64,
    pub step: u64,
}

impl QueueReport {
    pub(super) fn of(sums: &QueueSums, within: Span) -> Self {
        let mut waits: Vec<u64> = sums.waits.iter().map(|wait| wait.as_millis()).collect();
        waits.sort_unstable();
        let count = waits.len() as u64;
        let in_time = waits.iter().filter(|wait| **wait <= within.as_millis());
        #[expect(
            clippy::cast_precision_loss,
            reason = "numbers of calls are far below 2^52"
        )]
        let service_level = match sums.entered {
            0 => 100.0,
            entered => in_time.count() as f64 * 100.0 / entered as f64,
        };
        Self {
            entered: sums.entered,
            answered: sums.answered,
            abandoned: sums.abandoned,
            failed: sums.failed,
            wait_mean_ms: waits.iter().sum::<u64>().checked_div(count).unwrap_or(0),
            wait_p95_ms: waits
                .get(waits.len().saturating_sub(1) * 95 / 100)
                .copied()
                .unwrap_or(0),
            wait_max_ms: waits.last().copied().unwrap_or(0),
            service_level: (service_level * 10.0).round() / 10.0,
        }
    }
}

impl Calls {
    pub(super) fn of(sums: &Sums) -> Self {
        let all = |of: fn(&QueueSums) -> u64| sums.queues.values().map(of).sum();
        Self {
            started: sums.started,
            ended: sums.ended,
            answered: all(|queue| queue.answered),
            abandoned: all(|queue| queue.abandoned),
            failed: all(|queue| queue.failed),
        }
    }
}

/// Adds one switch's faults to those counted so far.
pub(super) fn count_faults(faults: &mut BTreeMap<&'static str, u64>, injected: &Injected) {
    let Injected {
        lost_events,
        duplicated_events,
        reordered_events,
        late_events,
        late_answers,
        failed_commands,
        lost_commands,
        link_cuts,
        switch_restarts,
    } = injected;
    for (name, count) in [
        ("lost_events", lost_events),
        ("duplicated_events", duplicated_events),
        ("reordered_events", reordered_events),
        ("late_events", late_events),
        ("late_answers", late_answers),
        ("failed_commands", failed_commands),
        ("lost_commands", lost_commands),
        ("link_cuts", link_cuts),
        ("switch_restarts", switch_restarts),
    ] {
        *faults.entry(name).or_default() += count;
    }
}
