//! The migrations built into the program; `migrations/README.md` has their rules.

use crate::store::connection::AnyConnection;
use crate::store::error::StoreError;
use diesel::connection::SimpleConnection;
use diesel::migration::{Migration, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRESQL: EmbeddedMigrations = embed_migrations!("migrations/postgresql");

/// Several controllers that start together wait for each other here. Any number
/// will do as long as it stays the same.
const POSTGRESQL_LOCK: &str = "SELECT pg_advisory_xact_lock(7393014281)";

/// Runs the migrations that are missing, and names them.
pub(super) fn run(conn: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    conn.write(|conn| {
        let applied = match conn {
            AnyConnection::Postgresql(conn) => {
                conn.batch_execute(POSTGRESQL_LOCK)?;
                conn.run_pending_migrations(POSTGRESQL).map(names)
            }
            AnyConnection::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(names),
        };
        applied.map_err(|error| StoreError::Migration {
            why: error.to_string(),
        })
    })
}

/// The names of the migrations that are missing.
pub(super) fn pending(conn: &mut AnyConnection) -> Result<Vec<String>, StoreError> {
    let missing = match conn {
        AnyConnection::Postgresql(conn) => conn.pending_migrations(POSTGRESQL).map(migration_names),
        AnyConnection::Sqlite(conn) => conn.pending_migrations(SQLITE).map(migration_names),
    };
    missing.map_err(|error| StoreError::Migration {
        why: error.to_string(),
    })
}

fn names(versions: Vec<MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

fn migration_names<DB: diesel::backend::Backend>(
    missing: Vec<Box<dyn Migration<DB>>>,
) -> Vec<String> {
    missing
        .iter()
        .map(|migration| migration.name().to_string())
        .collect()
}
