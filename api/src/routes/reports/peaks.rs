//! How loud a report is over time.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::submission::FileKind;
use huibao_models::storage::StorageKey;
use tokio::io::AsyncReadExt;

use super::files::FileBytes;
use crate::access::{Permitted, Read};
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::ErrorBody;

/// Five days of sound.
const MAX_BYTES: u64 = 10 << 20;

/// How loud the sound is, a byte for each 50 ms: the square root of the largest amplitude, 255 for full scale.
#[utoipa::path(get, path = "/api/v1/reports/{id}/peaks", tag = "files",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream", body = FileBytes),
        (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody)))]
pub(crate) async fn peaks(
    State(state): State<ApiState>,
    permitted: Permitted<Read>,
) -> Result<Response, ApiError> {
    let submission = permitted.access.report.current_submission.ok_or(RequestError::NotReady)?;
    let mut snapshot = state.store.snapshot().await?;
    let file = snapshot.submissions().file(submission, FileKind::Peaks).await?;
    drop(snapshot);
    let file = file.ok_or(RequestError::NotReady)?;
    let invalid = || Failure::internal("a file row holds an invalid key");
    let key = StorageKey::parse(&file.key).ok_or_else(invalid)?;
    // Never a link into the storage: pages may fetch from their own server alone.
    let mut bytes = Vec::new();
    let stream = state.storage.open(&key, None).await?;
    stream.take(MAX_BYTES).read_to_end(&mut bytes).await.map_err(Failure::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CACHE_CONTROL, "private".to_owned()),
        (header::ETAG, format!("\"{}\"", file.sha256)),
    ];
    Ok((headers, bytes).into_response())
}
