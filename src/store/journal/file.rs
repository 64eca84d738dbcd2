//! The journal's file: its tables, and the statements on them.

use crate::engine::time::Timestamp;
use crate::store::journal::entry::Record;
use crate::store::journal::error::JournalError;
use crate::store::journal::writer::Line;
use crate::store::url::sqlite_address;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use ulid::Ulid;

diesel::table! {
    entries (seq) {
        seq -> BigInt,
        at -> BigInt,
        event -> Text,
        commands -> Text,
    }
}

diesel::table! {
    journal (id) {
        id -> Text,
        format -> Integer,
        last_seq -> BigInt,
        last_command -> BigInt,
    }
}

/// The format this version writes.
const FORMAT: i32 = 1;

/// FULL flushes at every commit: what was committed survives a power cut.
const SETTINGS: &str = "PRAGMA busy_timeout = 1000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = FULL;";

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        seq INTEGER NOT NULL PRIMARY KEY,
        at BIGINT NOT NULL,
        event TEXT NOT NULL,
        commands TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS journal (
        id TEXT NOT NULL PRIMARY KEY,
        format INTEGER NOT NULL,
        last_seq BIGINT NOT NULL,
        last_command BIGINT NOT NULL
    );";

/// Entries removed at once, so that a removal never holds up appending for long.
const REMOVED_AT_ONCE: i64 = 2_000;

pub(super) struct JournalFile {
    conn: SqliteConnection,
    path: PathBuf,
}

/// Where a journal goes on.
pub(super) struct Start {
    pub(super) id: String,
    pub(super) last_seq: u64,
    pub(super) last_command: u64,
}

impl JournalFile {
    /// Opens the file for writing; makes it when it is missing.
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        Self::connect(path, true)
    }

    /// Opens a file that is there.
    pub(super) fn open_existing(path: &Path) -> Result<Self, JournalError> {
        if !path.exists() {
            return Err(JournalError::NoFile {
                path: path.to_owned(),
            });
        }
        Self::connect(path, false)
    }

    fn connect(path: &Path, create: bool) -> Result<Self, JournalError> {
        check_path(path)?;
        let open = |why: String| JournalError::Open {
            path: path.to_owned(),
            why,
        };
        let mut conn = SqliteConnection::establish(&sqlite_address(path, create))
            .map_err(|error| open(error.to_string()))?;
        conn.batch_execute(SETTINGS)
            .map_err(|error| open(error.to_string()))?;
        if create {
            conn.batch_execute(TABLES)
                .map_err(|error| open(error.to_string()))?;
        }
        Ok(Self {
            conn,
            path: path.to_owned(),
        })
    }

    /// Begins the journal if it is new, and says where it goes on.
    pub(super) fn start(&mut self) -> Result<Start, JournalError> {
        let made = Ulid::new().to_string();
        let found = self.conn.immediate_transaction(|conn| {
            if journal::table.count().get_result::<i64>(conn)? == 0 {
                let first = (
                    journal::id.eq(made),
                    journal::format.eq(FORMAT),
                    journal::last_seq.eq(0),
                    journal::last_command.eq(0),
                );
                diesel::insert_into(journal::table)
                    .values(first)
                    .execute(conn)?;
            }
            journal::table.first::<(String, i32, i64, i64)>(conn)
        });
        let (id, format, last_seq, last_command) =
            found.map_err(|error| self.no_journal(&error))?;
        if format != FORMAT {
            return Err(JournalError::NoJournal {
                path: self.path.clone(),
                why: format!("its format is {format}, this version writes {FORMAT}"),
            });
        }
        Ok(Start {
            id,
            last_seq: unsigned(last_seq),
            last_command: unsigned(last_command),
        })
    }

    /// The journal's name.
    pub(super) fn id(&mut self) -> Result<String, JournalError> {
        journal::table
            .select(journal::id)
            .first(&mut self.conn)
            .map_err(|error| self.no_journal(&error))
    }

    /// Writes the lines in one transaction; when this returns they are on disk.
    pub(super) fn append(&mut self, lines: &[Line]) -> QueryResult<()> {
        let Some(last) = lines.last() else {
            return Ok(());
        };
        self.conn.immediate_transaction(|conn| {
            for line in lines {
                let row = (
                    entries::seq.eq(signed(line.seq)),
                    entries::at.eq(line.at.as_millis()),
                    entries::event.eq(&line.event),
                    entries::commands.eq(&line.commands),
                );
                diesel::insert_into(entries::table)
                    .values(row)
                    .execute(conn)?;
            }
            diesel::update(journal::table)
                .set((
                    journal::last_seq.eq(signed(last.seq)),
                    journal::last_command.eq(signed(last.last_command)),
                ))
                .execute(conn)?;
            Ok(())
        })
    }

    /// Removes entries up to `seq` that are older than `before`, the oldest
    /// first and a limited number at once. Says whether there may be more.
    pub(super) fn remove(&mut self, seq: u64, before: Timestamp) -> QueryResult<bool> {
        let oldest: Vec<(i64, i64)> = entries::table
            .filter(entries::seq.le(signed(seq)))
            .order(entries::seq)
            .limit(REMOVED_AT_ONCE)
            .select((entries::seq, entries::at))
            .load(&mut self.conn)?;
        let old = |(_, at): &&(i64, i64)| *at < before.as_millis();
        let removed = oldest.iter().take_while(old).count();
        if let Some((last, _)) = oldest.iter().take_while(old).last() {
            diesel::delete(entries::table.filter(entries::seq.le(last))).execute(&mut self.conn)?;
        }
        Ok(i64::try_from(removed) == Ok(REMOVED_AT_ONCE))
    }

    /// At most `limit` entries after `seq`, in order.
    pub(super) fn after(&mut self, seq: u64, limit: u32) -> QueryResult<Vec<Record>> {
        let rows: Vec<(i64, i64, String, String)> = entries::table
            .filter(entries::seq.gt(signed(seq)))
            .order(entries::seq)
            .limit(i64::from(limit))
            .load(&mut self.conn)?;
        let record = |(seq, at, event, commands)| Record {
            seq: unsigned(seq),
            at: Timestamp::from_millis(at),
            event,
            commands,
        };
        Ok(rows.into_iter().map(record).collect())
    }

    fn no_journal(&self, error: &diesel::result::Error) -> JournalError {
        JournalError::NoJournal {
            path: self.path.clone(),
            why: error.to_string(),
        }
    }
}

/// Checks what SQLite would explain badly.
pub(super) fn check_path(path: &Path) -> Result<(), JournalError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(JournalError::NoFolder {
            folder: folder.to_owned(),
        });
    }
    if path.is_dir() {
        return Err(JournalError::IsFolder {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Holds the journal for one writing process: two would give the same numbers.
/// The lock goes with the process, however it ends.
pub(super) fn lock(path: &Path) -> Result<File, JournalError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let open = |why: String| JournalError::Open {
        path: path.to_owned(),
        why,
    };
    let file = File::create(&name).map_err(|error| open(error.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(open(error.to_string())),
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
