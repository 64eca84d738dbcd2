//! Reading the journal, also from another process while it is being written.

use crate::store::journal::entry::Record;
use crate::store::journal::error::JournalError;
use crate::store::journal::file::JournalFile;
use std::path::Path;

/// A reader with a connection of its own. Its calls block.
pub struct Reader {
    file: JournalFile,
    id: String,
}

impl Reader {
    /// # Errors
    /// [`JournalError::NoFile`] when there is no journal: reading creates nothing.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let mut file = JournalFile::open_existing(path)?;
        let id = file.id()?;
        Ok(Self { file, id })
    }

    /// The journal's name; see [`super::Journal::id`].
    pub fn id(&self) -> &str {
        &self.id
    }

    /// At most `limit` entries after number `seq`, in order. Numbers may be
    /// missing: entries removed since, or lost while the disk failed.
    ///
    /// # Errors
    /// [`JournalError::Read`] when the file can't be read.
    pub fn after(&mut self, seq: u64, limit: u32) -> Result<Vec<Record>, JournalError> {
        self.file
            .after(seq, limit)
            .map_err(|error| JournalError::Read {
                why: error.to_string(),
            })
    }
}
