//! Users and sessions, the same on both databases.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/stores.rs"]
mod stores;

use switchyard::engine::id::{AgentId, TenantId};
use switchyard::engine::time::{Span, Timestamp};
use switchyard::store::sessions::{self, TokenHash};
use switchyard::store::users::{self, LockPolicy, NewUser, Role};
use switchyard::store::{Store, StoreError};
use switchyard::switch::Language;

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_780_000_000_000 + millis)
}

async fn make(store: &Store, login: &str) -> users::User {
    let new = NewUser {
        tenant: tenant(),
        login: login.to_owned(),
        password_hash: "$argon2id$…".to_owned(),
        role: Role::Supervisor,
        display_name: "王 O'Neil \"; DROP TABLE users; --".to_owned(),
        language: Language::Chinese,
        agent: Some(AgentId::new("wang").unwrap()),
    };
    users::create(store, new, at(0)).await.unwrap()
}

#[tokio::test]
async fn a_person_is_found_again_as_they_were_made() {
    for test in stores::fresh().await {
        let made = make(&test.store, "wang").await;
        let found = users::find(&test.store, &tenant(), "wang")
            .await
            .unwrap()
            .expect(test.kind);
        assert!(found == made, "{}", test.kind);
        assert!(
            users::find(&test.store, &tenant(), "li")
                .await
                .unwrap()
                .is_none()
        );
        let elsewhere = TenantId::new("other").unwrap();
        assert!(
            users::find(&test.store, &elsewhere, "wang")
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(users::list(&test.store, &tenant()).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_login_is_given_once() {
    for test in stores::fresh().await {
        let first = make(&test.store, "wang").await;
        let again = NewUser {
            tenant: tenant(),
            login: first.login,
            password_hash: first.password_hash,
            role: first.role,
            display_name: first.display_name,
            language: first.language,
            agent: first.agent,
        };
        let error = users::create(&test.store, again, at(1))
            .await
            .map(|_| ())
            .unwrap_err();
        assert!(
            matches!(error, StoreError::Exists { .. }),
            "{}: {error}",
            test.kind
        );
    }
}

#[tokio::test]
async fn wrong_passwords_lock_a_login_for_a_while() {
    let policy = LockPolicy {
        attempts: 3,
        lock: Span::seconds(60),
    };
    for test in stores::fresh().await {
        let store = &test.store;
        make(store, "wang").await;
        for attempt in 1..3 {
            let locked = users::record_failure(store, &tenant(), "wang", at(attempt), policy).await;
            assert_eq!(locked.unwrap(), None, "{}", test.kind);
        }
        let locked = users::record_failure(store, &tenant(), "wang", at(3), policy)
            .await
            .unwrap();
        assert_eq!(locked, Some(at(60_003)));
        let user = users::find(store, &tenant(), "wang")
            .await
            .unwrap()
            .unwrap();
        assert!(user.is_locked(at(60_002)) && !user.is_locked(at(60_003)));
        users::unlock(store, &tenant(), "wang").await.unwrap();
        let user = users::find(store, &tenant(), "wang")
            .await
            .unwrap()
            .unwrap();
        assert!(!user.is_locked(at(4)));
        let unknown = users::record_failure(store, &tenant(), "li", at(5), policy).await;
        assert!(matches!(unknown, Err(StoreError::Missing { .. })));
    }
}

#[tokio::test]
async fn a_session_lasts_until_it_expires_or_is_revoked() {
    for test in stores::fresh().await {
        let store = &test.store;
        let user = make(store, "wang").await;
        let token = || TokenHash::of("a token");
        sessions::create(store, token(), &user, at(0), at(1_000))
            .await
            .unwrap();
        let (session, found) = sessions::find(store, token(), at(999))
            .await
            .unwrap()
            .unwrap();
        assert!(
            found == user && session.expires == at(1_000),
            "{}",
            test.kind
        );
        assert!(
            sessions::find(store, token(), at(1_000))
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            sessions::find(store, TokenHash::of("another"), at(1))
                .await
                .unwrap()
                .is_none()
        );

        sessions::touch(store, token(), at(900), at(2_000))
            .await
            .unwrap();
        let (session, _) = sessions::find(store, token(), at(1_500))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((session.last_seen, session.expires), (at(900), at(2_000)));

        sessions::revoke(store, token()).await.unwrap();
        assert!(
            sessions::find(store, token(), at(1_500))
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test]
async fn a_new_password_ends_all_sessions() {
    for test in stores::fresh().await {
        let store = &test.store;
        let user = make(store, "wang").await;
        sessions::create(store, TokenHash::of("one"), &user, at(0), at(1_000))
            .await
            .unwrap();
        users::set_password(store, &tenant(), "wang", "$argon2id$new".to_owned())
            .await
            .unwrap();
        assert!(
            sessions::find(store, TokenHash::of("one"), at(1))
                .await
                .unwrap()
                .is_none()
        );
        let user = users::find(store, &tenant(), "wang")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(user.password_hash, "$argon2id$new", "{}", test.kind);
    }
}
