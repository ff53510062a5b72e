//! Appending a stream to an upload.

use std::io;

use super::writer::Writer;
use crate::storage::error::StorageError;
use crate::storage::read_full::{BUFFER, read_full};
use crate::storage::s3::bucket::S3Storage;
use crate::storage::stored::ByteStream;
use crate::storage::upload_id::UploadId;

/// Why no more is read.
enum Stop {
    /// The part is full.
    Full,
    /// The stream ended.
    Ended(io::Result<()>),
    /// There is more than the limit.
    TooLarge,
}

impl S3Storage {
    pub(super) async fn append_stream(
        &self,
        id: UploadId,
        offset: u64,
        mut body: ByteStream,
        limit: u64,
    ) -> Result<u64, StorageError> {
        let state = self.load(id).await?;
        state.record.common.check_append(id, offset)?;
        let mut writer = Writer::new(self, state).await?;
        let mut buffer = vec![0; BUFFER];
        loop {
            match fill(&mut writer, &mut body, &mut buffer, limit).await? {
                Stop::Full => writer.commit_part().await?,
                Stop::Ended(end) => {
                    writer.commit_tail().await?;
                    return end.map(|()| writer.size_bytes()).map_err(StorageError::Source);
                }
                Stop::TooLarge => {
                    writer.commit_tail().await?;
                    return Err(StorageError::TooLarge { limit });
                }
            }
        }
    }
}

/// Reads until the part is full or there is nothing more to read.
async fn fill(
    writer: &mut Writer<'_>,
    body: &mut ByteStream,
    buffer: &mut [u8],
    limit: u64,
) -> Result<Stop, StorageError> {
    while writer.room() > 0 {
        let room = buffer.len().min(writer.room());
        let filled = read_full(body, &mut buffer[..room]).await;
        if filled.len as u64 > limit.saturating_sub(writer.size_bytes()) {
            return Ok(Stop::TooLarge);
        }
        writer.write(&buffer[..filled.len]).await?;
        if let Some(end) = filled.end {
            return Ok(Stop::Ended(end));
        }
    }
    Ok(Stop::Full)
}
