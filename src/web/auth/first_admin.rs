//! The first administrator of a new installation.

use crate::clock;
use crate::engine::id::TenantId;
use crate::store::password::{self, PasswordError};
use crate::store::users::{self, NewUser, Role};
use crate::store::{Store, StoreError};
use crate::switch::Language;
use crate::web::auth::secret::{NoRandomness, typeable_password};
use std::fmt;

/// The login that is made when there is nobody yet.
pub const FIRST_LOGIN: &str = "admin";

/// The first administrator, with the password that is shown this once.
pub struct FirstAdmin {
    pub login: String,
    pub password: String,
}

impl fmt::Debug for FirstAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstAdmin")
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FirstAdminError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// Makes the first administrator when nobody can sign in yet, with a generated
/// password for the caller to print once. `None` when there is somebody.
///
/// # Errors
/// [`FirstAdminError`] when the store does not take them.
pub async fn ensure_first_admin(
    store: &Store,
    tenant: &TenantId,
) -> Result<Option<FirstAdmin>, FirstAdminError> {
    if !users::list(store, tenant).await?.is_empty() {
        return Ok(None);
    }
    let password = typeable_password()?;
    let new = NewUser {
        tenant: tenant.clone(),
        login: FIRST_LOGIN.to_owned(),
        password_hash: password::hash(password.clone()).await?,
        role: Role::Administrator,
        display_name: FIRST_LOGIN.to_owned(),
        language: Language::default(),
        agent: None,
    };
    let user = users::create(store, new, clock::now()).await?;
    Ok(Some(FirstAdmin {
        login: user.login,
        password,
    }))
}
