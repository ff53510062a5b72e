//! One writer of an upload: puts parts and fragments into the bucket, and then into the record.

use futures::future::join_all;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::spool::Spool;
use super::state::{Fragment, SentPart, State};
use crate::storage::error::{StorageError, io_error};
use crate::storage::running_hash::RunningHash;
use crate::storage::s3::bucket::{PART, S3Storage};
use crate::storage::s3::errors::one_line;

/// More fragments than this are made one: each is a request when the part is full.
const MAX_FRAGMENTS: usize = 16;

/// A writer, with the bytes that it did not put into the bucket yet.
pub(super) struct Writer<'a> {
    storage: &'a S3Storage,
    pub state: State,
    /// The object's name in the bucket.
    name: String,
    content_type: &'static str,
    spool: Spool,
    /// Of all bytes, those in the spool too.
    hash: RunningHash,
    /// Bytes in the spool that the record does not count.
    pending: u64,
    /// A part number that is this writer's.
    reserved: Option<u16>,
}

impl<'a> Writer<'a> {
    pub async fn new(storage: &'a S3Storage, state: State) -> Result<Self, StorageError> {
        let key = state.record.common.key(state.id)?;
        let spool = Spool::create(state.record.tail_bytes()).await?;
        let hash = state.record.common.hash();
        Ok(Self {
            storage,
            name: storage.name(&key),
            content_type: key.content_type(),
            state,
            spool,
            hash,
            pending: 0,
            reserved: None,
        })
    }

    /// The size with all that was written.
    pub fn size_bytes(&self) -> u64 {
        self.state.record.common.size_bytes + self.pending
    }

    /// How many bytes the part can take.
    pub fn room(&self) -> usize {
        usize::try_from((PART as u64).saturating_sub(self.spool.end())).unwrap_or(0)
    }

    /// Adds bytes, not more than there is room for. They do not count until they are committed.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.spool.write(bytes).await?;
        self.hash.update(bytes);
        self.pending += bytes.len() as u64;
        Ok(())
    }

    /// Sends what was written and what is in fragments as one part.
    pub async fn commit_part(&mut self) -> Result<(), StorageError> {
        let (multipart, number) = self.begin_part().await?;
        self.load_tail().await?;
        let (body, sha256) = self.spool.body().await?;
        let sent = self.storage.send_part(&self.name, &multipart, number.into(), &sha256, body);
        let e_tag = match sent.await {
            Ok(e_tag) => e_tag,
            Err(error) => return Err(self.storage.explain_change(&self.state, error).await),
        };
        let record = &mut self.state.record;
        record.parts.push(SentPart { number, e_tag, sha256 });
        let obsolete = std::mem::take(&mut record.tail);
        self.reserved = record.reserve_part().ok();
        self.commit().await?;
        self.delete(&obsolete).await;
        self.spool.reset(0).await
    }

    /// Puts what was written into a fragment. Nothing is written afterwards.
    pub async fn commit_tail(&mut self) -> Result<(), StorageError> {
        if self.pending == 0 {
            return Ok(());
        }
        let mut obsolete = Vec::new();
        if self.state.record.tail.len() >= MAX_FRAGMENTS {
            self.load_tail().await?;
            obsolete = std::mem::take(&mut self.state.record.tail);
        }
        let size_bytes = self.spool.end() - self.spool.start();
        let fragment = Fragment { name: Uuid::now_v7(), size_bytes };
        let (body, sha256) = self.spool.body().await?;
        self.storage
            .client
            .put_object()
            .bucket(&self.storage.location.bucket)
            .key(self.fragment_name(&fragment))
            .checksum_sha256(sha256)
            .body(body)
            .send()
            .await
            .map_err(|e| self.storage.location.explain("store a fragment", &e))?;
        let record = &mut self.state.record;
        record.tail.push(fragment.clone());
        // Not used, and nobody else has a number behind it: else the record would have changed.
        record.next_part = self.reserved.take().unwrap_or(record.next_part);
        let done = self.commit().await;
        match &done {
            Ok(()) => self.delete(&obsolete).await,
            Err(error) if is_decided(error) => self.delete(&[fragment]).await,
            Err(_) => {}
        }
        done
    }

    /// A multipart upload and a number in it that is this writer's alone.
    async fn begin_part(&mut self) -> Result<(String, u16), StorageError> {
        let begun = self.state.record.multipart.clone();
        if let (Some(multipart), Some(number)) = (&begun, self.reserved.take()) {
            return Ok((multipart.clone(), number));
        }
        let number = self.state.record.reserve_part()?;
        let new = begun.is_none();
        let multipart = if let Some(multipart) = begun {
            multipart
        } else {
            let mark = self.state.id.to_string();
            self.storage.begin_multipart(&self.name, self.content_type, &mark).await?
        };
        self.state.record.multipart = Some(multipart.clone());
        if let Err(error) = self.storage.save(&mut self.state).await {
            if new && is_decided(&error) {
                // Should this fail, it is a leftover.
                let _ = self.storage.abort_multipart(&self.name, &multipart).await;
            }
            return Err(error);
        }
        Ok((multipart, number))
    }

    /// Puts what is in fragments in front of what was written.
    pub async fn load_tail(&mut self) -> Result<(), StorageError> {
        if self.spool.start() == 0 {
            return Ok(());
        }
        match self.try_load_tail().await {
            Err(error @ StorageError::UploadDamaged { .. }) => {
                Err(self.storage.explain_change(&self.state, error).await)
            }
            done => done,
        }
    }

    async fn try_load_tail(&mut self) -> Result<(), StorageError> {
        let id = self.state.id;
        let file = self.spool.front().await?;
        for fragment in &self.state.record.tail {
            let name = self.storage.upload_object(id, &fragment.name.to_string());
            let damaged = |problem: &str| StorageError::UploadDamaged {
                id,
                detail: format!("fragment {}: {problem}", fragment.name),
            };
            let found = self.storage.get_object(&name).await?;
            let mut body = found.ok_or_else(|| damaged("is missing"))?.body.into_async_read();
            let copied = tokio::io::copy(&mut body, file).await.map_err(|error| {
                let detail = format!("{} ({})", one_line(&error), self.storage.location);
                StorageError::Busy { what: "read a fragment", detail }
            })?;
            if copied != fragment.size_bytes {
                return Err(damaged("has another size"));
            }
        }
        file.flush().await.map_err(io_error("write a part to a temporary file"))
    }

    /// The bytes with their checksum in base64.
    pub async fn body(
        &mut self,
    ) -> Result<(aws_sdk_s3::primitives::ByteStream, String), StorageError> {
        self.spool.body().await
    }

    /// Counts all that was written.
    async fn commit(&mut self) -> Result<(), StorageError> {
        self.state.record.common.grow(self.pending, &self.hash);
        self.storage.save(&mut self.state).await?;
        self.pending = 0;
        Ok(())
    }

    /// What fails here is removed with the upload.
    async fn delete(&self, fragments: &[Fragment]) {
        let names = fragments.iter().map(|fragment| self.fragment_name(fragment));
        join_all(names.map(|name| async move { self.storage.delete_object(&name).await })).await;
    }

    fn fragment_name(&self, fragment: &Fragment) -> String {
        self.storage.upload_object(self.state.id, &fragment.name.to_string())
    }
}

/// Whether the record was not written and will not be, for sure.
fn is_decided(error: &StorageError) -> bool {
    matches!(error, StorageError::UploadConflict(_) | StorageError::NoUpload(_))
}
