//! Checkpoints: what a new run must know, as of one entry, so that it reads
//! only the entries after it. A thread of its own folds what is durable and
//! writes; appending never waits for it.

use crate::engine::memory::Memory;
use crate::store::journal::entry::Step;
use crate::store::journal::error::JournalError;
use crate::store::journal::health::Shared;
use crate::store::journal::line::{sealed, unsealed};
use crate::store::journal::reader::{Item, Reader, unreadable};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

/// Entries between two checkpoints: what a start reads at most, about 0.1 s.
pub(super) const EVERY: u64 = 10_000;
/// Entries after the last checkpoint from which on a start makes one at once: a
/// run that is killed young makes none, and the next would read ever more.
const AT_START: u64 = 1_000;
/// Batches that may wait for the keeper; it reads those beyond from the disk.
pub(super) const QUEUE: usize = 256;

const NAME: &str = "checkpoint";
const DRAFT: &str = "checkpoint.new";

/// What the entries up to `seq` come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The journal it belongs to.
    pub journal: String,
    /// The last entry in it.
    pub seq: u64,
    pub memory: Memory,
}

/// What a journal says of the run before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recall {
    pub memory: Memory,
    /// The last entry that is in it.
    pub seq: u64,
    /// Entries read after the checkpoint.
    pub entries: u64,
    /// Entries that this version did not understand, and damaged lines.
    pub not_understood: u64,
}

impl Recall {
    /// Folds what stands in the journal: the last checkpoint and the entries after it.
    ///
    /// # Errors
    /// [`JournalError`] when the journal can't be read.
    pub fn read(reader: &mut Reader) -> Result<Self, JournalError> {
        let mut recall = Self::from(reader.checkpoint()?.unwrap_or_default());
        reader.go_to(recall.seq)?;
        recall.go_on(reader)?;
        Ok(recall)
    }

    /// Takes in what has been written since.
    fn go_on(&mut self, reader: &mut Reader) -> Result<(), JournalError> {
        while let Some(item) = reader.read()? {
            match item {
                Item::Entry(record) => {
                    self.seq = record.seq;
                    self.entries += 1;
                    match record.commands() {
                        Ok(commands) => self.memory.entry(record.at, &commands),
                        Err(error) => {
                            tracing::error!(%error, "an entry of the journal was not recalled");
                            self.not_understood += 1;
                        }
                    }
                }
                Item::Lost(gap) => tracing::warn!(%gap, "entries are missing in the journal"),
                Item::Damage {
                    segment,
                    offset,
                    why,
                } => {
                    tracing::error!(segment, offset, why, "a line of the journal is damaged");
                    self.not_understood += 1;
                }
            }
        }
        Ok(())
    }
}

impl From<Checkpoint> for Recall {
    fn from(Checkpoint { seq, memory, .. }: Checkpoint) -> Self {
        Self {
            memory,
            seq,
            entries: 0,
            not_understood: 0,
        }
    }
}

/// The last checkpoint. One that this version does not understand is none: then
/// the entries that are still kept have to do.
pub(super) fn read(folder: &Path, journal: &str) -> Result<Option<Checkpoint>, JournalError> {
    let bytes = match std::fs::read(folder.join(NAME)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let understood = unsealed(line).and_then(|body| {
        serde_json::from_str::<Checkpoint>(body).map_err(|error| error.to_string())
    });
    match understood {
        // The segments of another journal were here before.
        Ok(checkpoint) => Ok(Some(checkpoint).filter(|found| found.journal == journal)),
        Err(why) => {
            tracing::error!(
                why,
                "the journal's checkpoint is not understood; what is live is recalled from the entries alone"
            );
            Ok(None)
        }
    }
}

/// Puts a checkpoint in the place of the last, so that one of the two is there
/// at any time.
fn write(folder: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let mut bytes = Vec::new();
    sealed(&mut bytes, |out| {
        Ok(serde_json::to_writer(out, checkpoint)?)
    })?;
    let draft = folder.join(DRAFT);
    let mut file = File::create(&draft)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    std::fs::rename(draft, folder.join(NAME))?;
    File::open(folder)?.sync_all()
}

/// What the writer tells the keeper.
pub(super) enum Told {
    /// Entries that are durable, in order.
    Kept(Vec<(u64, Arc<Step>)>),
    /// It is time.
    Due,
}

/// The thread that makes checkpoints.
pub(super) struct Keeper {
    pub(super) folder: PathBuf,
    pub(super) reader: Reader,
    pub(super) recall: Recall,
    pub(super) shared: Arc<Shared>,
}

impl Keeper {
    /// Makes one whenever it is due, and one at the end.
    pub(super) fn start(self, told: Receiver<Told>) -> io::Result<()> {
        std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || self.run(&told))
            .map(drop)
    }

    fn run(mut self, told: &Receiver<Told>) {
        // What the run before left behind its last checkpoint.
        let mut made = self.recall.seq;
        self.catch_up();
        if self.recall.entries >= AT_START {
            self.make(&mut made);
        }
        while let Ok(told) = told.recv() {
            match told {
                Told::Kept(entries) => self.fold(entries),
                Told::Due => self.make(&mut made),
            }
        }
        self.make(&mut made);
    }

    fn fold(&mut self, entries: Vec<(u64, Arc<Step>)>) {
        let first = entries.first().map_or(0, |(seq, _)| *seq);
        if first > self.recall.seq + 1 {
            // The writer was too far ahead to hand everything over.
            self.catch_up();
        }
        for (seq, step) in entries {
            if seq > self.recall.seq {
                self.recall.seq = seq;
                self.recall.memory.entry(step.at, &step.commands);
            }
        }
    }

    fn catch_up(&mut self) {
        let read = self.reader.go_to(self.recall.seq);
        if let Err(error) = read.and_then(|()| self.recall.go_on(&mut self.reader)) {
            tracing::error!(%error, "the journal cannot be read for its checkpoints");
        }
    }

    fn make(&mut self, made: &mut u64) {
        if self.recall.seq == *made {
            return;
        }
        let checkpoint = Checkpoint {
            journal: self.reader.id().to_owned(),
            seq: self.recall.seq,
            memory: self.recall.memory.clone(),
        };
        match write(&self.folder, &checkpoint) {
            Ok(()) => {
                metrics::counter!("switchyard_journal_checkpoints_total").increment(1);
                self.shared.checkpointed(checkpoint.seq);
                *made = checkpoint.seq;
            }
            // A start then reads more entries, which are kept until it has worked.
            Err(error) => {
                tracing::warn!(%error, "a checkpoint of the journal could not be written");
            }
        }
    }
}
