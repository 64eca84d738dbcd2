//! The journal: every event with the commands it caused, in order, in files of
//! its own on this machine. The store is fed from it, a new run recalls from it
//! what was live, and a command that can't be taken back leaves only after its
//! entry is on disk.
//!
//! It is a folder of segments that are only ever appended to ([`line`] and
//! [`segment`]), with the last checkpoint beside them ([`checkpoint`]).
//! Appending never waits for the disk: one thread writes whatever has come
//! together with one flush (group commit), so that the cost of a flush is shared
//! under load and nobody waits for it without load.

mod checkpoint;
mod entry;
mod error;
mod folder;
mod gap;
mod health;
mod line;
mod reader;
mod segment;
mod writer;

pub use checkpoint::{Checkpoint, Recall};
pub use entry::{Entry, Record, Step};
pub use error::JournalError;
pub use gap::{CALLS_NAMED, Gap, Mark};
pub use health::JournalHealth;
pub use reader::{Item, Reader};
pub use segment::Disk;

use crate::engine::id::CommandId;
use crate::engine::time::Span;
use checkpoint::Keeper;
use health::Shared;
use segment::Segments;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use writer::{Waiting, Writer};

/// Entries that may wait for the disk before more are counted as lost.
pub const MAX_WAITING: usize = 65_536;
/// Bytes that may wait for the disk, about, before more are counted as lost.
pub const MAX_WAITING_BYTES: usize = 256 * 1_024 * 1_024;

/// The journal, open for appending. Cheap to clone; the writing thread ends
/// when the last clone is dropped and everything is written.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    id: String,
    next: AtomicU64,
    last_command: AtomicU64,
    entries: SyncSender<Waiting>,
    shared: Arc<Shared>,
    /// Makes the order in the queue the order of the numbers.
    appending: Mutex<()>,
}

impl Journal {
    /// Opens the journal in the folder `path`, or begins a new one; the folder
    /// above must exist. Entries that the store has taken over and that a
    /// checkpoint stands for are removed `keep` after they were made.
    ///
    /// # Errors
    /// [`JournalError`] when the path holds no journal, or another controller
    /// writes to it. That the disk cannot be written is told by
    /// [`JournalHealth`]: calls are taken without.
    pub fn open(path: &Path, keep: Span) -> Result<Self, JournalError> {
        Self::open_on(path, keep, |disk| disk)
    }

