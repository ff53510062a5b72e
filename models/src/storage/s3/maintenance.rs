//! Listing objects and removing leftovers.

use std::time::Duration;

use aws_sdk_s3::types::{MultipartUpload, Object};
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::bucket::S3Storage;
use crate::storage::age::time_before;
use crate::storage::error::StorageError;
use crate::storage::key::StorageKey;
use crate::storage::stored::{ObjectStream, StoredObject};

impl S3Storage {
    pub(super) fn list_objects(&self, prefix: &str) -> ObjectStream<'_> {
        self.list_all(prefix)
            .try_filter_map(move |object| async move { Ok(self.ours(&object)) })
            .boxed()
    }

    /// Everything whose name starts with the storage's own prefix and this one.
    pub(super) fn list_all<'a>(
        &'a self,
        prefix: &str,
    ) -> impl Stream<Item = Result<Object, StorageError>> + Send + use<'a> {
        let pages = self
            .client
            .list_objects_v2()
            .bucket(&self.location.bucket)
            .prefix(format!("{}{prefix}", self.location.prefix))
            .into_paginator()
            .send();
        stream::unfold(pages, |mut pages| async { pages.next().await.map(|page| (page, pages)) })
            .map(|page| {
                let page = page.map_err(|e| self.location.explain("list objects", &e))?;
                let found = page.contents.unwrap_or_default();
                Ok::<_, StorageError>(stream::iter(found.into_iter().map(Ok)))
            })
            .try_flatten()
    }

    /// `None` for an object of others.
    fn ours(&self, object: &Object) -> Option<StoredObject> {
        let key = object.key()?.strip_prefix(&self.location.prefix)?;
        Some(StoredObject {
            key: StorageKey::parse(key)?,
            size_bytes: object.size()?.try_into().ok()?,
            modified: date(object.last_modified()?)?,
        })
    }

    /// Removes what is unfinished and older than this: uploads over several requests, and multipart uploads
    /// of whole streams.
    pub(super) async fn remove_stale(&self, older_than: Duration) -> Result<usize, StorageError> {
        let Some(limit) = time_before(older_than) else { return Ok(0) };
        let mut removed = self.remove_stale_uploads(limit).await?;
        // Listed before the uploads that may use them, so that none comes into use in between.
        let multiparts = self.multiparts().await?;
        let in_use = self.multiparts_in_use().await?;
        for multipart in multiparts {
            let old = multipart.initiated().and_then(date).is_some_and(|began| began <= limit);
            let (true, Some(name), Some(id)) = (old, multipart.key(), multipart.upload_id()) else {
                continue;
            };
            if !in_use.contains(id) {
                removed += usize::from(self.abort_multipart(name, id).await?);
            }
        }
        Ok(removed)
    }

    /// The multipart uploads of objects, all pages of them.
    async fn multiparts(&self) -> Result<Vec<MultipartUpload>, StorageError> {
        let mut found = Vec::new();
        for folder in StorageKey::FOLDERS {
            let (mut name, mut id) = (None, None);
            loop {
                let page = self
                    .client
                    .list_multipart_uploads()
                    .bucket(&self.location.bucket)
                    .prefix(format!("{}{folder}", self.location.prefix))
                    .set_key_marker(name)
                    .set_upload_id_marker(id)
                    .send()
                    .await
                    .map_err(|e| self.location.explain("list uploads", &e))?;
                found.extend(page.uploads.unwrap_or_default());
                (name, id) = (page.next_key_marker, page.next_upload_id_marker);
                if page.is_truncated != Some(true) || name.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}

pub(super) fn date(date: &aws_sdk_s3::primitives::DateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(date.secs(), date.subsec_nanos())
}
