//! Reading the journal, also from another process while it is being written.

use crate::store::journal::checkpoint::{self, Checkpoint};
use crate::store::journal::entry::Record;
use crate::store::journal::error::JournalError;
use crate::store::journal::gap::Gap;
use crate::store::journal::line::{FORMAT, Line};
use crate::store::journal::segment::SegmentName;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What stands in a journal, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Item {
    Entry(Record),
    /// Entries that could not be kept, as the writer named them when it could
    /// write again.
    Lost(Gap),
    /// A line that is not as it was written.
    Damage {
        segment: String,
        /// Bytes before it in the segment.
        offset: u64,
        why: String,
    },
}

/// A reader of its own place in the journal. Its calls block.
pub struct Reader {
    folder: PathBuf,
    id: String,
    /// The number of the last entry read.
    seq: u64,
    place: Option<Place>,
}

/// Where in the segments the reader is.
struct Place {
    segment: SegmentName,
    file: BufReader<File>,
    /// Bytes of whole lines read.
    offset: u64,
    /// Whether a later segment was there before the last look at this one's
    /// end, so that nothing more can come.
    is_complete: bool,
    line: Vec<u8>,
}

impl Reader {
    /// Opens a journal at its beginning.
    ///
    /// # Errors
    /// [`JournalError::Missing`] when there is none: reading creates nothing.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        if !folder.exists() {
            return Err(JournalError::Missing {
                path: folder.to_owned(),
            });
        }
        if !folder.is_dir() {
            return Err(JournalError::IsFile {
                path: folder.to_owned(),
            });
        }
        Ok(Self {
            folder: folder.to_owned(),
            id: journal_id(folder)?.unwrap_or_default(),
            seq: 0,
            place: None,
        })
    }

    /// The journal's name; see [`super::Journal::id`]. Empty before its first entry.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn named(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// At most `limit` entries after number `seq`, in order. Numbers may be
    /// missing: entries removed since, or lost while the disk failed.
    ///
    /// # Errors
    /// [`JournalError::Read`] when the file can't be read, and
    /// [`JournalError::NoJournal`] when another version wrote it.
    pub fn after(&mut self, seq: u64, limit: u32) -> Result<Vec<Record>, JournalError> {
        self.go_to(seq)?;
        let mut records = Vec::new();
        while records.len() < limit as usize {
            match self.read()? {
                Some(Item::Entry(record)) => records.push(record),
                Some(Item::Lost(_)) => {}
                Some(Item::Damage {
                    segment,
                    offset,
                    why,
                }) => {
                    metrics::counter!("switchyard_journal_damaged_lines_total").increment(1);
                    tracing::error!(segment, offset, why, "a line of the journal is damaged");
                }
                None => break,
            }
        }
        Ok(records)
    }

    /// Makes the entry after number `seq` the next to be read.
    ///
    /// # Errors
    /// [`JournalError::Read`] when the folder can't be read.
    pub fn go_to(&mut self, seq: u64) -> Result<(), JournalError> {
        if seq == self.seq {
            return Ok(());
        }
        let mut names = self.segments()?;
        let begin = names.partition_point(|name| name.first <= seq.saturating_add(1));
        names.drain(..begin.saturating_sub(1));
        self.place = match names.first() {
            Some(first) => self.begin(*first)?,
            None => None,
        };
        self.seq = seq;
        Ok(())
    }

    /// What comes next; none when nothing more is there yet.
    ///
    /// # Errors
    /// As [`Reader::after`].
    pub fn read(&mut self) -> Result<Option<Item>, JournalError> {
        loop {
            let Some(place) = &mut self.place else {
                match self.segments()?.into_iter().next() {
                    Some(first) => self.place = self.begin(first)?,
                    None => return Ok(None),
                }
                if self.place.is_none() {
                    return Ok(None);
                }
                continue;
            };
            let offset = place.offset;
            if !place.next_line().map_err(unreadable)? {
                if !self.move_on()? {
                    return Ok(None);
                }
                continue;
            }
            match Line::read(&place.line) {
                Ok(Line::Entry(record)) if record.seq > self.seq => {
                    self.seq = record.seq;
                    return Ok(Some(Item::Entry(record)));
                }
                // Written once more after a try that failed at its end.
                Ok(Line::Entry(_)) => {}
                Ok(Line::Lost(gap)) if gap.last.seq > self.seq => {
                    return Ok(Some(Item::Lost(gap)));
                }
                Ok(Line::Lost(_)) => {}
                Ok(Line::Head { format, .. }) => self.check_format(format)?,
                Err(why) => {
                    return Ok(Some(Item::Damage {
                        segment: place.segment.to_string(),
                        offset,
                        why,
                    }));
                }
            }
        }
    }

    /// The last checkpoint, if there is one that this version understands.
    ///
    /// # Errors
    /// [`JournalError::Read`] when it can't be read.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, JournalError> {
        checkpoint::read(&self.folder, &self.id)
    }

    /// At the end of a segment: to the next one, when there is one.
    fn move_on(&mut self) -> Result<bool, JournalError> {
        let names = self.segments()?;
        let Some(place) = &mut self.place else {
            return Ok(false);
        };
        let Some(next) = names.into_iter().find(|name| *name > place.segment) else {
            return Ok(false);
        };
        // What was written between our look at the end and the listing.
        if !std::mem::replace(&mut place.is_complete, true) {
            return Ok(true);
        }
        self.place = self.begin(next)?;
        Ok(self.place.is_some())
    }

    fn begin(&self, segment: SegmentName) -> Result<Option<Place>, JournalError> {
        match File::open(self.folder.join(segment.to_string())) {
            Ok(file) => Ok(Some(Place {
                segment,
                file: BufReader::with_capacity(256 * 1_024, file),
                offset: 0,
                is_complete: false,
                line: Vec::new(),
            })),
            // Removed, or given up by the writer, since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(error)),
        }
    }

    fn segments(&self) -> Result<Vec<SegmentName>, JournalError> {
        SegmentName::all(&self.folder).map_err(unreadable)
    }

    fn check_format(&self, format: u32) -> Result<(), JournalError> {
        if format == FORMAT {
            return Ok(());
        }
        Err(JournalError::NoJournal {
            path: self.folder.clone(),
            why: format!("its format is {format}, this version reads {FORMAT}"),
        })
    }
}

