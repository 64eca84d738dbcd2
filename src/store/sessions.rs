//! Who is signed in. The store keeps only a hash of each token, so that a copy
//! of the store signs nobody in.

use crate::engine::id::TenantId;
use crate::engine::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::schema::{sessions, users};
use crate::store::users::{User, UserRow};
use crate::store::{AnyConnection, EVERY, Store};
use diesel::prelude::*;
use sha2::{Digest, Sha256};

/// What the store keeps of a token: its SHA-256 in hexadecimal.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenHash(String);

impl TokenHash {
    pub fn of(token: &str) -> Self {
        Self(hex::encode(Sha256::digest(token.as_bytes())))
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    pub tenant: TenantId,
    pub login: String,
    pub created: Timestamp,
    pub expires: Timestamp,
    pub last_seen: Timestamp,
}

/// Signs a person in until `expires`. Sessions that have expired are removed
/// on the way, so that the table does not grow.
///
/// # Errors
/// [`StoreError`] when there is no such person, or the store does not answer.
pub async fn create(
    store: &Store,
    token: TokenHash,
    user: &User,
    now: Timestamp,
    expires: Timestamp,
) -> Result<(), StoreError> {
    let row = SessionRow {
        token_hash: token.0,
        tenant: user.tenant.to_string(),
        site: EVERY.to_owned(),
        switch: EVERY.to_owned(),
        login: user.login.clone(),
        created: now.as_millis(),
        expires: expires.as_millis(),
        last_seen: now.as_millis(),
    };
    store
        .write(move |conn| {
            diesel::delete(sessions::table.filter(sessions::expires.le(now.as_millis())))
                .execute(conn)?;
            diesel::insert_into(sessions::table)
                .values(&row)
                .execute(conn)?;
            Ok(())
        })
        .await
}

/// The session of a token and its person, unless it has expired.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn find(
    store: &Store,
    token: TokenHash,
    now: Timestamp,
) -> Result<Option<(Session, User)>, StoreError> {
    store
        .read(move |conn| {
            let found: Option<(SessionRow, UserRow)> = sessions::table
                .inner_join(
                    users::table.on(users::tenant
                        .eq(sessions::tenant)
                        .and(users::login.eq(sessions::login))),
                )
                .filter(sessions::token_hash.eq(&token.0))
                .filter(sessions::expires.gt(now.as_millis()))
                .select((SessionRow::as_select(), UserRow::as_select()))
                .first(conn)
                .optional()?;
            let Some((session, user)) = found else {
                return Ok(None);
            };
            let user = User::try_from(user)?;
            let session = Session {
                tenant: user.tenant.clone(),
                login: session.login,
                created: Timestamp::from_millis(session.created),
                expires: Timestamp::from_millis(session.expires),
                last_seen: Timestamp::from_millis(session.last_seen),
            };
            Ok(Some((session, user)))
        })
        .await
}

/// Notes that a session was used, and when it now ends.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn touch(
    store: &Store,
    token: TokenHash,
    now: Timestamp,
    expires: Timestamp,
) -> Result<(), StoreError> {
    store
        .write(move |conn| {
            diesel::update(sessions::table.find(&token.0))
                .set((
                    sessions::last_seen.eq(now.as_millis()),
                    sessions::expires.eq(expires.as_millis()),
                ))
                .execute(conn)?;
            Ok(())
        })
        .await
}

/// Ends a session. One that is not there is no error.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn revoke(store: &Store, token: TokenHash) -> Result<(), StoreError> {
    store
        .write(move |conn| {
            diesel::delete(sessions::table.find(&token.0)).execute(conn)?;
            Ok(())
        })
        .await
}

/// Ends all sessions of a person.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn revoke_all(store: &Store, tenant: &TenantId, login: &str) -> Result<(), StoreError> {
    let (tenant, login) = (tenant.to_string(), login.to_owned());
    store
        .write(move |conn| Ok(delete_all(conn, &tenant, &login).map(|_| ())?))
        .await
}

pub(super) fn delete_all(
    conn: &mut AnyConnection,
    tenant: &str,
    login: &str,
) -> QueryResult<usize> {
    let theirs = sessions::table
        .filter(sessions::tenant.eq(tenant))
        .filter(sessions::login.eq(login));
    diesel::delete(theirs).execute(conn)
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sessions)]
struct SessionRow {
    token_hash: String,
    tenant: String,
    site: String,
    switch: String,
    login: String,
    created: i64,
    expires: i64,
    last_seen: i64,
}
