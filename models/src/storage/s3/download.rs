//! Downloads objects into local files and verifies them.

use std::io;
use std::path::{Path, PathBuf};

use aws_smithy_checksums::body::validate;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::bucket::{PART, S3Storage};
use super::errors::{find, one_line};
use super::read::READ;
use crate::storage::error::{StorageError, io_error};
use crate::storage::hash::CHUNK;
use crate::storage::key::StorageKey;
use crate::storage::stored::ByteStream;

impl S3Storage {
    pub(super) async fn download(
        &self,
        key: &StorageKey,
        scratch: &Path,
    ) -> Result<PathBuf, StorageError> {
        let found = self.get_whole(key).await?;
        let size_bytes = found.content_length.and_then(|n| u64::try_from(n).ok());
        let checksum = found.checksum_sha256.as_deref();
        let expected = self.composite(key, size_bytes, checksum).await;

        fs::create_dir_all(scratch).await.map_err(io_error("make the scratch folder"))?;
        // Some readers look at the file's extension.
        let ending = key.as_str().rsplit('/').next().unwrap_or_default();
        let path = scratch.join(format!("{}-{ending}", Uuid::now_v7()));
        // Removed if the download does not finish.
        let unfinished =
            tempfile::TempPath::try_from_path(&path).map_err(io_error("name a file"))?;
        let mut file = fs::File::create_new(&path).await.map_err(io_error("create a file"))?;
        let mut body: ByteStream = Box::pin(found.body.into_async_read());
        let (received, composite) = self.pour(key, &mut body, &mut file).await?;

        let damaged = |detail| StorageError::Damaged { key: key.clone(), detail };
        if size_bytes.is_some_and(|expected| expected != received) {
            return Err(damaged(format!("{received} bytes came instead of {size_bytes:?}")));
        }
        if let Some(expected) = expected.filter(|expected| *expected != composite) {
            return Err(damaged(format!("checksum {composite} instead of {expected}")));
        }
        unfinished.keep().map_err(|e| io_error("keep a file")(e.error))
    }

    /// Writes the stream to the file; returns its length and its composite checksum.
    async fn pour(
        &self,
        key: &StorageKey,
        body: &mut ByteStream,
        file: &mut fs::File,
    ) -> Result<(u64, String), StorageError> {
        let mut composite = Composite::default();
        let mut buffer = vec![0; CHUNK];
        let mut size_bytes = 0;
        loop {
            let n = body.read(&mut buffer).await.map_err(|e| self.broken(key, &e))?;
            if n == 0 {
                break;
            }
            file.write_all(&buffer[..n]).await.map_err(io_error("write a file"))?;
            composite.update(&buffer[..n]);
            size_bytes += n as u64;
        }
        file.flush().await.map_err(io_error("write a file"))?;
        Ok((size_bytes, composite.finish()))
    }

    fn broken(&self, key: &StorageKey, error: &io::Error) -> StorageError {
        match find::<validate::Error>(error) {
            Some(mismatch) => {
                StorageError::Damaged { key: key.clone(), detail: mismatch.to_string() }
            }
            None => StorageError::Busy {
                what: READ,
                detail: format!("{} ({})", one_line(error), self.location),
            },
        }
    }

    /// The server's composite checksum of a multipart object, if it can be compared: an object that was
    /// copied here by other tools may have parts of another size.
    async fn composite(
        &self,
        key: &StorageKey,
        size_bytes: Option<u64>,
        checksum: Option<&str>,
    ) -> Option<String> {
        let part = PART as u64;
        let (_, count) = checksum?.split_once('-')?;
        if count.parse() != Ok(size_bytes?.div_ceil(part)) {
            return None;
        }
        let head = self.client.head_object().bucket(&self.location.bucket).key(self.name(key));
        let first = head.part_number(1).send().await.ok()?;
        let cut_here = first.content_length? == i64::try_from(size_bytes?.min(part)).ok()?;
        cut_here.then(|| checksum.map(ToOwned::to_owned)).flatten()
    }
}

/// S3's composite checksum of a multipart object: the checksum of the parts' checksums.
#[derive(Default)]
struct Composite {
    whole: Sha256,
    part: Sha256,
    filled: usize,
    count: usize,
}

impl Composite {
    fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PART - self.filled));
            self.part.update(now);
            self.filled += now.len();
            if self.filled == PART {
                self.end_part();
            }
            bytes = later;
        }
    }

    fn end_part(&mut self) {
        self.whole.update(self.part.finalize_reset());
        self.filled = 0;
        self.count += 1;
    }

    fn finish(mut self) -> String {
        if self.filled > 0 {
            self.end_part();
        }
        format!("{}-{}", BASE64_STANDARD.encode(self.whole.finalize()), self.count)
    }
}
