//! Uploads a whole stream in parts, several of them concurrently.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadError;
use aws_sdk_s3::primitives::ByteStream as Body;
use aws_sdk_s3::types::CompletedPart;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use futures::{FutureExt, StreamExt, TryStreamExt, future, stream};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::runtime::Handle;

use super::bucket::{PART, S3Storage};
use super::multipart::MAX_PARTS;
use crate::storage::error::StorageError;
use crate::storage::hash::hex;
use crate::storage::stored::{ByteStream, Stored};

/// Parts that are sent concurrently. Each is in memory.
const IN_FLIGHT: usize = 4;

/// A piece of a stream.
pub(super) struct Part {
    number: i32,
    pub bytes: Bytes,
    /// In base64, as S3 wants it.
    pub sha256: String,
}

/// Cuts a stream into parts and computes its checksum.
pub(super) struct Parts {
    body: ByteStream,
    limit: u64,
    size_bytes: u64,
    whole: Sha256,
    count: i32,
    ended: bool,
}

impl Parts {
    pub fn new(body: ByteStream, limit: u64) -> Self {
        let limit = limit.min(u64::from(MAX_PARTS) * PART as u64);
        Self { body, limit, size_bytes: 0, whole: Sha256::new(), count: 0, ended: false }
    }

    /// Whether the last byte was read.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// What was read, after the end.
    pub fn stored(self) -> Stored {
        Stored { size_bytes: self.size_bytes, sha256: hex(&self.whole.finalize()) }
    }

    /// The next part. All but the last are [`PART`] bytes, as some servers demand; the first may be
    /// empty.
    pub async fn next(&mut self) -> Result<Part, StorageError> {
        let mut bytes = BytesMut::with_capacity(PART);
        let mut hasher = Sha256::new();
        while bytes.len() < PART {
            let from = bytes.len();
            let mut room = (&mut bytes).limit(PART - from);
            let n = self.body.read_buf(&mut room).await.map_err(StorageError::Source)?;
            if n == 0 {
                self.ended = true;
                break;
            }
            self.size_bytes += n as u64;
            if self.size_bytes > self.limit {
                return Err(StorageError::TooLarge { limit: self.limit });
            }
            hasher.update(&bytes[from..]);
            self.whole.update(&bytes[from..]);
        }
        self.count += 1;
        let sha256 = BASE64_STANDARD.encode(hasher.finalize());
        Ok(Part { number: self.count, bytes: bytes.freeze(), sha256 })
    }
}

/// A multipart upload. One that is dropped unfinished is aborted.
pub(super) struct Upload<'a> {
    storage: &'a S3Storage,
    name: &'a str,
    id: String,
    over: bool,
}

impl<'a> Upload<'a> {
    /// Creates a multipart upload. `mark` identifies this upload's object.
    pub async fn begin(
        storage: &'a S3Storage,
        name: &'a str,
        content_type: &str,
        mark: &str,
    ) -> Result<Self, StorageError> {
        let id = storage.begin_multipart(name, content_type, mark).await?;
        Ok(Self { storage, name, id, over: false })
    }

    /// Sends all parts.
    pub async fn send(
        &self,
        first: Part,
        parts: &mut Parts,
    ) -> Result<Vec<CompletedPart>, StorageError> {
        let rest = stream::try_unfold(parts, |parts| {
            async move {
                if parts.ended() {
                    return Ok(None);
                }
                let part = parts.next().await?;
                Ok((!part.bytes.is_empty()).then_some((part, parts)))
            }
            .boxed()
        })
        .boxed();
        let mut sent: Vec<_> = stream::once(future::ok(first))
            .chain(rest)
            .map_ok(|part| self.send_part(part).boxed())
            .try_buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        sent.sort_unstable_by_key(CompletedPart::part_number);
        Ok(sent)
    }

    async fn send_part(&self, part: Part) -> Result<CompletedPart, StorageError> {
        let Part { number, bytes, sha256 } = part;
        let body = Body::from(bytes);
        let e_tag = self.storage.send_part(self.name, &self.id, number, &sha256, body).await?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(e_tag)
            .checksum_sha256(sha256)
            .build())
    }

    /// Completes the upload. After an error the object may exist nevertheless.
    pub async fn complete(
        &mut self,
        parts: Vec<CompletedPart>,
    ) -> Result<(), SdkError<CompleteMultipartUploadError>> {
        self.storage.complete_multipart(self.name, &self.id, parts).await?;
        self.over = true;
        Ok(())
    }

    /// Aborts the upload and waits for the answer. If this fails as well, the parts are leftovers.
    pub async fn abort(mut self) {
        self.over = true;
        // After a failure, the next removal of leftovers tries again.
        let _ = self.storage.abort_multipart(self.name, &self.id).await;
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        // Without a runtime the process is ending; the parts are leftovers then.
        if let (false, Ok(runtime)) = (self.over, Handle::try_current()) {
            let storage = self.storage.clone();
            let (name, id) = (self.name.to_owned(), self.id.clone());
            runtime.spawn(async move { drop(storage.abort_multipart(&name, &id).await) });
        }
    }
}