    /// The same with something between the journal and its disk, for tests and
    /// measurements.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_on(
        path: &Path,
        keep: Span,
        through: impl FnOnce(Box<dyn Disk>) -> Box<dyn Disk>,
    ) -> Result<Self, JournalError> {
        folder::check(path)?;
        let lock = folder::lock(path)?;
        let start = folder::start(path)?;
        let reader = Reader::open(path)?.named(&start.id);
        let checkpoint = reader.checkpoint()?.unwrap_or_default();
        let shared = Arc::new(Shared::new(lock, start.last_seq, checkpoint.seq));
        let (entries, waiting) = sync_channel(MAX_WAITING);
        let (keeper, told) = sync_channel(checkpoint::QUEUE);
        let open = |error: std::io::Error| JournalError::Open {
            path: path.to_owned(),
            why: error.to_string(),
        };
        let checkpoints = Keeper {
            folder: path.to_owned(),
            reader,
            recall: Recall::from(checkpoint),
            shared: Arc::clone(&shared),
        };
        checkpoints.start(told).map_err(open)?;
        let writer = Writer {
            folder: path.to_owned(),
            disk: through(Box::new(Segments::new(path, &start.id))),
            entries: waiting,
            shared: Arc::clone(&shared),
            keep,
            keeper,
        };
        writer.start().map_err(open)?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                id: start.id,
                next: AtomicU64::new(start.last_seq + 1),
                last_command: AtomicU64::new(start.last_command),
                entries,
                shared,
                appending: Mutex::new(()),
            }),
        })
    }

    /// Appends an entry and gives its number. Never waits for the disk: when it
    /// has failed for so long that nothing more can be kept waiting, the entry
    /// is counted and named in [`JournalHealth`] and the centre goes on.
    pub fn append(&self, step: impl Into<Arc<Step>>) -> u64 {
        let (inner, step) = (&self.inner, step.into());
        let bytes = step.weight();
        let highest = step.last_command();
        let _order = inner
            .appending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = inner.last_command.fetch_max(highest, Ordering::Relaxed);
        let seq = inner.next.fetch_add(1, Ordering::Relaxed);
        inner.send(Waiting {
            seq,
            last_command: before.max(highest),
            step,
            bytes,
        });
        seq
    }

    /// The highest number up to which every entry is on disk (or was counted as lost).
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.inner.shared.durable()
    }

    pub fn health(&self) -> watch::Receiver<JournalHealth> {
        self.inner.shared.health()
    }

    /// Entries that wait for the disk, of [`MAX_WAITING`].
    pub fn waiting(&self) -> usize {
        self.inner.shared.waiting()
    }

    /// Waits until the entry `seq` is on disk.
    ///
    /// # Errors
    /// [`JournalError::Failing`] at once when the disk fails, so that the
    /// caller can decide to go on without it.
    pub async fn kept(&self, seq: u64) -> Result<(), JournalError> {
        let (mut durable, mut health) = (self.durable(), self.health());
        loop {
            if *durable.borrow_and_update() >= seq {
                return Ok(());
            }
            if let Some(why) = &health.borrow_and_update().failing {
                return Err(JournalError::Failing { why: why.clone() });
            }
            let changed = tokio::select! {
                changed = durable.changed() => changed,
                changed = health.changed() => changed,
            };
            if changed.is_err() {
                return Err(JournalError::Failing {
                    why: "its thread has ended".to_owned(),
                });
            }
        }
    }

    /// Raises the alarm that the disk gives no answer, neither good nor bad.
    pub fn does_not_answer(&self) {
        self.inner.shared.failed("the disk does not answer");
    }

    /// Waits until everything appended so far is on disk.
    ///
    /// # Errors
    /// [`JournalError::Failing`] when the disk fails.
    pub async fn flush(&self) -> Result<(), JournalError> {
        self.kept(self.inner.shared.last_accepted()).await
    }

    /// Closes the journal and waits until everything is written, as far as the
    /// disk allows. Other clones must be gone.
    pub async fn close(self) {
        let mut durable = self.durable();
        drop(self);
        while durable.changed().await.is_ok() {}
    }

    /// The highest command id in the journal, also of entries removed since.
    pub fn last_command(&self) -> CommandId {
        CommandId(self.inner.last_command.load(Ordering::Relaxed))
    }

    /// The name this journal was given when it was begun; a journal begun anew
    /// has another, so that its numbers are not taken for the old ones.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Tells that the store has everything up to `seq`, which may go when it is old.
    pub fn taken_over(&self, seq: u64) {
        self.inner.shared.taken_over(seq);
    }

    /// # Errors
    /// [`JournalError`] when the folder can't be read.
    pub fn reader(&self) -> Result<Reader, JournalError> {
        Ok(Reader::open(&self.inner.path)?.named(&self.inner.id))
    }

    /// What the runs before left behind, from the last checkpoint and the
    /// entries after it. Blocks.
    ///
    /// # Errors
    /// [`JournalError`] when the journal can't be read.
    pub fn recall(&self) -> Result<Recall, JournalError> {
        Recall::read(&mut self.reader()?)
    }
}

impl Inner {
    /// Hands an entry to the writing thread, or counts it as lost.
    fn send(&self, entry: Waiting) {
        let (seq, bytes) = (entry.seq, entry.bytes);
        if !self.shared.reserve(bytes) {
            return self
                .shared
                .lose(seq, &entry.step, "too many bytes wait for the disk");
        }
        let (entry, why) = match self.entries.try_send(entry) {
            Ok(()) => return self.shared.accepted(seq),
            Err(TrySendError::Full(entry)) => (entry, "too many entries wait for the disk"),
            Err(TrySendError::Disconnected(entry)) => {
                self.shared.failed("its thread has ended");
                (entry, "its thread has ended")
            }
        };
        self.shared.release(1, bytes);
        self.shared.lose(seq, &entry.step, why);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.close();
    }
}
