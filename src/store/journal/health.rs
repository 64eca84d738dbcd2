//! What the appending side and the writing thread know of each other.

use crate::store::journal::MAX_WAITING_BYTES;
use crate::store::journal::entry::Step;
use crate::store::journal::gap::{Gap, MAX_GAPS};
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use tokio::sync::watch;

/// How the journal is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalHealth {
    /// Why the disk could not be written at the last try; none when it could.
    pub failing: Option<String>,
    /// Entries that could not be kept since the start, because the disk failed
    /// for too long. They are in no file; the store does not have them either.
    pub lost: u64,
    /// The same, named: at most 64 stretches.
    pub gaps: Vec<Gap>,
}

pub(super) struct Shared {
    /// Goes before all that others wait for, so that the journal can be opened
    /// again as soon as it is closed.
    _lock: File,
    durable: watch::Sender<u64>,
    health: watch::Sender<JournalHealth>,
    /// How many of the gaps are in the journal's file.
    gaps_written: AtomicUsize,
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
    last_accepted: AtomicU64,
    last_lost: AtomicU64,
    taken_over: AtomicU64,
    checkpointed: AtomicU64,
    closed: AtomicBool,
}

impl Shared {
    pub(super) fn new(lock: File, last_seq: u64, checkpointed: u64) -> Self {
        Self {
            _lock: lock,
            durable: watch::Sender::new(last_seq),
            health: watch::Sender::new(JournalHealth::default()),
            gaps_written: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            waiting_bytes: AtomicUsize::new(0),
            last_accepted: AtomicU64::new(last_seq),
            last_lost: AtomicU64::new(0),
            taken_over: AtomicU64::new(0),
            checkpointed: AtomicU64::new(checkpointed),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn durable(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }

    pub(super) fn health(&self) -> watch::Receiver<JournalHealth> {
        self.health.subscribe()
    }

    /// Takes room for an entry of `bytes`, if there is any.
    pub(super) fn reserve(&self, bytes: usize) -> bool {
        let room = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if room > MAX_WAITING_BYTES {
            self.release(1, bytes);
            return false;
        }
        true
    }

    pub(super) fn release(&self, entries: usize, bytes: usize) {
        self.waiting.fetch_sub(entries, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Entries that wait for the disk.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn accepted(&self, seq: u64) {
        self.last_accepted.store(seq, Ordering::Release);
    }

    pub(super) fn last_accepted(&self) -> u64 {
        self.last_accepted.load(Ordering::Acquire)
    }

    /// Counts and names an entry that can't be kept.
    pub(super) fn lose(&self, seq: u64, step: &Step, why: &str) {
        self.last_lost.store(seq, Ordering::Release);
        metrics::counter!("switchyard_journal_lost_total").increment(1);
        self.health.send_modify(|health| {
            if health.lost == 0 {
                tracing::error!(
                    seq,
                    why,
                    "the journal cannot keep an entry; those that follow are counted and named"
                );
            }
            health.lost += 1;
            let written = self.gaps_written.load(Ordering::Relaxed);
            let is_full = health.gaps.len() == MAX_GAPS;
            if is_full {
                self.gaps_written
                    .store(written.min(MAX_GAPS - 1), Ordering::Relaxed);
            }
            let goes_on = |gap: &&mut Gap| is_full || gap.last.seq + 1 == seq;
            match health.gaps.iter_mut().skip(written).last().filter(goes_on) {
                Some(gap) => gap.widen(seq, step),
                None if is_full => health.gaps[MAX_GAPS - 1].widen(seq, step),
                None => health.gaps.push(Gap::of(seq, step, why)),
            }
        });
    }

    pub(super) fn last_lost(&self) -> u64 {
        self.last_lost.load(Ordering::Acquire)
    }

    /// The gaps that no file names yet, which the caller will write.
    pub(super) fn take_gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        self.health.send_if_modified(|health| {
            let written = self.gaps_written.swap(health.gaps.len(), Ordering::Relaxed);
            gaps.extend(health.gaps.iter().skip(written).cloned());
            false
        });
        gaps
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
            tracing::error!(
                why,
                "the journal cannot be written; calls go on, and it is tried again"
            );
            health.failing = Some(why.to_owned());
            true
        });
    }

    pub(super) fn taken_over(&self, seq: u64) {
        self.taken_over.fetch_max(seq, Ordering::Relaxed);
    }

    pub(super) fn checkpointed(&self, seq: u64) {
        self.checkpointed.fetch_max(seq, Ordering::Relaxed);
    }

    /// The last entry that neither the store nor a start needs any more.
    pub(super) fn last_removable(&self) -> u64 {
        let taken_over = self.taken_over.load(Ordering::Relaxed);
        taken_over.min(self.checkpointed.load(Ordering::Relaxed))
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}
