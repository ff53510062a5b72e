//! What a draft said before it was changed.

use axum::Json;
use axum::extract::State;

use crate::access::{Edit, Permitted};
use crate::error::ApiError;
use crate::state::ApiState;
use crate::view::{DraftVersionList, DraftVersionView, ErrorBody};

/// What a report of one's own said before it was changed, the newest first: of each minute in which something was
/// saved, what was there at its beginning. Only its author sees that.
#[utoipa::path(get, path = "/api/v1/reports/{id}/draft-versions", tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The versions", body = DraftVersionList),
        (status = 403, description = "`forbidden`: it is somebody else's", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    permitted: Permitted<Edit>,
) -> Result<Json<DraftVersionList>, ApiError> {
    let versions = state.store.snapshot().await?.reports().draft_versions(permitted.id()).await?;
    let versions = versions.into_iter().map(DraftVersionView::from).collect();
    Ok(Json(DraftVersionList { versions }))
}
