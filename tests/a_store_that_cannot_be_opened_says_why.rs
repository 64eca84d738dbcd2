//! Wrong addresses: a clear error, nothing created, no password told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/stores.rs"]
mod stores;

use switchyard::store::{Store, StoreError};

fn refused(url: &str) -> StoreError {
    Store::open(url).map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn a_mistaken_path_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |path: &str| format!("sqlite://{}/{path}", folder.path().display());

    assert!(matches!(
        refused(&inside("missing/store.db")),
        StoreError::NoFolder { .. }
    ));
    assert!(matches!(refused("store.db"), StoreError::Url(_)));
    assert!(matches!(
        refused(&folder.path().display().to_string()),
        StoreError::Url(_)
    ));
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    assert!(matches!(
        refused(&inside("folder")),
        StoreError::IsFolder { .. }
    ));

    let store = Store::open(&inside("mistyped.db")).unwrap();
    let error = store.check().await.unwrap_err();
    assert!(matches!(error, StoreError::NoFile { .. }), "{error}");
    assert!(error.to_string().contains("switchyard migrate"), "{error}");
    let names: Vec<_> = folder
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["folder"]);
}

#[tokio::test]
async fn a_name_that_sqlite_would_read_as_settings_is_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&format!(
        "sqlite://{}/50%25?mode=memory#x.db",
        folder.path().display()
    ))
    .unwrap();
    store.migrate().await.unwrap();
    assert!(folder.path().join("50%25?mode=memory#x.db").is_file());
}

#[tokio::test]
async fn a_file_that_is_no_database_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    std::fs::write(&file, "Dear Sir or Madam, this is no database at all.").unwrap();
    let store = Store::open(&format!("sqlite://{}", file.display())).unwrap();
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, StoreError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("letter.txt"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap().len(), 46);
}

#[tokio::test]
async fn a_refused_or_absent_server_is_named_without_its_password() {
    let server = std::env::var("SWITCHYARD_TEST_POSTGRES").unwrap_or_default();
    let wrong_password = server.split_once("://").and_then(|(scheme, rest)| {
        let (user_info, host) = rest.rsplit_once('@')?;
        let user = user_info.split(':').next()?;
        Some(format!("{scheme}://{user}:wr0ng-secret@{host}"))
    });
    if wrong_password.is_none() {
        eprintln!("skipped: PostgreSQL (SWITCHYARD_TEST_POSTGRES is not set or has no user)");
    }
    // Port 9 of the loopback is nobody's.
    let nobody = "postgres://sam:wr0ng-secret@127.0.0.1:9/switchyard".to_owned();
    for url in wrong_password.into_iter().chain([nobody]) {
        let store = Store::open(&url).unwrap();
        let error = store.check().await.unwrap_err();
        assert!(matches!(error, StoreError::Connect { .. }), "{error}");
        assert!(error.is_away());
        let told = format!("{error} {error:?} {} {:?}", store.url(), store.url());
        assert!(!told.contains("wr0ng-secret"), "{told}");
    }
}

#[tokio::test]
async fn a_store_without_its_tables_is_told_from_one_that_is_up_to_date() {
    for test in stores::away() {
        assert!(test.store.check().await.is_err(), "{}", test.kind);
        test.come_back();
        if test.kind == "PostgreSQL" {
            let error = test.store.check().await.unwrap_err();
            assert!(matches!(error, StoreError::NotMigrated { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn a_store_is_migrated_once() {
    for test in stores::fresh().await {
        test.store.check().await.unwrap();
        assert!(
            test.store.migrate().await.unwrap().is_empty(),
            "{}",
            test.kind
        );
    }
}
