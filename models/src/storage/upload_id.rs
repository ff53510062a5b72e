//! The identity of an upload.

use std::fmt;

use uuid::Uuid;

/// The identity of an upload. Ids are never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(Uuid);

impl UploadId {
    /// A new id.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// Reads an id as [`fmt::Display`] writes it, and in no other spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().filter(|id| id.to_string() == text).map(Self)
    }
}

impl Default for UploadId {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Uuid> for UploadId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
