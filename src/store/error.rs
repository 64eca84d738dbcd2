//! What can go wrong with the store, and how to mend it.

use crate::store::journal::JournalError;
use crate::store::url::StoreUrlError;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Url(#[from] StoreUrlError),
    #[error("the folder {} for the store does not exist; create it or change the store's url", .folder.display())]
    NoFolder { folder: PathBuf },
    #[error("the store's file {} is a folder; name a file in the store's url", .path.display())]
    IsFolder { path: PathBuf },
    #[error("there is no store at {}; `switchyard migrate` creates it", .path.display())]
    NoFile { path: PathBuf },
    /// The database can't be reached, or refused us. No password in `why`.
    #[error("the store {url} cannot be opened: {why}")]
    Connect { url: String, why: String },
    #[error("the store's tables are not up to date (missing: {}); run `switchyard migrate`", .pending.join(", "))]
    NotMigrated { pending: Vec<String> },
    #[error("a migration of the store failed: {why}")]
    Migration { why: String },
    #[error("the store refused a query: {0}")]
    Query(#[source] DieselError),
    #[error(
        "the store's connections are all busy and {waiting} tasks wait for one; the database is too slow"
    )]
    Overloaded { waiting: usize },
    /// The row that should be made is there already.
    #[error("{what} exists already")]
    Exists { what: String },
    #[error("there is no {what}")]
    Missing { what: String },
    /// A row holds what this program cannot have written.
    #[error("the store holds {found:?} as {what}, which this version does not understand")]
    Unreadable { what: &'static str, found: String },
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("a task on the store's thread ended before its answer: {why}")]
    Interrupted { why: String },
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        Self::Query(error)
    }
}

impl StoreError {
    /// Whether the database is away, so that trying again later is the answer.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Overloaded { .. } => true,
            Self::Query(error) => breaks_connection(error),
            _ => false,
        }
    }

    pub(super) fn is_duplicate(&self) -> bool {
        matches!(
            self,
            Self::Query(DieselError::DatabaseError(
                DatabaseErrorKind::UniqueViolation,
                _
            ))
        )
    }
}

/// Whether the connection that gave this error should not be used again.
/// libpq reports a lost server as an unknown error, so that an unknown error
/// costs a new connection.
pub(super) fn breaks_connection(error: &DieselError) -> bool {
    matches!(
        error,
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::Unknown,
            _
        ) | DieselError::BrokenTransactionManager
            | DieselError::RollbackErrorOnCommit { .. }
    )
}
