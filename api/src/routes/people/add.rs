//! Adding somebody.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::person::{Grant, LoginName, display_name};
use huibao_models::store::NewPerson;

use super::fields;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract;
use crate::request_error::RequestError;
use crate::sign_in::hash_password;
use crate::state::ApiState;
use crate::view::{ErrorBody, NewPersonBody, PersonBody, PersonView};

/// Adds somebody to a branch. Branches that are not there yet are added.
#[utoipa::path(post, path = "/api/v1/people", tag = "people",
    request_body = NewPersonBody,
    responses((status = 201, description = "Added", body = PersonBody,
            headers(("Location" = String, description = "URL of the person"))),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of this branch", body = ErrorBody),
        (status = 422, description = "`invalid_name`: also if the number is another account's; `weak_password`",
            body = ErrorBody)))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(given): extract::Json<NewPersonBody>,
) -> Result<Response, ApiError> {
    let branch: BranchPath = given.branch.parse().map_err(|_| RequestError::BadRequest)?;
    let subject = Subject::branch(&branch);
    caller.check(&state, Action::ManagePeople, &Resource::Branch(&branch), subject)?;
    let name = LoginName::parse(&given.name).map_err(|_| RequestError::InvalidName)?;
    let password_hash = match given.password {
        Some(password) => Some(hash_password(&state, password).await?),
        None => None,
    };
    let named = NewPerson::named(name);
    let new = NewPerson {
        display_name: display_name(&given.display_name).unwrap_or(named.display_name),
        number: fields::number(given.number.as_deref().unwrap_or_default())?,
        email: fields::email(given.email.as_deref().unwrap_or_default())?,
        password_hash,
        ..named
    };
    let grant = Grant { role: given.role, branch };
    let mut unit = caller.begin_durable(&state).await?;
    if !unit.people().insert(&new).await? {
        return Err(RequestError::InvalidName.into());
    }
    unit.people().grant(new.id, &grant).await?;
    let person = unit.people().get(new.id).await?;
    unit.commit().await?;
    let person = person.ok_or_else(|| Failure::internal("a new person is not there"))?;
    let location = [(header::LOCATION, format!("/api/v1/people/{}", person.id))];
    let body = PersonBody { person: PersonView::new(person, vec![grant]) };
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}
