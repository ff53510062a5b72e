//! SHA-256 over bytes that arrive over days, in several processes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

use super::hash::hex;

/// The format of a saved state. The library keeps it within one series of versions, so it is named after
/// that: a state in another format is not read.
const FORMAT: &str = "sha2-0.11";

/// A checksum in the making, which can be saved and continued elsewhere.
#[derive(Debug, Clone)]
pub(super) struct RunningHash(Option<Sha256>);

impl RunningHash {
    /// The checksum of no bytes yet.
    pub fn new() -> Self {
        Self(Some(Sha256::new()))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.0 {
            hasher.update(bytes);
        }
    }

    /// The state as text. Empty if it was lost.
    pub fn save(&self) -> String {
        let Some(hasher) = &self.0 else { return String::new() };
        format!("{FORMAT}:{}", BASE64_STANDARD.encode(hasher.serialize()))
    }

    /// Continues from a saved state. One that another version of Huibao wrote may be unreadable: then
    /// there is no checksum in the end, and the file has to be read for it.
    pub fn restore(saved: &str) -> Self {
        let bytes = saved
            .strip_prefix(FORMAT)
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|text| BASE64_STANDARD.decode(text).ok());
        let state = bytes.and_then(|bytes| SerializedState::<Sha256>::try_from(&*bytes).ok());
        Self(state.and_then(|state| Sha256::deserialize(&state).ok()))
    }

    /// The checksum in lowercase hex, or `None` if the state was lost on the way.
    pub fn finish(self) -> Option<String> {
        self.0.map(|hasher| hex(&hasher.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::hash::sha256_hex;

    #[test]
    fn a_saved_state_continues_at_any_byte() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for cut in 0..bytes.len() {
            let mut hash = RunningHash::new();
            hash.update(&bytes[..cut]);
            let mut hash = RunningHash::restore(&hash.save());
            hash.update(&bytes[cut..]);
            assert_eq!(hash.finish(), Some(sha256_hex(&bytes)), "{cut}");
        }
    }

    /// An upload may be begun by one version of Huibao and finished by a later one.
    #[test]
    fn the_format_does_not_change() {
        let mut hash = RunningHash::new();
        hash.update(b"abc");
        let saved = hash.save();
        let state = "Z+YJaoWuZ7ty8248OvVPpX9SDlGMaAWbq9mDHxnN4FsAAAAAAAAAAANhYmM";
        assert_eq!(saved.trim_end_matches(['A', '=']), format!("sha2-0.11:{state}"));
        assert_eq!(RunningHash::restore(&saved).finish(), Some(sha256_hex(b"abc")));
    }

    #[test]
    fn a_state_of_another_format_gives_no_checksum() {
        for saved in ["", "sha2-9.9:AAAA", "sha2-0.11:AAAA", "sha2-0.11:?", "sha2-0.11"] {
            let mut hash = RunningHash::restore(saved);
            hash.update(b"abc");
            assert_eq!(hash.save(), "");
            assert_eq!(hash.finish(), None, "{saved}");
        }
    }
}
