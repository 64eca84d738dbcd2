//! The act of signing in.

use crate::clock;
use crate::engine::time::{Span, Timestamp};
use crate::store::password;
use crate::store::users::{self, LockPolicy};
use crate::web::Web;
use crate::web::auth::Session;
use crate::web::auth::secret::Secret;
use crate::web::error::WebError;
use serde::Deserialize;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};
use tokio::sync::Semaphore;
use utoipa::ToSchema;

/// Password checks at a time: each takes 19 MiB and a core for some 50 ms.
static CHECKS: Semaphore = Semaphore::const_new(2);

/// Behind [`super::lockout`], which counts by address: guessing one login from
/// many addresses locks it for everybody.
const FROM_ANYWHERE: LockPolicy = LockPolicy {
    attempts: 100,
    lock: Span::seconds(15 * 60),
};

/// What a person gives to sign in.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    pub login: String,
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// Signs in, or counts a failure. A login that nobody has is treated like any
/// other, in the same time.
///
/// # Errors
/// [`WebError::WrongCredentials`], [`WebError::Locked`], or the store's.
pub async fn sign_in(
    web: &Web,
    given: Credentials,
    from: IpAddr,
) -> Result<(Secret, Arc<Session>), WebError> {
    let now = clock::now();
    let lockout = || web.lockout.lock().unwrap_or_else(PoisonError::into_inner);
    let locked = lockout().locked_until(&given.login, from, now);
    if let Some(until) = locked {
        return Err(WebError::Locked {
            seconds: until.since(now).as_millis().div_ceil(1_000),
        });
    }
    let user = users::find(&web.store, &web.tenant, &given.login).await?;
    let kept = user.as_ref().map(|user| user.password_hash.clone());
    let right = {
        let _turn = CHECKS.acquire().await.map_err(|_| WebError::Stopped)?;
        password::verify(given.password, kept).await?
    };
    match user.filter(|user| right && !user.is_locked(now)) {
        Some(user) => {
            lockout().succeeded(&given.login, from);
            if user.failed_attempts > 0 {
                users::unlock(&web.store, &web.tenant, &user.login).await?;
            }
            tracing::info!(login = user.login, %from, "signed in");
            web.sessions.open(&user, now).await
        }
        None => {
            lockout().failed(&given.login, from, now);
            tracing::warn!(login = %shown(&given.login), %from, "sign-in refused");
            note_failure(web, &given.login, now).await?;
            Err(WebError::WrongCredentials)
        }
    }
}

async fn note_failure(web: &Web, login: &str, now: Timestamp) -> Result<(), WebError> {
    use crate::store::StoreError;
    match users::record_failure(&web.store, &web.tenant, login, now, FROM_ANYWHERE).await {
        Ok(_) | Err(StoreError::Missing { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn shown(login: &str) -> crate::engine::text::OutsideText {
    crate::engine::text::OutsideText::new(login)
}
