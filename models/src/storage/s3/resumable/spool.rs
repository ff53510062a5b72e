//! A part in the making, in a temporary file: hundreds of uploads at once must not hold their parts in
//! memory, and a part that is sent again is read again.

use std::io::{self, Read, Seek, SeekFrom};

use aws_sdk_s3::primitives::{ByteStream as Body, Length};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::storage::error::{StorageError, io_error};
use crate::storage::hash::CHUNK;
use crate::storage::read_full::BUFFER;

/// What is being done here, for errors.
const WRITE: &str = "write a part to a temporary file";
const READ: &str = "read a part from a temporary file";

/// Bytes `start..end` of a part.
pub(super) struct Spool {
    path: TempPath,
    file: File,
    start: u64,
    end: u64,
    /// The checksum of `start..end`, unless bytes were put in front.
    hasher: Option<Sha256>,
}

impl Spool {
    /// An empty spool in which bytes from `start` on are written.
    pub async fn create(start: u64) -> Result<Self, StorageError> {
        let made = tokio::task::spawn_blocking(|| {
            tempfile::Builder::new().prefix("huibao-part-").tempfile()
        });
        let made = made.await.map_err(io::Error::other).flatten().map_err(io_error(WRITE))?;
        let (file, path) = made.into_parts();
        let file = File::from_std(file);
        let mut spool = Self { path, file, start, end: start, hasher: None };
        spool.reset(start).await?;
        Ok(spool)
    }

    /// Forgets everything and starts anew.
    pub async fn reset(&mut self, start: u64) -> Result<(), StorageError> {
        self.file.seek(SeekFrom::Start(start)).await.map_err(io_error(WRITE))?;
        (self.start, self.end, self.hasher) = (start, start, Some(Sha256::new()));
        Ok(())
    }

    /// Where the bytes begin.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Where the bytes end.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Appends bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        self.file.write_all(bytes).await.map_err(io_error(WRITE))?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// The file, to write the bytes `0..start` into it. Nothing is appended afterwards.
    pub async fn front(&mut self) -> Result<&mut File, StorageError> {
        self.file.seek(SeekFrom::Start(0)).await.map_err(io_error(WRITE))?;
        (self.start, self.hasher) = (0, None);
        Ok(&mut self.file)
    }

    /// The bytes with their checksum in base64.
    pub async fn body(&mut self) -> Result<(Body, String), StorageError> {
        self.file.flush().await.map_err(io_error(WRITE))?;
        let digest = match self.hasher.clone() {
            Some(hasher) => hasher.finalize(),
            None => self.rehash().await.map_err(io_error(READ))?,
        };
        let body = Body::read_from()
            .path(&self.path)
            .offset(self.start)
            .length(Length::Exact(self.end - self.start))
            .buffer_size(BUFFER)
            .build()
            .await
            .map_err(|error| io_error(READ)(io::Error::other(error)))?;
        Ok((body, BASE64_STANDARD.encode(digest)))
    }

    async fn rehash(&self) -> io::Result<sha2::digest::Output<Sha256>> {
        let (path, start, len) = (self.path.to_path_buf(), self.start, self.end - self.start);
        tokio::task::spawn_blocking(move || {
            let mut file = std::fs::File::open(path)?;
            file.seek(SeekFrom::Start(start))?;
            let (mut file, mut hasher) = (file.take(len), Sha256::new());
            let mut buffer = vec![0; CHUNK];
            loop {
                match file.read(&mut buffer)? {
                    0 => return Ok(hasher.finalize()),
                    n => hasher.update(&buffer[..n]),
                }
            }
        })
        .await
        .map_err(io::Error::other)?
    }
}
