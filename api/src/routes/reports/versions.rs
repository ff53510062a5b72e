//! The versions of a transcript.

use axum::Json;
use axum::extract::State;

use crate::error::ApiError;
use crate::extract::ReportPath;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, TranscriptVersionView, VersionList};

/// The versions of a transcript. Nothing is overwritten when a report is recognised again; the text of
/// each version is available as files, with `version`.
#[utoipa::path(get, path = "/api/reports/{id}/transcripts", tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The versions", body = VersionList),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn versions(
    State(state): State<ApiState>,
    ReportPath(id): ReportPath,
) -> Result<Json<VersionList>, ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let report = snapshot.reports().get(id).await?.ok_or(RequestError::NotFound)?;
    let submission = report.current_submission.ok_or(RequestError::NotFound)?;
    let versions = snapshot.transcripts().versions(submission).await?;
    Ok(Json(VersionList { versions: TranscriptVersionView::all(versions) }))
}
