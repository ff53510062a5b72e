//! The record of an upload, and how it is changed by one writer at a time.

use aws_sdk_s3::primitives::ByteStream as Body;
use aws_sdk_s3::types::CompletedPart;
use chrono::Utc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::storage::error::StorageError;
use crate::storage::key::StorageKey;
use crate::storage::record::{Phase, Record, decode, encode};
use crate::storage::s3::bucket::S3Storage;
use crate::storage::s3::errors::{is_missing, is_taken, one_line};
use crate::storage::s3::multipart::MAX_PARTS;
use crate::storage::upload_id::UploadId;

/// What is being done here, for errors.
const SAVE: &str = "write an upload's record";
const LOAD: &str = "read an upload's record";

/// Under this, beside the objects, is everything about uploads.
pub(super) const UPLOADS: &str = "uploads/";

/// The last part of a record's name.
pub(super) const RECORD: &str = "record.json";

/// A part that was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SentPart {
    pub number: u16,
    pub e_tag: Option<String>,
    /// In base64, as S3 wants it.
    pub sha256: String,
}

/// An object of bytes that do not fill a part yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fragment {
    pub name: Uuid,
    pub size_bytes: u64,
}

/// What is kept about an upload.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct S3Record {
    #[serde(flatten)]
    pub common: Record,
    /// Of this version of the record: after a lost answer, it tells whether it was written.
    revision: Uuid,
    /// The id of the multipart upload, if it was begun.
    pub multipart: Option<String>,
    /// In ascending order; numbers may be missing.
    pub parts: Vec<SentPart>,
    /// What comes after the last part, in order.
    pub tail: Vec<Fragment>,
    /// The first part number that nobody has used.
    pub next_part: u16,
}

impl S3Record {
    /// Size of the fragments together, in bytes.
    pub fn tail_bytes(&self) -> u64 {
        self.tail.iter().map(|fragment| fragment.size_bytes).sum()
    }

    /// Takes a part number, which is the caller's once the record is saved.
    pub fn reserve_part(&mut self) -> Result<u16, StorageError> {
        let number = self.next_part;
        if number > MAX_PARTS {
            return Err(StorageError::TooLarge { limit: self.common.size_bytes });
        }
        self.next_part += 1;
        Ok(number)
    }

    /// The parts, to complete the upload with.
    pub fn completed_parts(&self) -> Vec<CompletedPart> {
        let part = |part: &SentPart| {
            CompletedPart::builder()
                .part_number(i32::from(part.number))
                .set_e_tag(part.e_tag.clone())
                .checksum_sha256(&part.sha256)
                .build()
        };
        self.parts.iter().map(part).collect()
    }
}

/// A record as it was read, which can be replaced if nobody else replaced it since.
#[derive(Debug)]
pub(super) struct State {
    pub id: UploadId,
    pub record: S3Record,
    /// `None` before it was written.
    e_tag: Option<String>,
}

impl S3Storage {
    /// The name of an object that belongs to an upload.
    pub(super) fn upload_object(&self, id: UploadId, name: &str) -> String {
        format!("{}{UPLOADS}{id}/{name}", self.location.prefix)
    }

    pub(super) async fn create_record(
        &self,
        id: UploadId,
        key: &StorageKey,
    ) -> Result<(), StorageError> {
        let record = S3Record {
            common: Record::new(key),
            revision: Uuid::nil(),
            multipart: None,
            parts: Vec::new(),
            tail: Vec::new(),
            next_part: 1,
        };
        match self.save(&mut State { id, record, e_tag: None }).await {
            Err(StorageError::UploadConflict(_)) => Err(StorageError::UploadExists(id)),
            done => done,
        }
    }

    /// The record of an upload.
    pub(super) async fn load(&self, id: UploadId) -> Result<State, StorageError> {
        let state = self.load_any(id).await?;
        match state.record.common.phase {
            Phase::Removed { .. } => Err(StorageError::NoUpload(id)),
            _ => Ok(state),
        }
    }

    /// The record of an upload, also of one that is being removed.
    pub(super) async fn load_any(&self, id: UploadId) -> Result<State, StorageError> {
        let name = self.upload_object(id, RECORD);
        let get = self.client.get_object().bucket(&self.location.bucket).key(name);
        let found = match get.send().await {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Err(StorageError::NoUpload(id)),
            Err(error) => return Err(self.location.explain(LOAD, &error)),
        };
        let bytes = found.body.collect().await.map_err(|error| StorageError::Busy {
            what: LOAD,
            detail: format!("{} ({})", one_line(&error), self.location),
        })?;
        let record = decode(id, &bytes.into_bytes(), |record: &S3Record| &record.common)?;
        Ok(State { id, record, e_tag: Some(self.e_tag(LOAD, found.e_tag)?) })
    }

    /// Replaces the record. [`StorageError::UploadConflict`] if somebody else did so meanwhile.
    pub(super) async fn save(&self, state: &mut State) -> Result<(), StorageError> {
        state.record.revision = Uuid::now_v7();
        state.record.common.modified = Utc::now();
        let bytes = encode(state.id, &state.record)?;
        let put = self
            .client
            .put_object()
            .bucket(&self.location.bucket)
            .key(self.upload_object(state.id, RECORD))
            .content_type("application/json")
            .body(Body::from(bytes));
        let put = match &state.e_tag {
            Some(e_tag) => put.if_match(e_tag),
            None => put.if_none_match("*"),
        };
        let error = match put.send().await {
            Ok(done) => {
                state.e_tag = Some(self.e_tag(SAVE, done.e_tag)?);
                return Ok(());
            }
            Err(error) => error,
        };
        // The answer may have been lost, and a second attempt been refused because of the first.
        match self.load_any(state.id).await {
            Ok(found) if found.record.revision == state.record.revision => {
                state.e_tag = found.e_tag;
                Ok(())
            }
            Ok(_) if is_taken(&error) => Err(StorageError::UploadConflict(state.id)),
            Err(StorageError::NoUpload(id)) if is_taken(&error) || is_missing(&error) => {
                Err(StorageError::NoUpload(id))
            }
            _ => Err(self.location.explain(SAVE, &error)),
        }
    }

    /// What a failed request means if somebody else may have changed the upload meanwhile.
    pub(super) async fn explain_change(&self, state: &State, error: StorageError) -> StorageError {
        match self.load(state.id).await {
            Err(removed @ StorageError::NoUpload(_)) => removed,
            Ok(found) if found.record.revision != state.record.revision => {
                StorageError::UploadConflict(state.id)
            }
            _ => error,
        }
    }

    fn e_tag(&self, what: &'static str, e_tag: Option<String>) -> Result<String, StorageError> {
        e_tag.ok_or_else(|| {
            let detail = format!("no ETag ({})", self.location);
            StorageError::Refused { what, detail }
        })
    }
}
