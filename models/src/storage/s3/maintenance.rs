//! What is in the bucket, and what does not belong there any more.

use std::time::Duration;

use aws_sdk_s3::operation::abort_multipart_upload::AbortMultipartUploadError;
use aws_sdk_s3::types::{MultipartUpload, Object};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};

use super::S3Storage;
use super::errors::is_missing;
use crate::storage::{ObjectStream, StorageError, StorageKey, StoredObject};

impl S3Storage {
    pub(super) fn list_objects(&self, prefix: &str) -> ObjectStream<'_> {
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
                let ours: Vec<_> = found.iter().filter_map(|object| self.ours(object)).collect();
                Ok::<_, StorageError>(stream::iter(ours.into_iter().map(Ok)))
            })
            .try_flatten()
            .boxed()
    }

    /// `None` for what others put into the bucket.
    fn ours(&self, object: &Object) -> Option<StoredObject> {
        let key = object.key()?.strip_prefix(&self.location.prefix)?;
        Some(StoredObject {
            key: StorageKey::parse(key)?,
            size_bytes: object.size()?.try_into().ok()?,
            modified: date(object.last_modified()?)?,
        })
    }

    pub(super) async fn abort_uploads(&self, older_than: Duration) -> Result<usize, StorageError> {
        // So long ago that the calendar cannot tell: nothing is as old as that.
        let age = TimeDelta::from_std(older_than).ok();
        let Some(limit) = age.and_then(|age| Utc::now().checked_sub_signed(age)) else {
            return Ok(0);
        };
        let mut removed = 0;
        for upload in self.unfinished().await? {
            let old = upload.initiated().and_then(date).is_some_and(|began| began <= limit);
            if let (true, Some(name), Some(id)) = (old, upload.key(), upload.upload_id()) {
                removed += usize::from(self.abort_upload(name, id).await?);
            }
        }
        Ok(removed)
    }

    /// Whether there was one to abort.
    async fn abort_upload(&self, name: &str, id: &str) -> Result<bool, StorageError> {
        let request = self.client.abort_multipart_upload();
        match request.bucket(&self.location.bucket).key(name).upload_id(id).send().await {
            Ok(_) => Ok(true),
            // Finished meanwhile.
            Err(error)
                if is_missing(&error)
                    || error
                        .as_service_error()
                        .is_some_and(AbortMultipartUploadError::is_no_such_upload) =>
            {
                Ok(false)
            }
            Err(error) => Err(self.location.explain("abort an upload", &error)),
        }
    }

    /// The multipart uploads under our prefix, all pages of them.
    async fn unfinished(&self) -> Result<Vec<MultipartUpload>, StorageError> {
        let mut found = Vec::new();
        let (mut name, mut id) = (None, None);
        loop {
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(&self.location.bucket)
                .prefix(format!("{}reports/", self.location.prefix))
                .set_key_marker(name)
                .set_upload_id_marker(id)
                .send()
                .await
                .map_err(|e| self.location.explain("list uploads", &e))?;
            found.extend(page.uploads.unwrap_or_default());
            (name, id) = (page.next_key_marker, page.next_upload_id_marker);
            if page.is_truncated != Some(true) || name.is_none() {
                return Ok(found);
            }
        }
    }
}

fn date(date: &aws_sdk_s3::primitives::DateTime) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(date.secs(), date.subsec_nanos())
}
