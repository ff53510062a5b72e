//! Removing uploads.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;

use super::state::{RECORD, State, UPLOADS};
use crate::storage::error::StorageError;
use crate::storage::record::Phase;
use crate::storage::s3::bucket::S3Storage;
use crate::storage::upload_id::UploadId;

impl S3Storage {
    pub(super) async fn remove(&self, id: UploadId) -> Result<(), StorageError> {
        match self.load_any(id).await {
            Err(StorageError::NoUpload(_)) => Ok(()),
            state => self.remove_state(state?).await,
        }
    }

    /// Removes uploads that have not changed since then, finished ones among them.
    pub(in super::super) async fn remove_stale_uploads(
        &self,
        limit: DateTime<Utc>,
    ) -> Result<usize, StorageError> {
        let mut removed = 0;
        for (id, objects) in self.upload_objects().await? {
            if objects.modified > limit {
                continue;
            }
            let done = if objects.has_record {
                self.remove_if_stale(id, limit).await
            } else {
                // What a writer sent that did not know of the removal.
                self.delete_upload_objects(id, true).await.map(|()| true)
            };
            removed += match done {
                // Somebody is at it right now.
                Err(StorageError::UploadConflict(_) | StorageError::NoUpload(_)) => 0,
                done => usize::from(done?),
            };
        }
        Ok(removed)
    }

    async fn remove_if_stale(
        &self,
        id: UploadId,
        limit: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        let state = self.load_any(id).await?;
        if state.record.common.modified > limit {
            return Ok(false);
        }
        self.remove_state(state).await.map(|()| true)
    }

    /// From the first step on no writer can commit, and whoever comes after a crash continues here.
    async fn remove_state(&self, mut state: State) -> Result<(), StorageError> {
        let key = state.record.common.key(state.id)?;
        let keep_object = match state.record.common.phase {
            Phase::Removed { keep_object } => keep_object,
            // Nobody was told that the object is there.
            Phase::Finishing => false,
            Phase::Open | Phase::Finished { .. } => true,
        };
        if !matches!(state.record.common.phase, Phase::Removed { .. }) {
            state.record.common.phase = Phase::Removed { keep_object };
            self.save(&mut state).await?;
        }
        let name = self.name(&key);
        if let Some(multipart) = &state.record.multipart {
            self.abort_multipart(&name, multipart).await?;
        }
        if !keep_object {
            let found = self.existing(&key).await?;
            if found.is_some_and(|found| found.mark == Some(state.id.to_string())) {
                self.delete_object(&name).await?;
            }
        }
        self.delete_upload_objects(state.id, true).await
    }

    /// Deletes fragments, and the record at the end if it is to go too.
    pub(super) async fn delete_upload_objects(
        &self,
        id: UploadId,
        with_record: bool,
    ) -> Result<(), StorageError> {
        let record = self.upload_object(id, RECORD);
        let objects: Vec<_> = self.list_all(&format!("{UPLOADS}{id}/")).try_collect().await?;
        for name in objects.iter().filter_map(|object| object.key()) {
            if name != record {
                self.delete_object(name).await?;
            }
        }
        if with_record { self.delete_object(&record).await } else { Ok(()) }
    }
}
