//! Giving somebody another password.

use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::domain::access::Action;
use huibao_models::domain::ids::PersonId;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, IdPath};
use crate::sign_in::hash_password;
use crate::state::ApiState;
use crate::view::{ErrorBody, GivenPassword};

/// Gives somebody another password. Their sessions end.
#[utoipa::path(post, path = "/api/v1/people/{id}/password", tag = "people", params(("id" = Uuid, Path)),
    request_body = GivenPassword,
    responses((status = 204, description = "Changed"),
        (status = 403, description = "`forbidden`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 422, description = "`weak_password`", body = ErrorBody)))]
pub(crate) async fn reset(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<PersonId>,
    extract::Json(given): extract::Json<GivenPassword>,
) -> Result<StatusCode, ApiError> {
    caller.person_for(&state, Action::ManagePeople, id).await?;
    let hash = hash_password(&state, given.password).await?;
    let mut unit = caller.begin_durable(&state).await?;
    unit.people().set_password_hash(id, &hash, None).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
