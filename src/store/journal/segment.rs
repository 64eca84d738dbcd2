//! The segments: the files that hold the journal, one after the other. Only the
//! last is written, and only at its end; after any failure a new one is begun,
//! since nobody knows what a disk did with the pages it reported lost.

use crate::engine::time::{Span, Timestamp};
use crate::store::journal::line;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A segment is as large as this and a batch at most.
const SIZE: u64 = 16 * 1_024 * 1_024;
/// A segment's entries are not further apart than this and a batch, so that
/// old ones can go one file at a time.
const AGE: Span = Span::seconds(86_400);

/// Where the journal's lines go. Tests and measurements put something between.
pub trait Disk: Send {
    /// Appends whole lines, the first entry of which is number `first`, made
    /// `at`. When this returns they survive a power cut.
    ///
    /// # Errors
    /// Why nothing of it counts as written.
    fn append(&mut self, first: u64, at: Timestamp, lines: &[u8]) -> io::Result<()>;
}

/// A segment's file name: the number of its first entry, and which try it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SegmentName {
    pub(super) first: u64,
    nth: u32,
}

pub(super) struct Segments {
    folder: PathBuf,
    id: String,
    current: Option<Current>,
}

/// The segment that is written.
struct Current {
    path: PathBuf,
    file: File,
    begun: Timestamp,
    /// Bytes that are durable.
    kept: u64,
}

impl Segments {
    pub(super) fn new(folder: &Path, id: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            id: id.to_owned(),
            current: None,
        }
    }

    fn begin(&self, first: u64, at: Timestamp) -> io::Result<Current> {
        let (path, file) = self.create(first)?;
        Ok(Current {
            path,
            file,
            begun: at,
            kept: 0,
        })
    }

    fn create(&self, first: u64) -> io::Result<(PathBuf, File)> {
        let mut nth = 0;
        loop {
            let path = self.folder.join(SegmentName { first, nth }.to_string());
            match File::create_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => nth += 1,
                made => return Ok((path, made?)),
            }
        }
    }
}

impl Disk for Segments {
    fn append(&mut self, first: u64, at: Timestamp, lines: &[u8]) -> io::Result<()> {
        let room = |current: &Current| current.kept < SIZE && at.since(current.begun) < AGE;
        let mut current = match self.current.take().filter(room) {
            Some(current) => current,
            None => self.begin(first, at)?,
        };
        let is_new = current.kept == 0;
        let written = if is_new {
            let mut all = Vec::with_capacity(lines.len() + 100);
            line::write_head(&mut all, &self.id)?;
            all.extend_from_slice(lines);
            current.append(&all)
        } else {
            current.append(lines)
        };
        // The file's name has to survive as well.
        let written = written.and_then(|()| match is_new {
            true => File::open(&self.folder)?.sync_all(),
            false => Ok(()),
        });
        match written {
            Ok(()) => self.current = Some(current),
            Err(_) => current.give_up(is_new),
        }
        written
    }
}

impl Current {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_data()?;
        self.kept += bytes.len() as u64;
        Ok(())
    }

    /// Leaves the segment as it was before what failed. Readers pass over what
    /// cannot be removed.
    fn give_up(self, is_new: bool) {
        let tidied = match is_new {
            true => std::fs::remove_file(&self.path),
            false => self.file.set_len(self.kept),
        };
        if let Err(error) = tidied {
            tracing::warn!(%error, segment = %self.path.display(), "a torn end of the journal stays behind");
        }
    }
}

impl SegmentName {
    fn read(name: &str) -> Option<Self> {
        let (first, nth) = name.strip_suffix(".log")?.split_once('.')?;
        Some(Self {
            first: first.parse().ok()?,
            nth: nth.parse().ok()?,
        })
    }

    /// The segments in `folder`, in order.
    pub(super) fn all(folder: &Path) -> io::Result<Vec<Self>> {
        let mut names = Vec::new();
        for file in folder.read_dir()? {
            names.extend(file?.file_name().to_str().and_then(Self::read));
        }
        names.sort_unstable();
        Ok(names)
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}.{}.log", self.first, self.nth)
    }
}
