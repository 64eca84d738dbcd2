//! A fresh, migrated store of each kind, so that one test body runs on all.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};
use switchyard::store::Store;

/// One store for one test; its database goes when it is dropped.
pub(crate) struct TestStore {
    pub(crate) kind: &'static str,
    pub(crate) store: Store,
    _folder: tempfile::TempDir,
    server: Option<(String, String)>,
}

/// SQLite always, and PostgreSQL where `SWITCHYARD_TEST_POSTGRES` gives a URL
/// (`scripts/postgres start` prints one).
pub(crate) async fn fresh() -> Vec<TestStore> {
    let stores = empty();
    for test in &stores {
        test.store
            .migrate()
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", test.kind));
    }
    stores
}

/// The same without tables.
pub(crate) fn empty() -> Vec<TestStore> {
    let mut stores = vec![sqlite()];
    match std::env::var("SWITCHYARD_TEST_POSTGRES") {
        Ok(server) if !server.is_empty() => stores.push(postgresql(&server)),
        _ => eprintln!(
            "skipped: PostgreSQL (SWITCHYARD_TEST_POSTGRES is not set; see scripts/postgres)"
        ),
    }
    stores
}

fn sqlite() -> TestStore {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/store.db", folder.path().display());
    let store = Store::open(&url).unwrap();
    TestStore {
        kind: "SQLite",
        store,
        _folder: folder,
        server: None,
    }
}

fn postgresql(server: &str) -> TestStore {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("switchyard_test_{}_{count}", std::process::id());
    let mut conn = PgConnection::establish(server).expect("SWITCHYARD_TEST_POSTGRES answers");
    conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name}"))
        .unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}"))
        .unwrap();
    let (address, _database) = server.rsplit_once('/').expect("a url with a database");
    let url = format!("{address}/{name}");
    let store = Store::open(&url).unwrap();
    let folder = tempfile::tempdir().unwrap();
    TestStore {
        kind: "PostgreSQL",
        store,
        _folder: folder,
        server: Some((server.to_owned(), name)),
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.server
            && let Ok(mut conn) = PgConnection::establish(server)
        {
            // A leftover test database harms nobody; a panic in drop would hide the test's own.
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}
