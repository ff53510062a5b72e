//! Signed heads of the audit log's chain, for others to keep: whoever has one notices when what it covers
//! is changed.
//!
//! A checkpoint is a *signed note* of C2SP (<https://c2sp.org/signed-note>): a text of three lines (what it is
//! of, how many entries, the hash of the chain in base64), an empty line, and a signature line. The signature
//! is Ed25519, the first four bytes of the signature line name the key.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::domain::audit::ChainHash;

/// What checkpoints are of, and what signs them.
const ORIGIN: &str = "huibao-audit";

/// The algorithm's number in the format: Ed25519.
const ED25519: u8 = 1;

/// A head of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many entries the chain has.
    pub entries: u64,
    /// The hash of the last one.
    pub hash: ChainHash,
}

/// Why a checkpoint cannot be made or believed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The text is no checkpoint.
    #[error("this is no checkpoint of a Huibao audit log")]
    Malformed,
    /// Another key has signed it, or it was changed.
    #[error("the checkpoint is not signed by this key")]
    Signature,
    /// The key is no key.
    #[error("a key is 32 bytes in base64")]
    Key,
    /// The key's file cannot be read or made.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
}

/// What signs checkpoints.
#[derive(Clone)]
pub struct CheckpointKey(SigningKey);

impl CheckpointKey {
    /// A key of 32 secret bytes.
    pub fn from_bytes(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// Reads a key from a file; makes it if there is none, for its owner alone.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let failed = |source| CheckpointError::File { path: path.display().to_string(), source };
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                create(path).map_err(failed)?
            }
            text => text.map_err(failed)?,
        };
        let bytes = STANDARD.decode(text.trim()).map_err(|_| CheckpointError::Key)?;
        let secret: [u8; 32] = bytes.try_into().map_err(|_| CheckpointError::Key)?;
        Ok(Self::from_bytes(&secret))
    }

    /// What others verify with.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a head.
    pub fn sign(&self, head: &Head) -> String {
        let text = text_of(head);
        let signature = self.0.sign(text.as_bytes());
        let mut signed = key_id(&self.0.verifying_key()).to_vec();
        signed.extend_from_slice(&signature.to_bytes());
        format!("{text}\n\u{2014} {ORIGIN} {}\n", STANDARD.encode(signed))
    }
}

/// Writes a new key. Of two processes that do so at once, one wins, and both read what it wrote.
fn create(path: &Path) -> std::io::Result<String> {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(std::io::Error::other)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    writeln!(file, "{}", STANDARD.encode(secret))?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.error),
        _ => std::fs::read_to_string(path),
    }
}

/// What verifies checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads 32 bytes in base64.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| CheckpointError::Key)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| CheckpointError::Key)?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| CheckpointError::Key)
    }

    /// Verifies a checkpoint, and returns the head that it vouches for.
    pub fn verify(&self, note: &str) -> Result<Head, CheckpointError> {
        let (text, signatures) = note.split_once("\n\n").ok_or(CheckpointError::Malformed)?;
        let text = format!("{text}\n");
        let head = parse(&text)?;
        let id = key_id(&self.0);
        let valid = signatures.lines().any(|line| {
            signature(line, id)
                .is_some_and(|signature| self.0.verify(text.as_bytes(), &signature).is_ok())
        });
        if valid { Ok(head) } else { Err(CheckpointError::Signature) }
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

fn text_of(head: &Head) -> String {
    format!("{ORIGIN}\n{}\n{}\n", head.entries, STANDARD.encode(head.hash.as_bytes()))
}

fn parse(text: &str) -> Result<Head, CheckpointError> {
    let mut lines = text.lines();
    let (Some(ORIGIN), Some(entries), Some(hash), None) =
        (lines.next(), lines.next(), lines.next(), lines.next())
    else {
        return Err(CheckpointError::Malformed);
    };
    let entries = entries.parse().map_err(|_| CheckpointError::Malformed)?;
    let hash = STANDARD.decode(hash).map_err(|_| CheckpointError::Malformed)?;
    let hash = ChainHash::from_bytes(&hash).ok_or(CheckpointError::Malformed)?;
    Ok(Head { entries, hash })
}

/// The signature in a line, if it is of the key with this id.
fn signature(line: &str, id: [u8; 4]) -> Option<Signature> {
    let (_, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let signature = bytes.strip_prefix(&id)?;
    Signature::from_slice(signature).ok()
}

/// The beginning of SHA-256 over the name, a line break, the algorithm and the public key.
fn key_id(key: &VerifyingKey) -> [u8; 4] {
    let mut sha = Sha256::new();
    sha.update(ORIGIN);
    sha.update(b"\n");
    sha.update([ED25519]);
    sha.update(key.as_bytes());
    let digest = sha.finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head { entries: 42, hash: ChainHash::from_bytes(&[7; 32]).unwrap() }
    }

    #[test]
    fn a_checkpoint_verifies_with_its_key_and_as_it_was() {
        let key = CheckpointKey::from_bytes(&[1; 32]);
        let note = key.sign(&head());
        assert_eq!(key.public().verify(&note).unwrap(), head());
        let other = CheckpointKey::from_bytes(&[2; 32]).public();
        assert!(matches!(other.verify(&note), Err(CheckpointError::Signature)));
        let changed = note.replace("\n42\n", "\n43\n");
        assert!(matches!(key.public().verify(&changed), Err(CheckpointError::Signature)));
        for bad in ["", "huibao-audit\n1\n", "other\n42\nAAAA\n\n\u{2014} a b\n"] {
            assert!(matches!(key.public().verify(bad), Err(CheckpointError::Malformed)), "{bad}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.key");
        let made = CheckpointKey::open(&path).unwrap().public();
        assert_eq!(CheckpointKey::open(&path).unwrap().public(), made);
        assert_eq!(PublicKey::parse(&made.to_string()).unwrap(), made);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "no key").unwrap();
        assert!(matches!(CheckpointKey::open(&path), Err(CheckpointError::Key)));
    }
}
