//! How the controller itself is: its journal's disk, its store, its load, and
//! the alarms that follow.

use crate::clock;
use crate::engine::time::Timestamp;
use crate::runtime::load::Load;
use crate::store::journal::JournalHealth;
use crate::store::projector::Projection;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

/// Entries that the store may lack before it counts as behind.
const BEHIND_ENTRIES: u64 = 20_000;
/// Seconds that the store may be behind.
const BEHIND_SECONDS: u64 = 60;

/// Watches on the parts that work beside the engine.
#[derive(Clone)]
pub struct Condition {
    pub journal: watch::Receiver<JournalHealth>,
    /// The highest entry on disk.
    pub durable: watch::Receiver<u64>,
    pub projection: watch::Receiver<Projection>,
    pub load: watch::Receiver<Load>,
}

/// How far the store is behind the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    pub entries: u64,
    pub seconds: u64,
}

/// Something that people have to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Alarm {
    /// `journal_failing`, `entries_lost`, `store_failing`, `store_behind` or `overload`.
    pub kind: &'static str,
    /// Entries lost, or entries that the store lacks.
    pub entries: u64,
    /// Seconds that the store is behind.
    pub seconds: u64,
    /// What is wrong, and what it means.
    pub detail: String,
}

impl Condition {
    /// A condition in which all is well, where nothing is watched.
    pub fn well() -> Self {
        Self {
            journal: watch::channel(JournalHealth::default()).1,
            durable: watch::channel(0).1,
            projection: watch::channel(Projection::default()).1,
            load: watch::channel(Load::Normal).1,
        }
    }

    pub fn load(&self) -> Load {
        *self.load.borrow()
    }

    /// How far the store is behind at `at`.
    pub fn lag(&self, at: Timestamp) -> Lag {
        let projection = self.projection.borrow();
        let entries = self.durable.borrow().saturating_sub(projection.taken_over);
        let behind = projection.taken_over_at.filter(|_| entries > 0);
        Lag {
            entries,
            seconds: behind.map_or(0, |since| at.since(since).as_millis() / 1_000),
        }
    }

    /// What is wrong now, the worst first.
    pub fn alarms(&self) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        let mut raise = |kind, lag: Lag, detail| {
            alarms.push(Alarm {
                kind,
                entries: lag.entries,
                seconds: lag.seconds,
                detail,
            });
        };
        let none = Lag::default();
        let journal = self.journal.borrow();
        if let Some(why) = &journal.failing {
            let detail = format!(
                "the journal cannot be written: {why}; calls go on, and what happens is lost in a crash"
            );
            raise("journal_failing", none, detail);
        }
        if journal.lost > 0 {
            let lost = Lag {
                entries: journal.lost,
                seconds: 0,
            };
            let named: Vec<String> = journal.gaps.iter().map(ToString::to_string).collect();
            raise("entries_lost", lost, named.join("; "));
        }
        let lag = self.lag(clock::now());
        if let Some(why) = &self.projection.borrow().failing {
            let detail = format!(
                "the store cannot be written: {why}; calls go on, and the journal keeps what it lacks"
            );
            raise("store_failing", lag, detail);
        } else if lag.entries > BEHIND_ENTRIES || lag.seconds > BEHIND_SECONDS {
            let detail = format!(
                "the store lacks {} entries of the journal, the last {} s",
                lag.entries, lag.seconds
            );
            raise("store_behind", lag, detail);
        }
        let load = self.load();
        if load > Load::Normal {
            let detail = format!(
                "the load is {}; statistics, then reading, then agents' requests are left out, calls never",
                load.word()
            );
            raise("overload", none, detail);
        }
        alarms
    }
}
