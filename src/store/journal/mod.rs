//! The journal: every event with the commands it caused, in order, in a local
//! SQLite file of its own. The store is fed from it, and a command that can't
//! be taken back leaves only after its entry is on disk.
//!
//! Appending never waits for the disk. One thread writes whatever has come
//! together in one transaction and one flush (group commit), so that the cost
//! of a flush is shared under load and nobody waits for it without load.

mod entry;
mod error;
mod file;
mod health;
mod reader;
mod writer;

pub use entry::{Entry, Record};
pub use error::JournalError;
pub use health::JournalHealth;
pub use reader::Reader;

use crate::engine::command::Command;
use crate::engine::event::Event;
use crate::engine::id::CommandId;
use crate::engine::time::{Span, Timestamp};
use file::JournalFile;
use health::Shared;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;
use writer::{Line, Writer};

/// Entries that may wait for the disk before more are counted as lost.
pub const MAX_WAITING: usize = 65_536;
/// Bytes that may wait for the disk before more are counted as lost.
pub const MAX_WAITING_BYTES: usize = 64 * 1_024 * 1_024;

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
    lines: SyncSender<Line>,
    shared: Arc<Shared>,
    /// Makes the order in the queue the order of the numbers.
    appending: Mutex<()>,
}

impl Journal {
    /// Opens the journal, or begins a new one; its folder must exist. Entries
    /// that the store has taken over are removed `keep` after they were made.
    ///
    /// # Errors
    /// [`JournalError`] when the folder is missing, the file is no journal, or
    /// another controller writes to it.
    pub fn open(path: &Path, keep: Span) -> Result<Self, JournalError> {
        file::check_path(path)?;
        let lock = file::lock(path)?;
        let mut file = JournalFile::open(path)?;
        let start = file.start()?;
        let shared = Arc::new(Shared::new(start.last_seq));
        let (lines, waiting) = sync_channel(MAX_WAITING);
        Writer::start(file, lock, waiting, Arc::clone(&shared), keep).map_err(|error| {
            JournalError::Open {
                path: path.to_owned(),
                why: error.to_string(),
            }
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                id: start.id,
                next: AtomicU64::new(start.last_seq + 1),
                last_command: AtomicU64::new(start.last_command),
                lines,
                shared,
                appending: Mutex::new(()),
            }),
        })
    }

    /// Appends an entry and gives its number. Never waits for the disk: when it
    /// has failed for so long that nothing more can be kept waiting, the entry
    /// is counted in [`JournalHealth`] and the centre goes on.
    pub fn append(&self, at: Timestamp, event: &Event, commands: &[Command]) -> u64 {
        let inner = &self.inner;
        let last_command = inner
            .last_command
            .fetch_max(highest(commands), Ordering::Relaxed);
        let line = Line::new(at, event, commands, last_command.max(highest(commands)));
        let _order = inner
            .appending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let seq = inner.next.fetch_add(1, Ordering::Relaxed);
        let lost = match line {
            Ok(line) => inner.send(line.numbered(seq)).err(),
            Err(error) => Some(format!("the entry is no JSON: {error}")),
        };
        match lost {
            None => inner.shared.accepted(seq),
            Some(why) => inner.shared.lose(seq, &why),
        }
        seq
    }

    /// The highest number up to which every entry is on disk (or was counted as lost).
    pub fn durable(&self) -> watch::Receiver<u64> {
        self.inner.shared.durable()
    }

    pub fn health(&self) -> watch::Receiver<JournalHealth> {
        self.inner.shared.health()
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
    /// [`JournalError`] when the file can't be opened once more.
    pub fn reader(&self) -> Result<Reader, JournalError> {
        Reader::open(&self.inner.path)
    }
}

impl Inner {
    /// Hands a line to the writing thread, or says why it can't be kept.
    fn send(&self, line: Line) -> Result<(), String> {
        let bytes = line.bytes();
        if !self.shared.reserve(bytes) {
            return Err("too many bytes wait for the disk".to_owned());
        }
        let why = match self.lines.try_send(line) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(_)) => "too many entries wait for the disk",
            Err(TrySendError::Disconnected(_)) => {
                self.shared.failed("its thread has ended");
                "its thread has ended"
            }
        };
        self.shared.release(bytes);
        Err(why.to_owned())
    }
}

fn highest(commands: &[Command]) -> u64 {
    let id = |command: &Command| match command {
        Command::Switch(order) => order.id.0,
        Command::File(order) => order.recording.0,
        Command::Note(_) => 0,
    };
    commands.iter().map(id).max().unwrap_or(0)
}
