//! What can go wrong with the journal.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the folder {} for the journal does not exist; create it or change [journal] path", .folder.display())]
    NoFolder { folder: PathBuf },
    #[error("the journal's file {} is a folder; name a file in [journal] path", .path.display())]
    IsFolder { path: PathBuf },
    #[error("there is no journal at {}", .path.display())]
    NoFile { path: PathBuf },
    #[error("the journal {} cannot be opened: {why}", .path.display())]
    Open { path: PathBuf, why: String },
    #[error("another switchyard writes to the journal {}; stop it, or give this one another [journal] path", .path.display())]
    InUse { path: PathBuf },
    #[error("{} holds something else than a journal of this version ({why})", .path.display())]
    NoJournal { path: PathBuf, why: String },
    #[error("the journal cannot be read: {why}")]
    Read { why: String },
    #[error("the journal cannot be written: {why}")]
    Failing { why: String },
    #[error("entry {seq} of the journal is not understood: {why}")]
    Unreadable { seq: u64, why: String },
}
