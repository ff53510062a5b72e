//! Who looks after whom (培养联系人).

use axum::extract::{Path, State};
use axum::http::StatusCode;
use huibao_models::domain::access::Action;
use huibao_models::domain::ids::PersonId;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::ErrorBody;

/// Makes somebody the contact person of an activist: they read all reports of this activist.
#[utoipa::path(put, path = "/api/v1/people/{id}/contacts/{activist}", tag = "people",
    params(("id" = Uuid, Path, description = "Who looks after the activist"), ("activist" = Uuid, Path)),
    responses((status = 204, description = "They are that"),
        (status = 403, description = "`forbidden`: one does not manage the activist", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    caller: Caller,
    path: Result<Path<(PersonId, PersonId)>, axum::extract::rejection::PathRejection>,
) -> Result<StatusCode, ApiError> {
    set(&state, &caller, path, true).await
}

/// Somebody is no longer the contact person of an activist.
#[utoipa::path(delete, path = "/api/v1/people/{id}/contacts/{activist}", tag = "people",
    params(("id" = Uuid, Path, description = "Who looks after the activist"), ("activist" = Uuid, Path)),
    responses((status = 204, description = "They are not"),
        (status = 403, description = "`forbidden`: one does not manage the activist", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    path: Result<Path<(PersonId, PersonId)>, axum::extract::rejection::PathRejection>,
) -> Result<StatusCode, ApiError> {
    set(&state, &caller, path, false).await
}

/// It opens the activist's reports, so whoever manages the activist decides.
async fn set(
    state: &ApiState,
    caller: &Caller,
    path: Result<Path<(PersonId, PersonId)>, axum::extract::rejection::PathRejection>,
    is: bool,
) -> Result<StatusCode, ApiError> {
    let Path((contact, activist)) = path.map_err(|_| RequestError::NotFound)?;
    caller.person_for(state, Action::SeePerson, contact).await?;
    caller.person_for(state, Action::ManagePeople, activist).await?;
    let mut unit = caller.begin_durable(state).await?;
    unit.people().set_contact(contact, activist, is).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
