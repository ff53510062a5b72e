//! Which uploads there are.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};

use super::state::{RECORD, State, UPLOADS};
use crate::storage::error::StorageError;
use crate::storage::resumable::UploadStatus;
use crate::storage::s3::bucket::S3Storage;
use crate::storage::s3::maintenance::date;
use crate::storage::upload_id::UploadId;

/// Records that are read at once.
const AT_ONCE: usize = 16;

/// What belongs to an upload.
#[derive(Default)]
pub(super) struct UploadObjects {
    pub has_record: bool,
    /// When the newest of its objects was written.
    pub modified: DateTime<Utc>,
}

impl S3Storage {
    /// All uploads, also those of which only fragments are left.
    pub(super) async fn upload_objects(
        &self,
    ) -> Result<BTreeMap<UploadId, UploadObjects>, StorageError> {
        let mut found = BTreeMap::<_, UploadObjects>::new();
        let mut objects = std::pin::pin!(self.list_all(UPLOADS));
        while let Some(object) = objects.try_next().await? {
            let name = object.key().and_then(|name| name.strip_prefix(&self.location.prefix));
            let parts = name.and_then(|name| name.strip_prefix(UPLOADS)?.split_once('/'));
            let Some((id, name)) = parts else { continue };
            let Some(id) = UploadId::parse(id) else { continue };
            let upload = found.entry(id).or_default();
            upload.has_record |= name == RECORD;
            let modified = object.last_modified().and_then(date).unwrap_or_default();
            upload.modified = upload.modified.max(modified);
        }
        Ok(found)
    }

    pub(super) async fn list_uploads(&self) -> Result<Vec<UploadStatus>, StorageError> {
        let states = self.states().await?;
        states.iter().map(|state| state.record.common.status(state.id)).collect()
    }

    /// The multipart uploads that uploads over several requests consist of.
    pub(in super::super) async fn multiparts_in_use(
        &self,
    ) -> Result<HashSet<String>, StorageError> {
        let states = self.states().await?;
        Ok(states.into_iter().filter_map(|state| state.record.multipart).collect())
    }

    async fn states(&self) -> Result<Vec<State>, StorageError> {
        let uploads = self.upload_objects().await?;
        let ids = uploads.into_iter().filter(|(_, objects)| objects.has_record).map(|(id, _)| id);
        stream::iter(ids)
            .map(|id| async move {
                match self.load(id).await {
                    // Removed meanwhile.
                    Err(StorageError::NoUpload(_)) => Ok(None),
                    state => state.map(Some),
                }
            })
            .buffered(AT_ONCE)
            .try_filter_map(|state| async { Ok(state) })
            .try_collect()
            .await
    }
}
