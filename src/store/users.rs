//! People who may sign in to the pages and the API.

use crate::engine::id::{AgentId, TenantId};
use crate::engine::time::{Span, Timestamp};
use crate::store::error::StoreError;
use crate::store::schema::users;
use crate::store::word::{from_word, unreadable, word};
use crate::store::{AnyConnection, EVERY, Store};
use crate::switch::Language;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

/// What a person may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Takes calls and sees their own.
    Agent,
    /// Sees all calls, queues and agents.
    Supervisor,
    /// Changes settings and people too.
    Administrator,
}

/// A person to be made.
#[derive(Clone, PartialEq, Eq)]
pub struct NewUser {
    pub tenant: TenantId,
    pub login: String,
    /// From [`super::password::hash`].
    pub password_hash: String,
    pub role: Role,
    pub display_name: String,
    pub language: Language,
    /// The agent this person is, if any.
    pub agent: Option<AgentId>,
}

/// A person as the store has them.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub tenant: TenantId,
    pub login: String,
    pub password_hash: String,
    pub role: Role,
    pub display_name: String,
    pub language: Language,
    pub agent: Option<AgentId>,
    pub created: Timestamp,
    /// Wrong passwords since the last right one.
    pub failed_attempts: u32,
    pub locked_until: Option<Timestamp>,
}

/// When wrong passwords lock a login, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockPolicy {
    pub attempts: u32,
    pub lock: Span,
}

impl Default for LockPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            lock: Span::seconds(15 * 60),
        }
    }
}

impl User {
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| until > now)
    }
}

/// # Errors
/// [`StoreError::Exists`] when the tenant has the login already.
pub async fn create(store: &Store, new: NewUser, now: Timestamp) -> Result<User, StoreError> {
    let row = UserRow {
        tenant: new.tenant.to_string(),
        site: EVERY.to_owned(),
        switch: EVERY.to_owned(),
        login: new.login,
        password_hash: new.password_hash,
        role: word(&new.role),
        display_name: new.display_name,
        language: word(&new.language),
        agent: new.agent.map(|agent| agent.to_string()),
        created: now.as_millis(),
        failed_attempts: 0,
        locked_until: None,
    };
    let user = User::try_from(row.clone())?;
    let login = user.login.clone();
    let made = store
        .write(move |conn| {
            Ok(diesel::insert_into(users::table)
                .values(&row)
                .execute(conn)?)
        })
        .await;
    match made {
        Ok(_) => Ok(user),
        Err(error) if error.is_duplicate() => Err(StoreError::Exists {
            what: format!("the login {login:?}"),
        }),
        Err(error) => Err(error),
    }
}

/// The person with a login, if there is one.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn find(
    store: &Store,
    tenant: &TenantId,
    login: &str,
) -> Result<Option<User>, StoreError> {
    let (tenant, login) = (tenant.to_string(), login.to_owned());
    store
        .read(move |conn| {
            find_row(conn, &tenant, &login)?
                .map(User::try_from)
                .transpose()
        })
        .await
}

/// Everybody of a tenant, by login.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn list(store: &Store, tenant: &TenantId) -> Result<Vec<User>, StoreError> {
    let tenant = tenant.to_string();
    store
        .read(move |conn| {
            users::table
                .filter(users::tenant.eq(&tenant))
                .order(users::login)
                .select(UserRow::as_select())
                .load(conn)?
                .into_iter()
                .map(User::try_from)
                .collect()
        })
        .await
}

/// Counts a wrong password; locks the login when it was one too many. Gives
/// the time until which it is locked.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such login.
pub async fn record_failure(
    store: &Store,
    tenant: &TenantId,
    login: &str,
    now: Timestamp,
    policy: LockPolicy,
) -> Result<Option<Timestamp>, StoreError> {
    let (tenant, login) = (tenant.to_string(), login.to_owned());
    store
        .write(move |conn| {
            let row = find_row(conn, &tenant, &login)?.ok_or_else(|| missing(&login))?;
            let failed = row.failed_attempts.saturating_add(1);
            let limit = i32::try_from(policy.attempts).unwrap_or(i32::MAX);
            // A lock starts the count again, so that one more mistake after it
            // does not lock at once.
            let (failed, until) = match failed >= limit {
                true => (0, Some(now + policy.lock)),
                false => (failed, row.locked_until.map(Timestamp::from_millis)),
            };
            diesel::update(users::table.find((&tenant, &login)))
                .set((
                    users::failed_attempts.eq(failed),
                    users::locked_until.eq(until.map(Timestamp::as_millis)),
                ))
                .execute(conn)?;
            Ok(until.filter(|until| *until > now))
        })
        .await
}

