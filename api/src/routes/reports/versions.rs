//! The versions of a transcript.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ErrorBody, RequestError};
use crate::extract::ReportId;
use crate::state::ApiState;
use crate::view::TranscriptVersionView;

/// The versions of a transcript.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionList {
    /// Oldest first; the last is what readers see. Empty while there is no transcript.
    pub versions: Vec<TranscriptVersionView>,
}

/// The versions of a transcript: nothing is overwritten when a report is recognised again. Their texts
/// are had as files, with `version`.
#[utoipa::path(get, path = "/api/reports/{id}/transcripts", tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = VersionList),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn versions(
    State(state): State<ApiState>,
    ReportId(id): ReportId,
) -> Result<Json<VersionList>, ApiError> {
    state.store.report(id).await?.ok_or(RequestError::NotFound)?;
    let versions = state.store.transcript_versions(id).await?;
    Ok(Json(VersionList { versions: versions.into_iter().map(Into::into).collect() }))
}
