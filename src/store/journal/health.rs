//! What the appending side and the writing thread know of each other.

use crate::store::journal::MAX_WAITING_BYTES;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::watch;

/// How the journal is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalHealth {
    /// Why the disk could not be written at the last try; none when it could.
    pub failing: Option<String>,
    /// Entries that could not be kept since the start, because the disk failed
    /// for too long. They are in no file; the store does not have them either.
    pub lost: u64,
}

pub(super) struct Shared {
    durable: watch::Sender<u64>,
    health: watch::Sender<JournalHealth>,
    waiting_bytes: AtomicUsize,
    last_accepted: AtomicU64,
    last_lost: AtomicU64,
    taken_over: AtomicU64,
}

impl Shared {
    pub(super) fn new(last_seq: u64) -> Self {
        Self {
            durable: watch::Sender::new(last_seq),
            health: watch::Sender::new(JournalHealth::default()),
            waiting_bytes: AtomicUsize::new(0),
            last_accepted: AtomicU64::new(last_seq),
            last_lost: AtomicU64::new(0),
            taken_over: AtomicU64::new(0),
        }
    }

    pub(super) fn durable(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }

    pub(super) fn health(&self) -> watch::Receiver<JournalHealth> {
        self.health.subscribe()
    }

    /// Takes room for `bytes` more, if there is any.
    pub(super) fn reserve(&self, bytes: usize) -> bool {
        let room = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if room > MAX_WAITING_BYTES {
            self.release(bytes);
            return false;
        }
        true
    }

    pub(super) fn release(&self, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn accepted(&self, seq: u64) {
        self.last_accepted.store(seq, Ordering::Release);
    }

    pub(super) fn last_accepted(&self) -> u64 {
        self.last_accepted.load(Ordering::Acquire)
    }

    /// Counts an entry that can't be kept.
    pub(super) fn lose(&self, seq: u64, why: &str) {
        self.last_lost.store(seq, Ordering::Release);
        metrics::counter!("switchyard_journal_lost_total").increment(1);
        self.health.send_modify(|health| {
            if health.lost == 0 {
                tracing::error!(
                    seq,
                    why,
                    "the journal cannot keep an entry; those that follow are counted"
                );
            }
            health.lost += 1;
        });
    }

    pub(super) fn last_lost(&self) -> u64 {
        self.last_lost.load(Ordering::Acquire)
    }

    /// Everything up to `seq` is on disk.
    pub(super) fn wrote(&self, seq: u64) {
        let recovered = self
            .health
            .send_if_modified(|health| health.failing.take().is_some());
        if recovered {
            tracing::info!("the journal is written again");
        }
        self.durable.send_if_modified(|durable| {
            let higher = seq > *durable;
            *durable = seq.max(*durable);
            higher
        });
    }

    pub(super) fn failed(&self, why: &str) {
        self.health.send_if_modified(|health| {
            if health.failing.as_deref() == Some(why) {
                return false;
            }
            tracing::error!(why, "the journal cannot be written; it is tried again");
            health.failing = Some(why.to_owned());
            true
        });
    }

    pub(super) fn taken_over(&self, seq: u64) {
        self.taken_over.fetch_max(seq, Ordering::Relaxed);
    }

    pub(super) fn last_taken_over(&self) -> u64 {
        self.taken_over.load(Ordering::Relaxed)
    }
}
