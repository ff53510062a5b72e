//! What somebody is, and where.

use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::person::Grant;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, IdPath, Params};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, GrantBody};

/// Makes somebody something in a branch and everything below it.
#[utoipa::path(put, path = "/api/v1/people/{id}/grants", tag = "people", params(("id" = Uuid, Path)),
    request_body = GrantBody,
    responses((status = 204, description = "They are that"),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of this branch", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn grant(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<PersonId>,
    extract::Json(given): extract::Json<GrantBody>,
) -> Result<StatusCode, ApiError> {
    let grant = check(&state, &caller, id, given).await?;
    let mut unit = caller.begin_durable(&state).await?;
    unit.people().grant(id, &grant).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes away what somebody is in a branch.
#[utoipa::path(delete, path = "/api/v1/people/{id}/grants", tag = "people",
    params(("id" = Uuid, Path),
        ("role" = String, Query, description = "`activist`, `reviewer` or `operator`"),
        ("branch" = String, Query, description = "The branch, such as `/college/branch`")),
    responses((status = 204, description = "They are no longer that"),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of this branch", body = ErrorBody),
        (status = 404, description = "`not_found`: also if they were not that", body = ErrorBody)))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<PersonId>,
    Params(given): Params<GrantBody>,
) -> Result<StatusCode, ApiError> {
    let grant = check(&state, &caller, id, given).await?;
    let mut unit = caller.begin_durable(&state).await?;
    if !unit.people().revoke(id, &grant).await? {
        return Err(RequestError::NotFound.into());
    }
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever sees a person and manages a branch decides what the person is there.
async fn check(
    state: &ApiState,
    caller: &Caller,
    id: PersonId,
    given: GrantBody,
) -> Result<Grant, ApiError> {
    let branch: BranchPath = given.branch.parse().map_err(|_| RequestError::BadRequest)?;
    caller.person_for(state, Action::SeePerson, id).await?;
    let subject = Subject::branch(&branch);
    caller.check(state, Action::ManagePeople, &Resource::Branch(&branch), subject)?;
    Ok(Grant { role: given.role, branch })
}
