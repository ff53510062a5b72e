//! The author's consent, and what reviewers make of it.

use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::store::StoreError;

use crate::access::{Consent, Permitted, PublishExample, WithdrawExample};
use crate::error::ApiError;
use crate::extract;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{Consent as ConsentBody, ErrorBody};

/// Agrees to one's accepted report being shown as a good example, or takes that back, which removes it from the page at
/// once.
#[utoipa::path(put, path = "/api/v1/reports/{id}/example-consent", tag = "examples",
    params(("id" = Uuid, Path)),
    request_body = ConsentBody,
    responses((status = 204, description = "It holds"),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: it is somebody else's", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`no_example`: it is not accepted", body = ErrorBody)))]
pub(crate) async fn consent(
    State(state): State<ApiState>,
    permitted: Permitted<Consent>,
    extract::Json(body): extract::Json<ConsentBody>,
) -> Result<StatusCode, ApiError> {
    let id = permitted.id();
    let mut unit = permitted.access.caller.begin_durable(&state).await?;
    if body.given {
        unit.examples().consent(id).await.map_err(refused)?;
    } else {
        unit.examples().refuse(id).await?;
    }
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows an accepted report, whose author agrees, to everybody who belongs to its branch or to one below it.
#[utoipa::path(put, path = "/api/v1/reports/{id}/example", tag = "examples",
    params(("id" = Uuid, Path)),
    responses((status = 204, description = "It is shown"),
        (status = 403, description = "`forbidden`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`no_example`: it is not accepted, or its author does not agree",
            body = ErrorBody)))]
pub(crate) async fn publish(
    State(state): State<ApiState>,
    permitted: Permitted<PublishExample>,
) -> Result<StatusCode, ApiError> {
    let mut unit = permitted.access.caller.begin_durable(&state).await?;
    unit.examples().publish(permitted.id()).await.map_err(refused)?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a report off the page of good examples: its author, or who reviews it.
#[utoipa::path(delete, path = "/api/v1/reports/{id}/example", tag = "examples",
    params(("id" = Uuid, Path)),
    responses((status = 204, description = "It is not shown"),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn withdraw(
    State(state): State<ApiState>,
    permitted: Permitted<WithdrawExample>,
) -> Result<StatusCode, ApiError> {
    let mut unit = permitted.access.caller.begin_durable(&state).await?;
    unit.examples().withdraw(permitted.id()).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn refused(error: StoreError) -> ApiError {
    match error {
        StoreError::IllegalTransition { .. } => RequestError::NoExample.into(),
        other => other.into(),
    }
}
