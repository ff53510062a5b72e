//! Removing a draft.

use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::store::StoreError;

use crate::access::{Edit, Permitted};
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::uploads::finish::remove_bytes;
use crate::view::ErrorBody;

/// Removes a draft of which nothing was ever handed in, with its uploads.
#[utoipa::path(delete, path = "/api/v1/reports/{id}", tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 204, description = "Removed"),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`not_a_draft`", body = ErrorBody)))]
pub(crate) async fn discard(
    State(state): State<ApiState>,
    permitted: Permitted<Edit>,
) -> Result<StatusCode, ApiError> {
    let (id, caller) = (permitted.id(), &permitted.access.caller);
    let mut unit = caller.begin_durable(&state).await?;
    let uploads = unit.uploads().of_report(id).await?;
    match unit.reports().discard(id).await {
        Err(StoreError::IllegalTransition { .. }) => return Err(RequestError::NotADraft.into()),
        discarded => discarded?,
    }
    unit.commit().await?;
    for upload in &uploads {
        remove_bytes(&state, upload).await;
    }
    Ok(StatusCode::NO_CONTENT)
}
