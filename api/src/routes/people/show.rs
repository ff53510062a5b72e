//! One person.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::Action;
use huibao_models::domain::ids::PersonId;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::IdPath;
use crate::state::ApiState;
use crate::view::{ErrorBody, PersonBody, PersonView};

/// Somebody of the branches that one looks after.
#[utoipa::path(get, path = "/api/v1/people/{id}", tag = "people", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The person", body = PersonBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<PersonId>,
) -> Result<Json<PersonBody>, ApiError> {
    let (person, grants) = caller.person_for(&state, Action::SeePerson, id).await?;
    Ok(Json(PersonBody { person: PersonView::new(person, grants) }))
}
