//! Changing one's password.

use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::credentials::Verdict;
use huibao_models::domain::audit::AuditAction;

use crate::caller::Caller;
use crate::client_address::address_key;
use crate::error::ApiError;
use crate::extract;
use crate::request_error::RequestError;
use crate::sign_in::{hash_password, verify};
use crate::state::ApiState;
use crate::view::{ErrorBody, NewPassword};

/// Changes the password. All other sessions of the person end.
#[utoipa::path(post, path = "/api/v1/me/password", tag = "account",
    request_body = NewPassword,
    responses((status = 204, description = "Changed"),
        (status = 401, description = "`wrong_credentials`: `current` is not the password",
            body = ErrorBody),
        (status = 403, description = "`forbidden`: with a token", body = ErrorBody),
        (status = 422, description = "`weak_password`", body = ErrorBody),
        (status = 429, description = "`too_many_attempts`", body = ErrorBody)))]
pub(crate) async fn change(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(given): extract::Json<NewPassword>,
) -> Result<StatusCode, ApiError> {
    let (session, person) = (caller.session()?, caller.person());
    let mut snapshot = state.store.snapshot().await?;
    // Whoever has found an open browser guesses as slowly as at the door.
    let (key, address) = (format!("password:{person}"), address_key(caller.address));
    let now = state.store.now();
    if snapshot.sign_ins().blocked_until([&key, &address], now).await?.is_some() {
        return Err(RequestError::TooManyAttempts.into());
    }
    let hash = snapshot.people().password_hash(person).await?;
    drop(snapshot);
    if verify(&state, given.current, hash).await? == Verdict::Wrong {
        let mut unit = caller.begin(&state).await?;
        unit.sign_ins().failed(&key, 1).await?;
        unit.audit().record(AuditAction::SignInFailed, person, serde_json::json!({})).await?;
        unit.commit().await?;
        return Err(RequestError::WrongCredentials.into());
    }
    let hash = hash_password(&state, given.new).await?;
    let mut unit = caller.begin_durable(&state).await?;
    unit.sign_ins().succeeded(&key).await?;
    unit.people().set_password_hash(person, &hash, Some(session)).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
