//! Signing on through the campus: to the identity provider, and back.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::failure::Failure;
use serde::Deserialize;

use super::session::user_agent;
use crate::cookie;
use crate::error::ApiError;
use crate::extract::{ClientAddress, Params};
use crate::request_error::RequestError;
use crate::sign_on::{Attempt, Provider, safe_return, sign_on};
use crate::state::ApiState;
use crate::view::ErrorBody;

/// Where to return to.
#[derive(Deserialize)]
pub(crate) struct BeginParams {
    return_to: Option<String>,
}

/// What a provider answers with.
#[derive(Deserialize)]
pub(crate) struct CallbackParams {
    state: Option<String>,
    /// Of an OpenID provider.
    code: Option<String>,
    /// Of a CAS server.
    ticket: Option<String>,
}

/// Sends the browser to an identity provider. This is a link to follow, not a request for a script.
#[utoipa::path(get, path = "/api/v1/sign-on/{provider}", tag = "account", security(()),
    params(("provider" = String, Path, description = "`oidc` or `cas`"),
        ("return_to" = Option<String>, Query,
            description = "A page of this site to return to, such as `/#/reports/…`")),
    responses((status = 303, description = "To the provider",
            headers(("Location" = String, description = "The provider's page"))),
        (status = 404, description = "`not_found`: it is not set up", body = ErrorBody)))]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    Path(provider): Path<String>,
    Params(params): Params<BeginParams>,
) -> Result<Response, ApiError> {
    let provider = Provider::of(&state.config.sign_on, &provider).ok_or(RequestError::NotFound)?;
    let return_to = safe_return(params.return_to.as_deref());
    match state.providers.begin(&state.config, provider, return_to).await {
        Ok((url, attempt)) => redirect(url.as_str(), [attempt.set(&state.config)]),
        Err(error) => {
            tracing::error!(%error, "cannot begin a sign-on");
            back_with(&state, RequestError::SignOnFailed)
        }
    }
}

/// Where an identity provider sends the browser back to. What goes wrong is told by the sign-in page.
#[utoipa::path(get, path = "/api/v1/sign-on/{provider}/callback", tag = "account", security(()),
    params(("provider" = String, Path, description = "`oidc` or `cas`"),
        ("state" = Option<String>, Query, description = "What was given to the provider"),
        ("code" = Option<String>, Query, description = "Of an OpenID provider"),
        ("ticket" = Option<String>, Query, description = "Of a CAS server")),
    responses((status = 303, description = "To the page that was asked for, signed in; or to the sign-in page, \
            with the code of what went wrong",
            headers(("Location" = String, description = "The page"))),
        (status = 404, description = "`not_found`: it is not set up", body = ErrorBody)))]
pub(crate) async fn callback(
    State(state): State<ApiState>,
    Path(name): Path<String>,
    ClientAddress(address): ClientAddress,
    Params(params): Params<CallbackParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let provider = Provider::of(&state.config.sign_on, &name).ok_or(RequestError::NotFound)?;
    let proof = match provider {
        Provider::Oidc => params.code,
        Provider::Cas => params.ticket,
    };
    // The answer counts in the browser that asked, and once.
    let attempt = Attempt::read(&state.config, &headers).filter(|attempt| {
        attempt.provider == name && Some(&attempt.state) == params.state.as_ref()
    });
    let (Some(attempt), Some(proof)) = (attempt, proof) else {
        return back_with(&state, RequestError::SignOnFailed);
    };
    let identity = state.providers.finish(&state.config, provider, &attempt, &proof).await;
    let identity = match identity {
        Ok(identity) => identity,
        Err(error) => {
            tracing::error!(%error, "a sign-on failed");
            return back_with(&state, RequestError::SignOnFailed);
        }
    };
    match sign_on(&state, provider, &identity, address, user_agent(&headers)).await {
        Ok(secret) => {
            let cookies = [cookie::set(&state.config, &secret), Attempt::clear(&state.config)];
            // The browser kept it, so it is looked at again.
            redirect(&safe_return(Some(&attempt.return_to)), cookies)
        }
        Err(ApiError::Request(error)) => back_with(&state, error),
        Err(error) => Err(error),
    }
}

/// To the sign-in page, which says what went wrong.
fn back_with(state: &ApiState, error: RequestError) -> Result<Response, ApiError> {
    let page = format!("/#/sign-in?error={}", error.code());
    redirect(&page, [Attempt::clear(&state.config)])
}

fn redirect<const N: usize>(
    to: &str,
    cookies: [Option<HeaderValue>; N],
) -> Result<Response, ApiError> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::try_from(to).map_err(Failure::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    for cookie in cookies {
        let cookie = cookie.ok_or_else(|| Failure::internal("a cookie is no header"))?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
