//! SHA-256 of files.

use std::fmt::Write;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::stored::{ByteStream, Stored};

/// Size of a read in bytes: large enough to keep system calls rare.
pub(super) const CHUNK: usize = 256 * 1024;

/// Size and checksum of a local file. Runs on a blocking thread: a video is hundreds of megabytes.
pub async fn hash_file(path: PathBuf) -> io::Result<Stored> {
    tokio::task::spawn_blocking(move || hash_file_blocking(&path))
        .await
        .map_err(io::Error::other)?
}

/// Like [`hash_file`], for code that runs outside an async runtime.
pub fn hash_file_blocking(path: &Path) -> io::Result<Stored> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut size_bytes = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(Stored { size_bytes, sha256: hex(&hasher.finalize()) });
        }
        size_bytes += n as u64;
        hasher.update(&buffer[..n]);
    }
}

/// Size and checksum of a stream, which is read to its end.
pub async fn hash_stream(body: &mut ByteStream) -> io::Result<Stored> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut size_bytes = 0;
    loop {
        let n = body.read(&mut buffer).await?;
        if n == 0 {
            return Ok(Stored { size_bytes, sha256: hex(&hasher.finalize()) });
        }
        size_bytes += n as u64;
        hasher.update(&buffer[..n]);
    }
}

/// SHA-256 of bytes, lowercase hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lowercase hex.
pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(digest.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
