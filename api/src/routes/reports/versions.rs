//! The versions of a transcript.

use axum::Json;
use axum::extract::State;

use crate::access::{Permitted, Read};
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, TranscriptVersionView, VersionList};

/// The versions of a transcript. Nothing is overwritten when a report is recognised again; the text of
/// each version is available as files, with `version`.
#[utoipa::path(get, path = "/api/v1/reports/{id}/transcripts", tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The versions", body = VersionList),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn versions(
    State(state): State<ApiState>,
    permitted: Permitted<Read>,
) -> Result<Json<VersionList>, ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let submission = permitted.access.report.current_submission.ok_or(RequestError::NotFound)?;
    let versions = snapshot.transcripts().versions(submission).await?;
    Ok(Json(VersionList { versions: TranscriptVersionView::all(versions) }))
}
