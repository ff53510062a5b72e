//! Signing in and out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use huibao_models::credentials::NewSecret;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::person::Person;

use crate::caller::{Caller, Proof};
use crate::cookie;
use crate::error::ApiError;
use crate::extract::{self, ClientAddress};
use crate::request_error::RequestError;
use crate::sign_in::{self, SignIn};
use crate::state::ApiState;
use crate::view::{Credentials, ErrorBody, PersonBody, PersonView};

/// Signs a person in: the answer sets a cookie. After several failures, an account and an address have to
/// wait.
#[utoipa::path(post, path = "/api/v1/session", tag = "account", security(()),
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in", body = PersonBody,
            headers(("Set-Cookie" = String, description = "The session"))),
        (status = 401, description = "`wrong_credentials`", body = ErrorBody),
        (status = 429, description = "`too_many_attempts`", body = ErrorBody,
            headers(("Retry-After" = u64, description = "Seconds to wait")))))]
pub(crate) async fn sign_in(
    State(state): State<ApiState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    extract::Json(given): extract::Json<Credentials>,
) -> Result<Response, ApiError> {
    let Credentials { name, password } = given;
    let agent = user_agent(&headers);
    match sign_in::sign_in(&state, &name, password, address, agent).await? {
        SignIn::In(person, secret) => signed_in(&state, person, &secret).await,
        SignIn::Wrong => Err(RequestError::WrongCredentials.into()),
        SignIn::Blocked { until } => {
            let wait = (until - state.store.now()).num_seconds().max(0) + 1;
            let mut response = ApiError::from(RequestError::TooManyAttempts).into_response();
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
            Ok(response)
        }
    }
}

/// Signs out: the session ends. Nobody being signed in is no error.
#[utoipa::path(delete, path = "/api/v1/session", tag = "account", security(()),
    responses((status = 204, description = "Signed out")))]
pub(crate) async fn sign_out(
    State(state): State<ApiState>,
    caller: Option<Caller>,
) -> Result<Response, ApiError> {
    if let Some(caller) = &caller
        && let Proof::Session(session) = caller.proof
    {
        let mut unit = caller.begin(&state).await?;
        unit.sessions().end(caller.person(), session).await?;
        unit.commit().await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cleared) = cookie::clear(&state.config) {
        response.headers_mut().insert(header::SET_COOKIE, cleared);
    }
    Ok(response)
}

/// What a browser calls itself.
pub(crate) fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default()
}

/// The answer to somebody who has signed in.
pub(crate) async fn signed_in(
    state: &ApiState,
    person: Person,
    secret: &NewSecret,
) -> Result<Response, ApiError> {
    let grants = state.store.snapshot().await?.people().grants(person.id).await?;
    let mut response = Json(PersonBody { person: PersonView::new(person, grants) }).into_response();
    let cookie = cookie::set(&state.config, secret);
    let cookie = cookie.ok_or_else(|| Failure::internal("a secret is no header"))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
