//! The thread that writes: it takes what has come together and commits it at once.

use crate::engine::command::Command;
use crate::engine::event::Event;
use crate::engine::time::{Span, Timestamp};
use crate::store::journal::file::JournalFile;
use crate::store::journal::health::Shared;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

/// Entries written in one transaction at most.
const BATCH: usize = 1_024;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Tries after the last handle is gone, before what is left is given up.
const LAST_TRIES: u32 = 5;
/// How often old entries are looked for, in the entries' own time.
const REMOVAL_EVERY: Span = Span::seconds(600);

/// An entry on its way to the disk.
pub(super) struct Line {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) event: String,
    pub(super) commands: String,
    /// The highest command id up to and with this entry.
    pub(super) last_command: u64,
}

impl Line {
    pub(super) fn new(
        at: Timestamp,
        event: &Event,
        commands: &[Command],
        last_command: u64,
    ) -> serde_json::Result<Self> {
        Ok(Self {
            seq: 0,
            at,
            event: serde_json::to_string(event)?,
            commands: serde_json::to_string(commands)?,
            last_command,
        })
    }

    pub(super) fn numbered(self, seq: u64) -> Self {
        Self { seq, ..self }
    }

    pub(super) fn bytes(&self) -> usize {
        self.event.len() + self.commands.len() + size_of::<Self>()
    }
}

pub(super) struct Writer {
    file: JournalFile,
    _lock: File,
    lines: Receiver<Line>,
    shared: Arc<Shared>,
    keep: Span,
    next_removal: Option<Timestamp>,
}

/// What has come together for the next transaction.
struct Batch {
    lines: Vec<Line>,
    /// Everything up to this number is on disk or lost once the batch is.
    up_to: u64,
    /// No more will come.
    closed: bool,
}

impl Writer {
    pub(super) fn start(
        file: JournalFile,
        lock: File,
        lines: Receiver<Line>,
        shared: Arc<Shared>,
        keep: Span,
    ) -> io::Result<()> {
        let writer = Self {
            file,
            _lock: lock,
            lines,
            shared,
            keep,
            next_removal: None,
        };
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run())?;
        Ok(())
    }

    fn run(mut self) {
        loop {
            let batch = self.gather();
            if !batch.lines.is_empty() && !self.write(&batch) {
                return;
            }
            if batch.closed {
                return;
            }
            self.remove_old(batch.lines.last().map(|line| line.at));
        }
    }

    /// Waits for an entry and takes those behind it.
    fn gather(&self) -> Batch {
        let Ok(first) = self.lines.recv() else {
            return Batch {
                lines: Vec::new(),
                up_to: 0,
                closed: true,
            };
        };
        // Read before the queue is emptied: whatever was accepted before this
        // loss stands in the queue already.
        let lost = self.shared.last_lost();
        let mut batch = Batch {
            up_to: first.seq,
            lines: vec![first],
            closed: false,
        };
        while batch.lines.len() < BATCH {
            match self.lines.try_recv() {
                Ok(line) => {
                    batch.up_to = line.seq;
                    batch.lines.push(line);
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

    /// Writes until it has worked. Gives up, and says so, only when the journal
    /// has been closed meanwhile.
    fn write(&mut self, batch: &Batch) -> bool {
        let mut pause = FIRST_PAUSE;
        let mut last_tries = 0;
        loop {
            #[expect(
                clippy::disallowed_methods,
                reason = "measures the disk, decides nothing"
            )]
            let began = Instant::now();
            match self.file.append(&batch.lines) {
                Ok(()) => {
                    metrics::histogram!("switchyard_journal_commit_seconds")
                        .record(began.elapsed());
                    metrics::histogram!("switchyard_journal_batch_entries")
                        .record(batch.lines.len() as f64);
                    metrics::counter!("switchyard_journal_entries_total")
                        .increment(batch.lines.len() as u64);
                    self.shared
                        .release(batch.lines.iter().map(Line::bytes).sum());
                    self.shared.wrote(batch.up_to);
                    return true;
                }
                Err(error) => {
                    metrics::counter!("switchyard_journal_failures_total").increment(1);
                    self.shared.failed(&error.to_string());
                }
            }
            // The handles hold the other references.
            if Arc::strong_count(&self.shared) == 1 {
                last_tries += 1;
                if last_tries > LAST_TRIES {
                    tracing::error!("the journal is closed with entries that could not be written");
                    return false;
                }
            }
            std::thread::park_timeout(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Now and then removes entries that the store has and that are old enough.
    fn remove_old(&mut self, at: Option<Timestamp>) {
        let Some(at) = at.filter(|at| self.next_removal.is_none_or(|next| next <= *at)) else {
            return;
        };
        match self
            .file
            .remove(self.shared.last_taken_over(), at - self.keep)
        {
            Ok(true) => self.next_removal = None,
            Ok(false) => self.next_removal = Some(at + REMOVAL_EVERY),
            Err(error) => {
                tracing::warn!(%error, "old entries of the journal could not be removed");
                self.next_removal = Some(at + REMOVAL_EVERY);
            }
        }
    }
}
