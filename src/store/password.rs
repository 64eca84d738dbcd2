//! Passwords: Argon2id hashes in PHC form. Slow on purpose (some 50 ms), so
//! that both run on a thread that may block.

use crate::store::error::StoreError;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};

/// Longest password taken, in bytes: hashing more is work for an attacker to order.
pub const MAX_PASSWORD: usize = 1_024;
/// Shortest password given to a person, in characters.
pub const MIN_PASSWORD: usize = 8;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at least {MIN_PASSWORD} characters")]
    TooShort,
    #[error("a password has at most {MAX_PASSWORD} bytes")]
    TooLong,
    #[error("the password cannot be hashed: {0}")]
    Hash(Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The hash to keep for a password.
///
/// # Errors
/// [`PasswordError`] when the password is too short or too long.
pub async fn hash(password: String) -> Result<String, PasswordError> {
    if password.chars().count() < MIN_PASSWORD {
        return Err(PasswordError::TooShort);
    }
    if password.len() > MAX_PASSWORD {
        return Err(PasswordError::TooLong);
    }
    on_thread(move || {
        Argon2::default()
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(PasswordError::Hash)
    })
    .await?
}

/// Whether `password` is the one that `hash` was made from. Without a hash (an
/// unknown login) it takes as long and says no, so that the time tells nothing.
///
/// # Errors
/// [`PasswordError::Hash`] when `hash` is none.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, PasswordError> {
    if password.len() > MAX_PASSWORD {
        return Ok(false);
    }
    on_thread(move || {
        let Some(hash) = hash else {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map_err(PasswordError::Hash)?;
            return Ok(false);
        };
        let hash = PasswordHash::new(&hash).map_err(|error| PasswordError::Hash(error.into()))?;
        match Argon2::default().verify_password(password.as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(PasswordError::Hash(error)),
        }
    })
    .await?
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PasswordError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        PasswordError::Store(StoreError::Interrupted {
            why: error.to_string(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let kept = hash("correct horse".to_owned()).await.unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert!(
            verify("correct horse".to_owned(), Some(kept.clone()))
                .await
                .unwrap()
        );
        assert!(
            !verify("battery staple".to_owned(), Some(kept))
                .await
                .unwrap()
        );
        assert!(!verify("correct horse".to_owned(), None).await.unwrap());
        assert!(matches!(
            hash("short".to_owned()).await,
            Err(PasswordError::TooShort)
        ));
    }
}
