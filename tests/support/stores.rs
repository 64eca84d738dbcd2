//! A fresh, migrated store of each kind, so that one test body runs on all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use switchyard::store::Store;

/// One store for one test; its database goes when it is dropped.
pub(crate) struct TestStore {
    pub(crate) kind: &'static str,
    pub(crate) store: Store,
    database: Database,
    _folder: tempfile::TempDir,
}

enum Database {
    Sqlite { folder: PathBuf },
    Postgresql { server: String, name: String },
}

/// SQLite always, and PostgreSQL where `SWITCHYARD_TEST_POSTGRES` gives a URL
/// (`scripts/postgres start` prints one).
pub(crate) async fn fresh() -> Vec<TestStore> {
    let stores = away();
    for test in &stores {
        test.come_back();
        test.store
            .migrate()
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", test.kind));
    }
    stores
}

/// The same, with the databases out of reach until [`TestStore::come_back`].
pub(crate) fn away() -> Vec<TestStore> {
    let mut stores = vec![sqlite()];
    match std::env::var("SWITCHYARD_TEST_POSTGRES") {
        Ok(server) if !server.is_empty() => stores.push(postgresql(server)),
        _ => eprintln!(
            "skipped: PostgreSQL (SWITCHYARD_TEST_POSTGRES is not set; scripts/postgres start prints a URL)"
        ),
    }
    stores
}

fn sqlite() -> TestStore {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("store");
    std::fs::create_dir(&folder).unwrap();
    let store = Store::open(&format!("sqlite://{}/store.db", folder.display())).unwrap();
    std::fs::remove_dir(&folder).unwrap();
    TestStore {
        kind: "SQLite",
        store,
        database: Database::Sqlite { folder },
        _folder: temporary,
    }
}

fn postgresql(server: String) -> TestStore {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("switchyard_test_{}_{count}", std::process::id());
    let (address, _database) = server.rsplit_once('/').expect("a URL with a database");
    let store = Store::open(&format!("{address}/{name}")).unwrap();
    on_server(&server, &format!("DROP DATABASE IF EXISTS {name}"));
    TestStore {
        kind: "PostgreSQL",
        store,
        database: Database::Postgresql { server, name },
        _folder: tempfile::tempdir().unwrap(),
    }
}

fn on_server(server: &str, statement: &str) {
    let mut conn = PgConnection::establish(server).expect("SWITCHYARD_TEST_POSTGRES answers");
    conn.batch_execute(statement).unwrap();
}

impl TestStore {
    /// Makes the database that was out of reach, empty.
    pub(crate) fn come_back(&self) {
        match &self.database {
            Database::Sqlite { folder } => std::fs::create_dir(folder).unwrap(),
            Database::Postgresql { server, name } => {
                on_server(server, &format!("CREATE DATABASE {name}"));
            }
        }
    }

    /// Takes the database out of reach while it is used, until the result is
    /// dropped: SQLite is locked by somebody else, PostgreSQL ends all
    /// connections and lets nobody in.
    #[expect(clippy::allow_attributes, reason = "see the next line")]
    #[allow(dead_code, reason = "not every test takes its store away")]
    pub(crate) fn outage(&self) -> Outage {
        match &self.database {
            Database::Sqlite { folder } => {
                let file = folder.join("store.db").display().to_string();
                let mut lock = SqliteConnection::establish(&file).unwrap();
                lock.batch_execute("BEGIN IMMEDIATE").unwrap();
                Outage::Sqlite { _lock: lock }
            }
            Database::Postgresql { server, name } => {
                let close = format!(
                    "ALTER DATABASE {name} ALLOW_CONNECTIONS false; \
                     SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                );
                on_server(server, &close);
                let (server, name) = (server.clone(), name.clone());
                Outage::Postgresql { server, name }
            }
        }
    }
}

/// A database that is out of reach.
pub(crate) enum Outage {
    Sqlite { _lock: SqliteConnection },
    Postgresql { server: String, name: String },
}

impl Drop for Outage {
    fn drop(&mut self) {
        if let Outage::Postgresql { server, name } = self {
            on_server(
                server,
                &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"),
            );
        }
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        if let Database::Postgresql { server, name } = &self.database
            && let Ok(mut conn) = PgConnection::establish(server)
            && let Err(error) =
                conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        {
            // A panic here would hide the test's own.
            eprintln!("the test database {name} stays behind: {error}");
        }
    }
}
