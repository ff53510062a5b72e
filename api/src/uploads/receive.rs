//! Appending to an upload: what a request brings, or the parts that an upload is put together from.

use axum::body::Body;
use axum::http::HeaderMap;
use futures::TryStreamExt;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::upload::{Purpose, Upload};
use huibao_models::storage::{ByteStream, StorageError, StorageKey, UploadId};
use huibao_models::trace;
use tokio_util::io::StreamReader;
use tracing::Instrument;

use super::begin::{check_length, check_quota, too_large};
use super::checksum;
use super::finish::finish;
use super::first_bytes;
use super::limit;
use super::protocol;
use super::writer::Writer;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// Appends a body at `offset`, and makes the upload a file if that completes it. Returns the upload and its
/// new offset.
pub(crate) async fn receive(
    state: &ApiState,
    caller: &Caller,
    mut upload: Upload,
    offset: u64,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Upload, u64), ApiError> {
    if upload.parts.is_some() {
        // Its bytes are those of its parts.
        return Err(RequestError::Forbidden.into());
    }
    let checksum = checksum::of(headers)?;
    let writer = Writer::claim(state, upload.id).await?;
    let at = super::finish::offset(state, &upload).await?;
    if at != offset {
        return Err(RequestError::WrongOffset.into());
    }
    if let Some(length) = protocol::late_length(headers)? {
        learn_length(state, caller, &mut upload, offset, length).await?;
    }
    let limit = upload.length.unwrap_or_else(|| limit(state, upload.purpose));
    let mut body: ByteStream =
        Box::pin(StreamReader::new(body.into_data_stream().map_err(std::io::Error::other)));
    if let Some(checksum) = checksum {
        body = checksum.check(body).await?;
    }
    if let (0, Purpose::File { role, .. }) = (offset, upload.purpose) {
        body = Box::pin(first_bytes::check(role, body).await?);
    }
    let span = tracing::info_span!("upload", submission = %upload.submission);
    if matches!(upload.purpose, Purpose::File { .. }) {
        trace::join_submission(&span, upload.submission);
    }
    let appended = state.storage.append(UploadId::from(upload.id), offset, body, limit);
    let appended = appended.instrument(span).await;
    let offset = appended.map_err(|error| refusal(error, &upload, limit))?;
    if upload.length == Some(offset) {
        upload = finish(state, caller, upload).await?;
    }
    drop(writer);
    Ok((upload, offset))
}

/// Takes note of a length that the client did not know before.
async fn learn_length(
    state: &ApiState,
    caller: &Caller,
    upload: &mut Upload,
    offset: u64,
    length: u64,
) -> Result<(), ApiError> {
    if upload.length.is_some_and(|known| known != length) || length < offset {
        return Err(RequestError::BadRequest.into());
    }
    check_length(state, upload.purpose, Some(length))?;
    if upload.length.is_none() {
        check_quota(state, caller, upload.purpose, length).await?;
    }
    let mut unit = caller.begin(state).await?;
    unit.uploads().set_length(upload.id, length).await?;
    unit.commit().await?;
    upload.length = Some(length);
    Ok(())
}

/// Puts an upload together from its parts, or goes on with that, and makes it a file.
pub(crate) async fn assemble(
    state: &ApiState,
    caller: &Caller,
    upload: Upload,
) -> Result<Upload, ApiError> {
    let (Some(parts), Some(length)) = (upload.parts.clone(), upload.length) else {
        return Ok(upload);
    };
    if upload.is_finished() {
        return Ok(upload);
    }
    let _writer = Writer::claim(state, upload.id).await?;
    let mut offset = super::finish::offset(state, &upload).await?;
    let mut start = 0;
    for id in parts {
        let part = super::find(state, caller, id).await?;
        let end = start + part.length.unwrap_or_default();
        if offset < end {
            let key = StorageKey::parse(&part.key)
                .ok_or_else(|| Failure::internal("an upload's row holds an invalid key"))?;
            let rest = (offset - start)..(end - start);
            let body = state.storage.open(&key, Some(rest)).await?;
            let appended = state.storage.append(UploadId::from(upload.id), offset, body, length);
            offset = appended.await?;
        }
        start = end;
    }
    finish(state, caller, upload).await
}

fn refusal(error: StorageError, upload: &Upload, limit: u64) -> ApiError {
    match error {
        // More than was announced.
        StorageError::TooLarge { .. } if upload.length.is_some() => RequestError::BadUpload.into(),
        StorageError::TooLarge { .. } => too_large(upload.purpose, limit).into(),
        StorageError::WrongOffset { .. } | StorageError::UploadClosed(_) => {
            RequestError::WrongOffset.into()
        }
        StorageError::UploadConflict(_) => RequestError::UploadLocked.into(),
        StorageError::NoUpload(_) => RequestError::UploadGone.into(),
        other => other.into(),
    }
}
