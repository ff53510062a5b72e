//! The versions of a transcript.

use axum::Json;
use axum::extract::State;

use crate::error::ApiError;
use crate::extract::ReportId;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, VersionList};

/// The versions of a transcript. Nothing is overwritten when a report is recognised again; the text of
/// each version is available as files, with `version`.
#[utoipa::path(get, path = "/api/reports/{id}/transcripts", tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The versions", body = VersionList),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn versions(
    State(state): State<ApiState>,
    ReportId(id): ReportId,
) -> Result<Json<VersionList>, ApiError> {
    state.store.report(id).await?.ok_or(RequestError::NotFound)?;
    let versions = state.store.transcript_versions(id).await?;
    Ok(Json(VersionList { versions: versions.into_iter().map(Into::into).collect() }))
}
