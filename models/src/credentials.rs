//! Passwords and secrets, and what is kept of them.
//!
//! Passwords are hashed with Argon2id, which is slow on purpose: call it where blocking is allowed. Secrets
//! are 256 random bits, which nobody can guess, so their SHA-256 is enough.

use std::fmt;
use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Memory in KiB, passes and lanes: the second choice of RFC 9106 needs 64 MiB for each sign-in, so these
/// are the first of the OWASP password storage cheat sheet.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many random bytes a secret has.
const SECRET_BYTES: usize = 32;

/// What all tokens begin with, so that scanners of repositories can find one that leaked.
const TOKEN_PREFIX: &str = "hb_";

/// Hashing failed: there are no parameters like these, or no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a secret: {0}")]
pub struct CredentialError(String);

/// What comparing a password with its hash shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is another one, or there is none.
    Wrong,
    /// It is the right one.
    Right,
    /// It is the right one, and should be hashed anew: the parameters have changed since.
    Outdated,
}

/// The parameters of all new hashes.
fn argon2() -> Result<Argon2<'static>, CredentialError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .map_err(|error| CredentialError(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes a password, in PHC format.
pub fn hash_password(password: &str) -> Result<String, CredentialError> {
    let hash = argon2()?.hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| CredentialError(error.to_string()))
}

/// Compares a password with a hash. Without a hash it takes as long, so that nobody can tell which
/// accounts there are.
pub fn verify_password(password: &str, hash: Option<&str>) -> Verdict {
    /// Of no password.
    static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_password("").ok());
    let known = hash.is_some();
    let Some(hash) = hash.or(NOBODY.as_deref()) else { return Verdict::Wrong };
    let Ok(hash) = PasswordHash::new(hash) else { return Verdict::Wrong };
    // The parameters are those of the hash.
    if Argon2::default().verify_password(password.as_bytes(), &hash).is_err() || !known {
        return Verdict::Wrong;
    }
    let params = Params::try_from(&hash);
    let current = params.is_ok_and(|params| {
        (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES)
    });
    if current { Verdict::Right } else { Verdict::Outdated }
}

/// A secret that is shown once: of a session, a token or a link. Not printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret(String);

impl NewSecret {
    /// A new secret of 256 random bits, as URL-safe text.
    pub fn new() -> Result<Self, CredentialError> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| CredentialError(error.to_string()))?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A new secret of a personal access token.
    pub fn token() -> Result<Self, CredentialError> {
        Ok(Self(format!("{TOKEN_PREFIX}{}", Self::new()?.0)))
    }

    /// A new password of 60 random bits, in letters and digits that nobody mistakes for each other.
    pub fn password() -> Result<Self, CredentialError> {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bytes = [0; 12];
        getrandom::fill(&mut bytes).map_err(|error| CredentialError(error.to_string()))?;
        // 32 divides 256: each is as likely as the others.
        Ok(Self(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()))
    }

    /// The secret, to be shown to its owner.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(&self.0)
    }
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewSecret(…)")
    }
}

/// What is kept of a secret: its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// Of a secret that somebody presents.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_verifies_against_its_own_hash_only() {
        let hash = hash_password("登记 密码 2026").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(verify_password("登记 密码 2026", Some(&hash)), Verdict::Right);
        assert_eq!(verify_password("登记 密码 2027", Some(&hash)), Verdict::Wrong);
        assert_ne!(hash, hash_password("登记 密码 2026").unwrap(), "each has its own salt");
        for nothing in [None, Some(""), Some("$argon2id$"), Some("plain")] {
            assert_eq!(verify_password("", nothing), Verdict::Wrong, "{nothing:?}");
        }
    }

    #[test]
    fn a_hash_with_other_parameters_is_outdated() {
        let weak =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
        let hash = weak.hash_password(b"secret").unwrap().to_string();
        assert_eq!(verify_password("secret", Some(&hash)), Verdict::Outdated);
        assert_eq!(verify_password("other", Some(&hash)), Verdict::Wrong);
    }

    #[test]
    fn secrets_differ_and_are_not_printed() {
        let (one, other) = (NewSecret::token().unwrap(), NewSecret::token().unwrap());
        assert_ne!(one, other);
        assert!(one.expose().starts_with("hb_") && one.expose().len() == 46);
        assert_eq!(one.digest(), SecretDigest::of(one.expose()));
        assert_eq!(format!("{one:?}"), "NewSecret(…)");
    }
}
