//! The thread that writes: it takes what has come together, puts it into words
//! and flushes it at once. The driver pays for neither.

use crate::clock::monotonic;
use crate::engine::time::{Span, Timestamp};
use crate::store::journal::checkpoint::{self, Told};
use crate::store::journal::entry::Step;
use crate::store::journal::gap::Gap;
use crate::store::journal::health::Shared;
use crate::store::journal::line;
use crate::store::journal::segment::Disk;
use crate::store::journal::{folder, health::JournalHealth};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use std::time::Duration;

/// Entries flushed at once, at most: what one entry may have to wait for.
pub(super) const BATCH: usize = 1_024;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Tries after the last handle is gone, before what is left is given up.
const LAST_TRIES: u32 = 5;
/// How often old entries are looked for, in the entries' own time.
const REMOVAL_EVERY: Span = Span::seconds(600);

/// An entry on its way to the disk.
pub(super) struct Waiting {
    pub(super) seq: u64,
    /// The highest command id up to and with this entry.
    pub(super) last_command: u64,
    pub(super) step: Arc<Step>,
    /// What it takes of [`super::MAX_WAITING_BYTES`].
    pub(super) bytes: usize,
}

pub(super) struct Writer {
    pub(super) folder: PathBuf,
    pub(super) disk: Box<dyn Disk>,
    pub(super) entries: Receiver<Waiting>,
    pub(super) shared: Arc<Shared>,
    pub(super) keep: Span,
    /// To the keeper of checkpoints.
    pub(super) keeper: SyncSender<Told>,
}

/// What has come together for one flush.
struct Batch {
    entries: Vec<Waiting>,
    gaps: Vec<Gap>,
    /// Everything up to this number is on disk or lost once the batch is.
    up_to: u64,
    /// No more will come.
    closed: bool,
}

impl Writer {
    pub(super) fn start(self) -> std::io::Result<()> {
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || self.run())
            .map(drop)
    }

    fn run(mut self) {
        let mut lines = Vec::new();
        let mut since_checkpoint = 0;
        let mut next_removal = None;
        loop {
            let batch = self.gather();
            if let Some(first) = batch.entries.first() {
                let at = first.step.at;
                self.put_into_words(&batch, &mut lines);
                if !self.write(&batch, &lines) {
                    return;
                }
                lines.clear();
                lines.shrink_to(4 * 1_024 * 1_024);
                since_checkpoint += batch.entries.len() as u64;
                let closed = batch.closed;
                self.hand_over(batch.entries);
                // Where the keeper has no room, it is tried again with the next batch.
                if since_checkpoint >= checkpoint::EVERY && self.keeper.try_send(Told::Due).is_ok()
                {
                    since_checkpoint = 0;
                }
                self.remove_old(at, &mut next_removal);
                if closed {
                    return;
                }
            } else if batch.closed {
                return;
            }
        }
    }

    /// Waits for an entry and takes those behind it.
    fn gather(&self) -> Batch {
        let Ok(first) = self.entries.recv() else {
            return Batch {
                entries: Vec::new(),
                gaps: Vec::new(),
                up_to: 0,
                closed: true,
            };
        };
        // Read before the queue is emptied: whatever was accepted before this
        // loss stands in the queue already.
        let lost = self.shared.last_lost();
        let mut batch = Batch {
            up_to: first.seq,
            entries: vec![first],
            gaps: self.shared.take_gaps(),
            closed: false,
        };
        while batch.entries.len() < BATCH {
            match self.entries.try_recv() {
                Ok(entry) => {
                    batch.up_to = entry.seq;
                    batch.entries.push(entry);
                }
                Err(ended) => {
                    batch.closed = ended == TryRecvError::Disconnected;
                    batch.up_to = batch.up_to.max(lost);
                    break;
                }
            }
        }
        batch
    }

    fn put_into_words(&self, batch: &Batch, lines: &mut Vec<u8>) {
        for gap in &batch.gaps {
            if let Err(error) = line::write_lost(lines, gap) {
                tracing::error!(%gap, %error, "lost entries could not be named in the journal");
            }
        }
        for Waiting {
            seq,
            last_command,
            step,
            ..
        } in &batch.entries
        {
            if let Err(error) = line::write_entry(lines, *seq, *last_command, step) {
                let why = format!("the entry is no JSON: {error}");
                self.shared.lose(*seq, step, &why);
            }
        }
    }

    /// Writes until it has worked. Gives up, and says so, only when the journal
    /// has been closed meanwhile.
    fn write(&mut self, batch: &Batch, lines: &[u8]) -> bool {
        let (first, entries) = (&batch.entries[0], batch.entries.len());
        let mut pause = FIRST_PAUSE;
        let mut last_tries = 0;
        loop {
            let began = monotonic();
            match self.disk.append(first.seq, first.step.at, lines) {
                Ok(()) => {
                    metrics::histogram!("switchyard_journal_commit_seconds")
                        .record(began.elapsed());
                    metrics::histogram!("switchyard_journal_batch_entries").record(entries as f64);
                    metrics::counter!("switchyard_journal_entries_total").increment(entries as u64);
                    let bytes = batch.entries.iter().map(|entry| entry.bytes).sum();
                    self.shared.release(entries, bytes);
                    self.shared.wrote(batch.up_to);
                    for gap in &batch.gaps {
                        tracing::error!(%gap, "the journal is written again, with a gap");
                    }
                    return true;
                }
                Err(error) => {
                    metrics::counter!("switchyard_journal_failures_total").increment(1);
                    self.shared.failed(&error.to_string());
                }
            }
            if self.shared.is_closed() {
                last_tries += 1;
                if last_tries > LAST_TRIES {
                    self.give_up(batch);
                    return false;
                }
            }
            std::thread::park_timeout(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Names in the log what ends with this process.
    fn give_up(&self, batch: &Batch) {
        let why = "the journal was closed while its disk failed";
        let left = self.entries.try_iter();
        for entry in &batch.entries {
            self.shared.lose(entry.seq, &entry.step, why);
        }
        for entry in left {
            self.shared.lose(entry.seq, &entry.step, why);
        }
        let JournalHealth { lost, gaps, .. } = self.shared.health().borrow().clone();
        tracing::error!(
            lost,
            "the journal is closed with entries that could not be written"
        );
        for gap in gaps {
            tracing::error!(%gap, "what the journal does not have");
        }
    }

    /// Hands durable entries to the keeper, unless it is far behind: then it
    /// reads them from the disk.
    fn hand_over(&self, entries: Vec<Waiting>) {
        let kept = entries.into_iter().map(|entry| (entry.seq, entry.step));
        if self.keeper.try_send(Told::Kept(kept.collect())).is_err() {
            metrics::counter!("switchyard_journal_checkpoint_rereads_total").increment(1);
        }
    }

    /// Now and then removes segments that the store has, that a start does not
    /// need, and that are old enough.
    fn remove_old(&self, at: Timestamp, next: &mut Option<Timestamp>) {
        if next.is_some_and(|next| at < next) {
            return;
        }
        *next = Some(at + REMOVAL_EVERY);
        let up_to = self.shared.last_removable();
        if let Err(error) = folder::remove(&self.folder, up_to, at - self.keep) {
            tracing::warn!(%error, "old entries of the journal could not be removed");
        }
    }
}
