//! The end of an upload: its bytes become an object, and it a file of its draft. Or it is given up.

use huibao_models::domain::upload::{Purpose, Upload};
use huibao_models::storage::{StorageError, StorageKey, UploadId};

use crate::caller::Caller;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// How many bytes of an upload have arrived.
pub(crate) async fn offset(state: &ApiState, upload: &Upload) -> Result<u64, ApiError> {
    if let (true, Some(length)) = (upload.is_finished(), upload.length) {
        return Ok(length);
    }
    match state.storage.upload_status(UploadId::from(upload.id)).await {
        Ok(status) => Ok(status.offset),
        Err(StorageError::NoUpload(_)) => Err(RequestError::UploadGone.into()),
        Err(other) => Err(other.into()),
    }
}

/// Makes an upload whose bytes have all arrived an object, and writes that down. Can be repeated: a process
/// may have died in between.
pub(crate) async fn finish(
    state: &ApiState,
    caller: &Caller,
    mut upload: Upload,
) -> Result<Upload, ApiError> {
    let id = UploadId::from(upload.id);
    let stored = state.storage.finish_upload(id).await?;
    let mut unit = caller.begin_durable(state).await?;
    let replaced = unit.uploads().finish(&upload, &stored).await?;
    unit.commit().await?;
    upload.length = Some(stored.size_bytes);
    upload.sha256 = Some(stored.sha256);
    // From now on, the row refers to the object. What fails here, the collector does later.
    if let Err(error) = state.storage.remove_upload(id).await {
        tracing::warn!(%error, "the record of a finished upload stays behind");
    }
    for old in replaced {
        remove_object(state, &old).await;
    }
    Ok(upload)
}

/// Gives an upload up, finished or not. A part that another upload is made of is kept by nobody else.
pub(crate) async fn remove(
    state: &ApiState,
    caller: &Caller,
    upload: &Upload,
) -> Result<(), ApiError> {
    let mut unit = caller.begin_durable(state).await?;
    unit.uploads().remove(upload.id).await?;
    unit.commit().await?;
    remove_bytes(state, upload).await;
    Ok(())
}

/// Removes the bytes of an upload whose row is gone. What fails here, the collector does later.
pub(crate) async fn remove_bytes(state: &ApiState, upload: &Upload) {
    if let Err(error) = state.storage.remove_upload(UploadId::from(upload.id)).await {
        tracing::warn!(%error, "an upload stays behind in the storage");
    }
    if upload.is_finished() {
        remove_object(state, upload).await;
    }
}

async fn remove_object(state: &ApiState, upload: &Upload) {
    let Some(key) = StorageKey::parse(&upload.key) else { return };
    if let Err(error) = state.storage.delete(&key).await {
        tracing::warn!(%error, "the object of an upload stays behind");
    }
}

/// Finishes an upload whose bytes have all arrived, if a process died before it could.
pub(crate) async fn settle(
    state: &ApiState,
    caller: &Caller,
    upload: Upload,
    offset: u64,
) -> Result<Upload, ApiError> {
    let complete = upload.length == Some(offset) && !upload.is_finished();
    // A report takes it as it takes any other.
    let whole = offset > 0 || matches!(upload.purpose, Purpose::Part);
    if complete && whole { finish(state, caller, upload).await } else { Ok(upload) }
}