impl Place {
    /// Reads the next whole line, without its line break.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let length = self.file.read_until(b'\n', &mut self.line)?;
        if self.line.pop_if(|last| *last == b'\n').is_some() {
            self.offset += length as u64;
            return Ok(true);
        }
        // Half a line is still being written, or was torn off by a crash.
        self.file.seek(SeekFrom::Start(self.offset))?;
        Ok(false)
    }
}

/// The journal's name, from the head of any of its segments.
pub(super) fn journal_id(folder: &Path) -> Result<Option<String>, JournalError> {
    for name in SegmentName::all(folder).map_err(unreadable)?.iter().rev() {
        let mut head = Vec::new();
        let file = match File::open(folder.join(name.to_string())) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(error)),
        };
        BufReader::new(file)
            .read_until(b'\n', &mut head)
            .map_err(unreadable)?;
        let line = head.strip_suffix(b"\n").unwrap_or(&head);
        if let Ok(Line::Head { format, id }) = Line::read(line) {
            return match format {
                FORMAT => Ok(Some(id)),
                other => Err(JournalError::NoJournal {
                    path: folder.to_owned(),
                    why: format!("its format is {other}, this version reads {FORMAT}"),
                }),
            };
        }
    }
    Ok(None)
}

pub(super) fn unreadable(error: io::Error) -> JournalError {
    JournalError::Read {
        why: error.to_string(),
    }
}
