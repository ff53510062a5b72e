//! Opening a round.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::ids::RoundId;
use huibao_models::store::RoundContent;

use super::fields;
use super::show::body;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, NewRound, RoundBody};

/// Opens a round for a branch and everything below it. Who takes part follows from who is an activist there, at
/// any time.
#[utoipa::path(post, path = "/api/v1/rounds", tag = "rounds",
    request_body = NewRound,
    responses((status = 201, description = "Opened", body = RoundBody,
            headers(("Location" = String, description = "URL of the round"))),
        (status = 400, description = "`bad_request`, `field_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no reviewer of this branch", body = ErrorBody)))]
pub(crate) async fn open(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(given): extract::Json<NewRound>,
) -> Result<Response, ApiError> {
    let branch: BranchPath = given.branch.parse().map_err(|_| RequestError::BadRequest)?;
    let subject = Subject::branch(&branch);
    caller.check(&state, Action::ManageRound, &Resource::Branch(&branch), subject)?;
    let content = RoundContent {
        title: fields::title(&given.title)?,
        period: given.period.parse().map_err(|_| RequestError::BadRequest)?,
        kinds: given.kinds,
        instructions: fields::instructions(&given.instructions)?,
        max_seconds: fields::max_seconds(given.max_seconds),
        deadline: given.deadline,
    };
    let id = RoundId::new();
    let mut unit = caller.begin_durable(&state).await?;
    unit.rounds().insert(id, &branch, &content).await?;
    let round = unit.rounds().get(id).await?.ok_or(RequestError::NotFound)?;
    state.commit(unit).await?;
    let location = [(header::LOCATION, format!("/api/v1/rounds/{id}"))];
    Ok((StatusCode::CREATED, location, Json(body(&state, &caller, round).await?)).into_response())
}
