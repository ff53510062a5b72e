//! Requests that bring a checksum: their bytes are appended only if it fits.

use std::io::{self, SeekFrom};

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use huibao_models::domain::failure::Failure;
use huibao_models::storage::ByteStream;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::protocol::CHECKSUM;
use crate::error::ApiError;
use crate::request_error::RequestError;

/// The algorithms, for `OPTIONS`.
pub(crate) const ALGORITHMS: &str = "sha1,sha256";

/// A request with a checksum may have so many bytes: all of them are kept until it is compared.
const MAX_BYTES: u64 = 64 << 20;

/// Read at once.
const CHUNK: usize = 64 << 10;

/// A checksum that a client sent.
pub(super) struct Checksum {
    hash: Hash,
    expected: Vec<u8>,
}

enum Hash {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hash {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha1(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha1(hash) => hash.finalize().to_vec(),
            Self::Sha256(hash) => hash.finalize().to_vec(),
        }
    }
}

/// The checksum of a request, if it has one.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<Checksum>, RequestError> {
    let Some(value) = headers.get(CHECKSUM) else { return Ok(None) };
    let text = value.to_str().map_err(|_| RequestError::BadRequest)?;
    let (algorithm, encoded) = text.split_once(' ').ok_or(RequestError::BadRequest)?;
    let hash = match algorithm {
        "sha1" => Hash::Sha1(Sha1::new()),
        "sha256" => Hash::Sha256(Sha256::new()),
        _ => return Err(RequestError::BadRequest),
    };
    let expected = STANDARD.decode(encoded).map_err(|_| RequestError::BadRequest)?;
    Ok(Some(Checksum { hash, expected }))
}

impl Checksum {
    /// Reads a body to its end and returns it as a stream, if the checksum fits.
    pub(super) async fn check(mut self, mut body: ByteStream) -> Result<ByteStream, ApiError> {
        let file = tempfile::tempfile().map_err(Failure::from)?;
        let mut file = tokio::fs::File::from_std(file);
        let (mut chunk, mut total) = (vec![0; CHUNK], 0);
        loop {
            let read = body.read(&mut chunk).await.map_err(|_| RequestError::BadUpload)?;
            if read == 0 {
                break;
            }
            total += read as u64;
            if total > MAX_BYTES {
                return Err(RequestError::BodyTooLarge.into());
            }
            self.hash.update(&chunk[..read]);
            file.write_all(&chunk[..read]).await.map_err(Failure::from)?;
        }
        if self.hash.finish() != self.expected {
            return Err(RequestError::ChecksumMismatch.into());
        }
        let rewound: io::Result<_> = async {
            file.flush().await?;
            file.seek(SeekFrom::Start(0)).await
        }
        .await;
        rewound.map_err(Failure::from)?;
        Ok(Box::pin(file))
    }
}
