//! Secrets: made from the operating system's generator, kept only as hashes,
//! compared in constant time, never printed by `Debug`.

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use std::fmt;

/// A secret of 256 bits, as 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// The operating system gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random numbers: {0}")]
pub struct NoRandomness(#[from] rand::rngs::SysError);

/// Letters and digits that cannot be mistaken for each other.
const PLAIN: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";

impl Secret {
    /// # Errors
    /// [`NoRandomness`] when the system's generator fails.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = [0_u8; 32];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(Self(hex::encode(bytes)))
    }

    /// A secret as it came from a browser; anything may stand in it.
    pub fn presented(text: &str) -> Self {
        Self(text.chars().take(200).collect())
    }

    /// What is kept of it: SHA-256 in hexadecimal. Enough, because it has 256
    /// random bits already.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }

    /// Another secret that follows from this one and says nothing about it.
    pub fn derived(&self, purpose: &str) -> String {
        let mut hasher = Sha256::new();
        hasher.update(purpose.as_bytes());
        hasher.update([0]);
        hasher.update(self.0.as_bytes());
        hex::encode(hasher.finalize())
    }

    /// The text itself, for the one who shall have it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A password to be typed once by a person: 20 characters, 100 bits.
///
/// # Errors
/// [`NoRandomness`] when the system's generator fails.
pub fn typeable_password() -> Result<String, NoRandomness> {
    let mut bytes = [0_u8; 20];
    SysRng.try_fill_bytes(&mut bytes)?;
    let letters: Vec<u8> = bytes
        .iter()
        .map(|byte| PLAIN[usize::from(byte % 32)])
        .collect();
    let groups: Vec<String> = letters
        .chunks(5)
        .map(|group| group.iter().copied().map(char::from).collect())
        .collect();
    Ok(groups.join("-"))
}

/// Whether two secrets are equal, in a time that depends on their lengths alone.
pub fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0_u8, |difference, (a, b)| difference | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_not_printed() {
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.reveal().len(), 64);
        assert!(!format!("{one:?}").contains(one.reveal()));
    }

    #[test]
    fn a_typeable_password_has_four_groups() {
        let password = typeable_password().unwrap();
        assert_eq!(
            password.split('-').map(str::len).collect::<Vec<_>>(),
            [5, 5, 5, 5]
        );
    }

    #[test]
    fn comparison_sees_every_difference() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd"));
        assert!(!same("abc", "abcd"));
    }
}
