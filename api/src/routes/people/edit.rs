//! Changing what is known of somebody.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::Action;
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::person::display_name;

use super::fields;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, IdPath};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, PersonBody, PersonChange, PersonView};

/// Changes what is known of somebody, or disables the account: its sessions end, and its tokens are refused.
#[utoipa::path(patch, path = "/api/v1/people/{id}", tag = "people", params(("id" = Uuid, Path)),
    request_body = PersonChange,
    responses((status = 200, description = "Changed", body = PersonBody),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: this person is more than one manages", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`number_taken`", body = ErrorBody)))]
pub(crate) async fn edit(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<PersonId>,
    extract::Json(change): extract::Json<PersonChange>,
) -> Result<Json<PersonBody>, ApiError> {
    let (person, _) = caller.person_for(&state, Action::ManagePeople, id).await?;
    let shown = match &change.display_name {
        Some(name) => display_name(name).ok_or(RequestError::BadRequest)?,
        None => person.display_name.clone(),
    };
    let number = change.number.as_deref().map_or(Ok(person.number.clone()), fields::number)?;
    let email = change.email.as_deref().map_or(Ok(person.email.clone()), fields::email)?;
    let mut unit = caller.begin_durable(&state).await?;
    if (&shown, &number, &email) != (&person.display_name, &person.number, &person.email)
        && !unit.people().describe(id, &shown, number.as_ref(), email.as_deref()).await?
    {
        return Err(RequestError::NumberTaken.into());
    }
    if let Some(disabled) = change.disabled {
        unit.people().set_disabled(id, disabled).await?;
    }
    let person = unit.people().get(id).await?.ok_or(RequestError::NotFound)?;
    let grants = unit.people().grants(id).await?;
    unit.commit().await?;
    Ok(Json(PersonBody { person: PersonView::new(person, grants) }))
}
