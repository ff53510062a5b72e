//! Making an upload an object.

use aws_sdk_s3::primitives::ByteStream as Body;

use super::state::State;
use super::writer::Writer;
use crate::storage::error::StorageError;
use crate::storage::hash::hash_stream;
use crate::storage::key::StorageKey;
use crate::storage::record::Phase;
use crate::storage::s3::bucket::S3Storage;
use crate::storage::s3::existing::{Existing, MARK};
use crate::storage::stored::Stored;
use crate::storage::upload_id::UploadId;

/// What is being done here, for errors.
const FINISH: &str = "finish an upload";

impl S3Storage {
    pub(super) async fn finish(&self, id: UploadId) -> Result<Stored, StorageError> {
        match self.try_finish(id).await {
            Err(StorageError::UploadConflict(_)) => {
                let record = self.load(id).await?.record.common;
                match &record.phase {
                    // Another process was faster.
                    Phase::Finished { sha256 } => Ok(record.stored(sha256)),
                    _ => Err(StorageError::UploadConflict(id)),
                }
            }
            done => done,
        }
    }

    /// The phase is recorded before the object is made and after: whoever comes in between continues.
    async fn try_finish(&self, id: UploadId) -> Result<Stored, StorageError> {
        let mut state = self.load(id).await?;
        if let Phase::Finished { sha256 } = &state.record.common.phase {
            return Ok(state.record.common.stored(sha256));
        }
        if state.record.common.phase == Phase::Open {
            if !state.record.parts.is_empty() && !state.record.tail.is_empty() {
                let mut writer = Writer::new(self, state).await?;
                writer.commit_part().await?;
                state = writer.state;
            }
            state.record.common.phase = Phase::Finishing;
            self.save(&mut state).await?;
        }
        let key = state.record.common.key(id)?;
        let mut state = self.make_object(state, &key).await?;
        let sha256 = match state.record.common.hash().finish() {
            Some(sha256) => sha256,
            None => self.hash_object(&key).await?.sha256,
        };
        let stored = state.record.common.stored(&sha256);
        state.record.common.phase = Phase::Finished { sha256 };
        state.record.multipart = None;
        state.record.parts.clear();
        state.record.tail.clear();
        self.save(&mut state).await?;
        // What fails here is removed with the record.
        let _ = self.delete_upload_objects(id, false).await;
        Ok(stored)
    }

    /// Makes the object, unless it is there already.
    async fn make_object(&self, state: State, key: &StorageKey) -> Result<State, StorageError> {
        if let Some(found) = self.existing(key).await? {
            self.accept(&state, key, found).await?;
            return Ok(state);
        }
        let name = self.name(key);
        let (state, made) = match state.record.multipart.clone() {
            Some(multipart) if !state.record.parts.is_empty() => {
                let parts = state.record.completed_parts();
                let made = self.complete_multipart(&name, &multipart, parts).await;
                (state, made.map_err(|e| self.location.explain(FINISH, &e)))
            }
            _ => {
                let mut writer = Writer::new(self, state).await?;
                writer.load_tail().await?;
                let (body, sha256) = writer.body().await?;
                let made = self.put_marked(key, writer.state.id, body, sha256).await;
                (writer.state, made)
            }
        };
        if let Err(error) = made {
            // The answer may have been lost, or somebody else stored an object.
            match self.existing(key).await {
                Ok(Some(found)) => self.accept(&state, key, found).await?,
                _ => return Err(error),
            }
        }
        Ok(state)
    }

    async fn put_marked(
        &self,
        key: &StorageKey,
        id: UploadId,
        body: Body,
        sha256: String,
    ) -> Result<(), StorageError> {
        self.client
            .put_object()
            .bucket(&self.location.bucket)
            .key(self.name(key))
            .content_type(key.content_type())
            .checksum_sha256(sha256)
            .metadata(MARK, id.to_string())
            .if_none_match("*")
            .body(body)
            .send()
            .await
            .map(drop)
            .map_err(|e| self.location.explain(FINISH, &e))
    }

    /// Whether an object that is there is this upload's, or has the same bytes.
    async fn accept(
        &self,
        state: &State,
        key: &StorageKey,
        found: Existing,
    ) -> Result<(), StorageError> {
        let record = &state.record;
        let ours = found.mark == Some(state.id.to_string());
        if found.size_bytes != record.common.size_bytes {
            return Err(StorageError::Exists(key.clone()));
        }
        if !ours && record.common.hash().finish() != Some(self.hash_object(key).await?.sha256) {
            return Err(StorageError::Exists(key.clone()));
        }
        if let Some(multipart) = &record.multipart {
            // Should this fail, it is a leftover.
            let _ = self.abort_multipart(&self.name(key), multipart).await;
        }
        Ok(())
    }

    async fn hash_object(&self, key: &StorageKey) -> Result<Stored, StorageError> {
        let mut body = self.read(key, None).await?;
        hash_stream(&mut body).await.map_err(|error| StorageError::Busy {
            what: "read an object",
            detail: format!("{error} ({})", self.location),
        })
    }
}
