//! Closing a round.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::Action;
use huibao_models::domain::ids::RoundId;

use super::show::body;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::IdPath;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, RoundBody};

/// Closes a round: nothing can be handed in for it any more. One that is closed stays closed.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/close", tag = "rounds", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Closed", body = RoundBody),
        (status = 403, description = "`forbidden`: no reviewer of its branch", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn close(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<RoundId>,
) -> Result<Json<RoundBody>, ApiError> {
    caller.round_for(&state, Action::ManageRound, id).await?;
    let mut unit = caller.begin_durable(&state).await?;
    unit.rounds().close(id).await?;
    let round = unit.rounds().get(id).await?.ok_or(RequestError::NotFound)?;
    unit.commit().await?;
    Ok(Json(body(&state, &caller, round).await?))
}
