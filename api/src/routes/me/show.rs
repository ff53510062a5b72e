//! Who one is.

use axum::Json;
use axum::extract::State;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, PersonView};

/// Who one is, and what one may do where.
#[utoipa::path(get, path = "/api/v1/me", tag = "account",
    responses((status = 200, description = "The person", body = PersonView),
        (status = 401, description = "`unauthorized`", body = ErrorBody)))]
pub(crate) async fn me(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<PersonView>, ApiError> {
    let person = state.store.snapshot().await?.people().get(caller.person()).await?;
    let person = person.ok_or(RequestError::Unauthorized)?;
    Ok(Json(PersonView::new(person, caller.principal.grants)))
}