/// Forgets wrong passwords and the lock, after a right one or by an administrator.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such login.
pub async fn unlock(store: &Store, tenant: &TenantId, login: &str) -> Result<(), StoreError> {
    change(store, tenant, login, |conn, tenant, login| {
        diesel::update(users::table.find((tenant, login)))
            .set((
                users::failed_attempts.eq(0),
                users::locked_until.eq(None::<i64>),
            ))
            .execute(conn)
    })
    .await
}

/// Locks a login until a time.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such login.
pub async fn lock(
    store: &Store,
    tenant: &TenantId,
    login: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    change(store, tenant, login, move |conn, tenant, login| {
        diesel::update(users::table.find((tenant, login)))
            .set(users::locked_until.eq(Some(until.as_millis())))
            .execute(conn)
    })
    .await
}

/// Gives a person a new password, and ends all their sessions.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such login.
pub async fn set_password(
    store: &Store,
    tenant: &TenantId,
    login: &str,
    password_hash: String,
) -> Result<(), StoreError> {
    change(store, tenant, login, move |conn, tenant, login| {
        super::sessions::delete_all(conn, tenant, login)?;
        diesel::update(users::table.find((tenant, login)))
            .set((
                users::password_hash.eq(&password_hash),
                users::failed_attempts.eq(0),
                users::locked_until.eq(None::<i64>),
            ))
            .execute(conn)
    })
    .await
}

/// Remembers the language a person chose.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such login.
pub async fn set_language(
    store: &Store,
    tenant: &TenantId,
    login: &str,
    language: Language,
) -> Result<(), StoreError> {
    change(store, tenant, login, move |conn, tenant, login| {
        diesel::update(users::table.find((tenant, login)))
            .set(users::language.eq(word(&language)))
            .execute(conn)
    })
    .await
}

async fn change(
    store: &Store,
    tenant: &TenantId,
    login: &str,
    update: impl FnOnce(&mut AnyConnection, &str, &str) -> QueryResult<usize> + Send + 'static,
) -> Result<(), StoreError> {
    let (tenant, login) = (tenant.to_string(), login.to_owned());
    store
        .write(move |conn| match update(conn, &tenant, &login)? {
            0 => Err(missing(&login)),
            _ => Ok(()),
        })
        .await
}

fn missing(login: &str) -> StoreError {
    StoreError::Missing {
        what: format!("login {login:?}"),
    }
}

fn find_row(conn: &mut AnyConnection, tenant: &str, login: &str) -> QueryResult<Option<UserRow>> {
    users::table
        .find((tenant, login))
        .select(UserRow::as_select())
        .first(conn)
        .optional()
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    tenant: String,
    site: String,
    switch: String,
    login: String,
    password_hash: String,
    role: String,
    display_name: String,
    language: String,
    agent: Option<String>,
    created: i64,
    failed_attempts: i32,
    locked_until: Option<i64>,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let agent = row.agent.as_deref().map(AgentId::new).transpose();
        Ok(Self {
            tenant: TenantId::new(&row.tenant).map_err(|_| unreadable("a tenant", &row.tenant))?,
            role: from_word("a role", &row.role)?,
            language: from_word("a language", &row.language)?,
            agent: agent
                .map_err(|_| unreadable("an agent", row.agent.as_deref().unwrap_or_default()))?,
            login: row.login,
            password_hash: row.password_hash,
            display_name: row.display_name,
            created: Timestamp::from_millis(row.created),
            failed_attempts: u32::try_from(row.failed_attempts).unwrap_or(0),
            locked_until: row.locked_until.map(Timestamp::from_millis),
        })
    }
}
