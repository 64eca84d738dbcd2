//! One connection, to either database.

use crate::store::error::StoreError;
use crate::store::url::{StoreUrl, sqlite_address};
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::{Connection, PgConnection, QueryResult, SqliteConnection};
use std::path::Path;

/// A connection to the store. SQLite is last because it takes any text for the
/// name of a file.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    Postgresql(PgConnection),
    Sqlite(SqliteConnection),
}

/// Writers wait this long for each other, across processes.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;";

/// Whether opening may make the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    Existing,
    /// Makes an SQLite file that is missing; its folder must be there.
    Create,
}

impl AnyConnection {
    pub(super) fn open(url: &StoreUrl, opening: Opening) -> Result<Self, StoreError> {
        match url {
            StoreUrl::Sqlite(path) => Self::open_sqlite(url, path, opening),
            StoreUrl::Postgresql(address) => PgConnection::establish(address.secret())
                .map(Self::Postgresql)
                .map_err(|error| StoreError::Connect {
                    url: url.to_string(),
                    why: address.redacted(&one_line(&error.to_string())),
                }),
        }
    }

    fn open_sqlite(url: &StoreUrl, path: &Path, opening: Opening) -> Result<Self, StoreError> {
        check_sqlite_path(path)?;
        if opening == Opening::Existing && !path.exists() {
            return Err(StoreError::NoFile {
                path: path.to_owned(),
            });
        }
        let connect = |why: String| StoreError::Connect {
            url: url.to_string(),
            why: one_line(&why),
        };
        let mut conn =
            SqliteConnection::establish(&sqlite_address(path, opening == Opening::Create))
                .map_err(|error| connect(error.to_string()))?;
        conn.batch_execute(SQLITE_SETTINGS)
            .map_err(|error| connect(error.to_string()))?;
        Ok(Self::Sqlite(conn))
    }

    /// Whether the server still answers. An SQLite file always does.
    pub(super) fn is_alive(&mut self) -> bool {
        match self {
            Self::Postgresql(conn) => conn.batch_execute("SELECT 1").is_ok(),
            Self::Sqlite(_) => true,
        }
    }

    /// Runs `work` in a transaction that may write from its beginning: SQLite
    /// would otherwise fail, without waiting, where a reader becomes a writer.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.begin()?;
        match work(self) {
            Ok(value) => {
                <Self as Connection>::TransactionManager::commit_transaction(self)?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to tell; a rollback that fails too
                // leaves a connection that the pool throws away.
                match <Self as Connection>::TransactionManager::rollback_transaction(self) {
                    Ok(()) => Err(error),
                    Err(rollback) => {
                        tracing::warn!(%rollback, "a transaction of the store could not be rolled back");
                        Err(error)
                    }
                }
            }
        }
    }

    fn begin(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgresql(conn) => AnsiTransactionManager::begin_transaction(conn),
            Self::Sqlite(conn) => {
                AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
            }
        }
    }

    /// Whether no transaction is open or broken, so that another may use it.
    pub(super) fn is_at_rest(&mut self) -> bool {
        let depth = match self {
            Self::Postgresql(conn) => AnsiTransactionManager::transaction_manager_status_mut(conn)
                .transaction_depth()
                .map(|depth| depth.is_none()),
            Self::Sqlite(conn) => AnsiTransactionManager::transaction_manager_status_mut(conn)
                .transaction_depth()
                .map(|depth| depth.is_none()),
        };
        depth.unwrap_or(false)
    }
}

/// A path that could hold a store: its folder exists and it is no folder itself.
pub(super) fn check_sqlite_path(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(StoreError::NoFolder {
            folder: folder.to_owned(),
        });
    }
    if path.is_dir() {
        return Err(StoreError::IsFolder {
            path: path.to_owned(),
        });
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
