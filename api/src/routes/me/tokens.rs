//! One's personal access tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use huibao_models::credentials::NewSecret;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::TokenId;
use huibao_models::domain::person::display_name;
use huibao_models::domain::scope::Scopes;
use huibao_models::store::NewToken;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, IdPath};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, NewTokenBody, TokenBody, TokenList, TokenView};

/// Ten years: longer is for ever.
const MAX_DAYS: u32 = 3650;

/// One's tokens, without their secrets.
#[utoipa::path(get, path = "/api/v1/me/tokens", tag = "account",
    responses((status = 200, description = "The tokens", body = TokenList)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<TokenList>, ApiError> {
    let tokens = state.store.snapshot().await?.tokens().of(caller.person()).await?;
    Ok(Json(TokenList { tokens: tokens.into_iter().map(TokenView::from).collect() }))
}

/// Makes a token. Its secret is in this answer and nowhere else. A token cannot make others.
#[utoipa::path(post, path = "/api/v1/me/tokens", tag = "account",
    request_body = NewTokenBody,
    responses((status = 201, description = "Made", body = TokenBody),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: with a token", body = ErrorBody)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(wanted): extract::Json<NewTokenBody>,
) -> Result<(StatusCode, Json<TokenBody>), ApiError> {
    caller.session()?;
    let name = display_name(&wanted.name).ok_or(RequestError::BadRequest)?;
    let scopes = match &wanted.scopes {
        Some(scopes) if scopes.is_empty() => return Err(RequestError::BadRequest.into()),
        Some(scopes) => Scopes::of(scopes),
        None => Scopes::all(),
    };
    let now = state.store.now();
    let expires_at = match wanted.expires_in_days {
        Some(days) if (1..=MAX_DAYS).contains(&days) => Some(now + TimeDelta::days(days.into())),
        Some(_) => return Err(RequestError::BadRequest.into()),
        None => None,
    };
    let secret = NewSecret::token().map_err(Failure::internal)?;
    let mut unit = state.store.begin_durable(caller.actor(), now).await?;
    let person = caller.person();
    let new = NewToken { person, name: &name, scopes, expires_at };
    let token = unit.tokens().insert(new, &secret.digest()).await?;
    unit.commit().await?;
    let body = TokenBody { token: token.into(), secret: secret.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Removes one of one's tokens: it is no longer accepted.
#[utoipa::path(delete, path = "/api/v1/me/tokens/{id}", tag = "account",
    params(("id" = Uuid, Path)),
    responses((status = 204, description = "Removed"),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<TokenId>,
) -> Result<StatusCode, ApiError> {
    let mut unit = caller.begin_durable(&state).await?;
    if !unit.tokens().remove(caller.person(), id).await? {
        return Err(RequestError::NotFound.into());
    }
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
