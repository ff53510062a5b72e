//! Changing a round.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::access::Action;
use huibao_models::domain::ids::RoundId;
use huibao_models::store::{RoundContent, StoreError};

use super::fields;
use super::show::{body, etag};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, IdPath};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, RoundBody, RoundChange};

/// Changes a round that is open. `If-Match` names what the change is based on.
#[utoipa::path(patch, path = "/api/v1/rounds/{id}", tag = "rounds",
    params(("id" = Uuid, Path),
        ("If-Match" = String, Header, description = "The `ETag` of the round that was read")),
    request_body = RoundChange,
    responses((status = 200, description = "Changed", body = RoundBody,
            headers(("ETag" = String, description = "Of the round as it is now"))),
        (status = 400, description = "`bad_request`, `field_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no reviewer of its branch", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`round_closed`", body = ErrorBody),
        (status = 412, description = "`outdated`", body = ErrorBody),
        (status = 428, description = "`precondition_required`", body = ErrorBody)))]
pub(crate) async fn edit(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<RoundId>,
    headers: HeaderMap,
    extract::Json(change): extract::Json<RoundChange>,
) -> Result<Response, ApiError> {
    let round = caller.round_for(&state, Action::ManageRound, id).await?;
    let read = headers.get(header::IF_MATCH).ok_or(RequestError::PreconditionRequired)?;
    if read != etag(round.revision).as_str() {
        return Err(RequestError::Outdated.into());
    }
    if round.closed_at.is_some() {
        return Err(RequestError::RoundClosed.into());
    }
    let period = change.period.as_deref().map_or(Ok(round.period), str::parse);
    let content = RoundContent {
        title: change.title.as_deref().map_or(Ok(round.title), fields::title)?,
        period: period.map_err(|_| RequestError::BadRequest)?,
        kinds: change.kinds.unwrap_or(round.kinds),
        instructions: change
            .instructions
            .as_deref()
            .map_or(Ok(round.instructions), fields::instructions)?,
        max_seconds: match change.max_seconds {
            None => round.max_seconds,
            given => fields::max_seconds(given),
        },
        deadline: change.deadline.unwrap_or(round.deadline),
    };
    let mut unit = caller.begin_durable(&state).await?;
    match unit.rounds().edit(id, round.revision, &content).await {
        Err(StoreError::Outdated { .. }) => return Err(RequestError::Outdated.into()),
        edited => edited?,
    }
    let round = unit.rounds().get(id).await?.ok_or(RequestError::NotFound)?;
    unit.commit().await?;
    let tag = [(header::ETAG, etag(round.revision))];
    Ok((tag, Json(body(&state, &caller, round).await?)).into_response())
}
