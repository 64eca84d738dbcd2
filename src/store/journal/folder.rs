//! The journal's folder: its lock, its beginning, and what goes from it.

use crate::engine::time::Timestamp;
use crate::store::journal::error::JournalError;
use crate::store::journal::line::Line;
use crate::store::journal::reader::{Item, Reader, journal_id, unreadable};
use crate::store::journal::segment::SegmentName;
use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use ulid::Ulid;

const LOCK: &str = "lock";

/// Where a journal goes on.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) id: String,
    pub(super) last_seq: u64,
    pub(super) last_command: u64,
}

/// Checks what could not be explained later.
pub(super) fn check(path: &Path) -> Result<(), JournalError> {
    let parent = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(JournalError::NoFolder {
            folder: parent.to_owned(),
        });
    }
    if path.is_file() {
        return Err(JournalError::IsFile {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Holds the journal for one writing process, and makes its folder when it is
/// missing: two writers would give the same numbers. The lock goes with the
/// process, however it ends.
pub(super) fn lock(path: &Path) -> Result<File, JournalError> {
    let open = |error: io::Error| JournalError::Open {
        path: path.to_owned(),
        why: error.to_string(),
    };
    match std::fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(open(error)),
        _ => {}
    }
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.join(LOCK))
        .map_err(open)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(open(error)),
    }
}

/// Where the journal goes on, or the name of a new one.
pub(super) fn start(path: &Path) -> Result<Start, JournalError> {
    let Some(id) = journal_id(path)? else {
        if let Some(name) = stranger(path).map_err(unreadable)? {
            return Err(JournalError::NoJournal {
                path: path.to_owned(),
                why: format!("it has {name:?} in it and no entries"),
            });
        }
        return Ok(Start {
            id: Ulid::new().to_string(),
            last_seq: 0,
            last_command: 0,
        });
    };
    let mut start = Start {
        id,
        last_seq: 0,
        last_command: 0,
    };
    let mut reader = Reader::open(path)?;
    for name in SegmentName::all(path).map_err(unreadable)?.iter().rev() {
        reader.go_to(name.first.saturating_sub(1))?;
        while let Some(item) = reader.read()? {
            match item {
                Item::Entry(record) => {
                    start.last_seq = record.seq;
                    start.last_command = record.last_command;
                }
                Item::Lost(gap) => start.last_seq = start.last_seq.max(gap.last.seq),
                Item::Damage { .. } => {}
            }
        }
        if start.last_seq > 0 {
            break;
        }
        // Nothing in it can be read, but its number was given.
        start.last_seq = name.first;
    }
    if let Some(checkpoint) = reader.checkpoint()? {
        start.last_seq = start.last_seq.max(checkpoint.seq);
        let remembered = checkpoint.memory.remembered().last_command;
        start.last_command = start.last_command.max(remembered.0);
    }
    Ok(start)
}

/// Something in the folder that no journal puts there.
fn stranger(path: &Path) -> io::Result<Option<String>> {
    let own = |name: &str| {
        name == LOCK
            || name == "lost+found"
            || name.starts_with("checkpoint")
            || name.ends_with(".log")
    };
    for file in path.read_dir()? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if !own(&name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Removes the segments all of whose entries have numbers up to `seq` and are
/// older than `before`. The last one stays.
pub(super) fn remove(path: &Path, seq: u64, before: Timestamp) -> io::Result<()> {
    let names = SegmentName::all(path)?;
    for (old, next) in names.iter().zip(names.iter().skip(1)) {
        let is_done = next.first <= seq.saturating_add(1)
            && first_at(&path.join(next.to_string()))?.is_some_and(|at| at < before);
        if !is_done {
            break;
        }
        std::fs::remove_file(path.join(old.to_string()))?;
    }
    Ok(())
}

/// When the first entry of a segment was made.
fn first_at(segment: &Path) -> io::Result<Option<Timestamp>> {
    let mut file = BufReader::new(File::open(segment)?);
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        if let Ok(Line::Entry(record)) = Line::read(line.strip_suffix(b"\n").unwrap_or(&line)) {
            return Ok(Some(record.at));
        }
        line.clear();
    }
    Ok(None)
}
