//! What is kept about an upload between two requests.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::StorageError;
use super::key::StorageKey;
use super::resumable::{UploadState, UploadStatus};
use super::running_hash::RunningHash;
use super::stored::Stored;
use super::upload_id::UploadId;

/// Version of the format.
const VERSION: u8 = 1;

/// How far an upload is. Each phase can be followed by the next ones only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    /// Takes more bytes.
    Open,
    /// Takes no more bytes; the object may be there already.
    Finishing,
    /// The object is there.
    Finished {
        /// Of the whole file.
        sha256: String,
    },
    /// The upload is being removed: it counts as gone.
    Removed {
        /// Whether an object that it made must stay.
        keep_object: bool,
    },
}

/// The part of an upload's record that every backend has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    version: u8,
    /// The key of the finished object.
    key: String,
    pub phase: Phase,
    /// How many bytes are durable.
    pub size_bytes: u64,
    /// The checksum of these bytes, to be continued.
    hash: String,
    /// When the record was changed.
    pub modified: DateTime<Utc>,
}

impl Record {
    /// The record of an upload without bytes.
    pub fn new(key: &StorageKey) -> Self {
        Self {
            version: VERSION,
            key: key.to_string(),
            phase: Phase::Open,
            size_bytes: 0,
            hash: RunningHash::new().save(),
            modified: Utc::now(),
        }
    }

    /// The key of the finished object.
    pub fn key(&self, id: UploadId) -> Result<StorageKey, StorageError> {
        let detail = || format!("{:?} is not a key", self.key);
        StorageKey::parse(&self.key).ok_or_else(|| damaged(id, detail()))
    }

    /// The checksum of the bytes so far.
    pub fn hash(&self) -> RunningHash {
        RunningHash::restore(&self.hash)
    }

    /// Bytes became durable; `hash` is the checksum of all bytes.
    pub fn grow(&mut self, bytes: u64, hash: &RunningHash) {
        self.size_bytes += bytes;
        self.hash = hash.save();
    }

    /// Whether bytes can be appended here.
    pub fn check_append(&self, id: UploadId, offset: u64) -> Result<(), StorageError> {
        match self.phase {
            Phase::Open if self.size_bytes == offset => Ok(()),
            Phase::Open => {
                let actual = self.size_bytes;
                Err(StorageError::WrongOffset { id, requested: offset, actual })
            }
            Phase::Finishing | Phase::Finished { .. } => Err(StorageError::UploadClosed(id)),
            Phase::Removed { .. } => Err(StorageError::NoUpload(id)),
        }
    }

    /// What others see of it.
    pub fn status(&self, id: UploadId) -> Result<UploadStatus, StorageError> {
        let state = match &self.phase {
            Phase::Open => UploadState::Open,
            Phase::Finishing => UploadState::Finishing,
            Phase::Finished { sha256 } => UploadState::Finished(self.stored(sha256)),
            Phase::Removed { .. } => return Err(StorageError::NoUpload(id)),
        };
        let key = self.key(id)?;
        Ok(UploadStatus { id, key, offset: self.size_bytes, state, modified: self.modified })
    }

    /// The finished object.
    pub fn stored(&self, sha256: &str) -> Stored {
        Stored { size_bytes: self.size_bytes, sha256: sha256.to_owned() }
    }
}

/// Reads a record; `of` gives the part that is checked here.
pub(super) fn decode<T: DeserializeOwned>(
    id: UploadId,
    bytes: &[u8],
    of: impl Fn(&T) -> &Record,
) -> Result<T, StorageError> {
    let record: T = serde_json::from_slice(bytes).map_err(|e| damaged(id, e.to_string()))?;
    match of(&record).version {
        VERSION => Ok(record),
        other => Err(damaged(id, format!("version {other} is not known, {VERSION} is"))),
    }
}

/// Writes a record.
pub(super) fn encode<T: Serialize>(id: UploadId, record: &T) -> Result<Vec<u8>, StorageError> {
    serde_json::to_vec(record).map_err(|e| damaged(id, e.to_string()))
}

fn damaged(id: UploadId, detail: String) -> StorageError {
    StorageError::UploadDamaged { id, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_a_later_version_is_refused() {
        let id = UploadId::new();
        let record = Record::new(&StorageKey::original(uuid::Uuid::nil().into(), "mp4"));
        let bytes = encode(id, &record).unwrap();
        assert!(decode(id, &bytes, |record: &Record| record).is_ok());
        let later = String::from_utf8(bytes).unwrap().replace("\"version\":1", "\"version\":2");
        let refused = decode(id, later.as_bytes(), |record: &Record| record).unwrap_err();
        assert!(matches!(&refused, StorageError::UploadDamaged { id: of, .. } if *of == id));
        assert!(refused.to_string().contains("version 2"), "{refused}");
    }
}
