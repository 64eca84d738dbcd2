//! What can go wrong with the journal.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the folder {} for the journal does not exist; create it or change [journal] path", .folder.display())]
    NoFolder { folder: PathBuf },
    #[error("the journal {} is a file; a journal is a folder (one from a version before 0.2 is a file: \
             let that version's store catch up, move the file away, or change [journal] path)", .path.display())]
    IsFile { path: PathBuf },
    #[error("there is no journal at {}", .path.display())]
    Missing { path: PathBuf },
    #[error("the journal {} cannot be opened: {why}", .path.display())]
    Open { path: PathBuf, why: String },
    #[error("another switchyard writes to the journal {}; replace it with `switchyard serve --take-over`, stop it, or give this one another [journal] path", .path.display())]
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
