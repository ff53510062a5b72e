//! Extractors that several handlers use, with errors of this interface as rejections.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::ReportId;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::client_address::client_address;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// The language of messages: `?lang=`, or else `Accept-Language`, or else Chinese.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Locale(pub Lang);

#[derive(Deserialize)]
struct LangQuery {
    lang: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Locale {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query =
            Query::<LangQuery>::try_from_uri(&parts.uri).ok().and_then(|query| query.0.lang);
        let header = || parts.headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok();
        let tag = query.as_deref().or_else(header);
        Ok(Self(tag.map(Lang::from_tag).unwrap_or_default()))
    }
}

/// The report id in the path. A malformed id is not found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReportPath(pub ReportId);

/// It by its name: a path may have other parameters as well.
#[derive(Deserialize)]
struct NamedId {
    id: ReportId,
}

impl<S: Send + Sync> FromRequestParts<S> for ReportPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<NamedId>::from_request_parts(parts, state).await;
        path.map(|Path(named)| Self(named.id)).map_err(|_| RequestError::NotFound.into())
    }
}

/// The id in the path, of something other than a report. A malformed one is not found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdPath<T>(pub T);

impl<T: From<Uuid>, S: Send + Sync> FromRequestParts<S> for IdPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<Uuid>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id.into())).map_err(|_| RequestError::NotFound.into())
    }
}

/// Where the request comes from.
pub(crate) struct ClientAddress(pub IpAddr);

impl FromRequestParts<ApiState> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Infallible> {
        Ok(Self(client_address(&state.config, &parts.headers, &parts.extensions)))
    }
}

/// A body of JSON.
pub(crate) struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(RequestError::BodyTooLarge.into())
            }
            Err(_) => Err(RequestError::BadRequest.into()),
        }
    }
}

/// The query string.
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::try_from_uri(&parts.uri);
        query.map(|Query(params)| Self(params)).map_err(|_| RequestError::BadRequest.into())
    }
}

/// The revision that `If-Match` names with a tag such as `"r3"`.
///
/// # Errors
///
/// [`RequestError::PreconditionRequired`] without the header, [`RequestError::Outdated`] for a tag that was never
/// given.
pub(crate) fn revision(headers: &HeaderMap, letter: char) -> Result<u32, RequestError> {
    let given = headers.get(header::IF_MATCH).ok_or(RequestError::PreconditionRequired)?;
    let tag = given.to_str().ok().and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
    let number = tag.and_then(|tag| tag.strip_prefix(letter)?.parse().ok());
    number.ok_or(RequestError::Outdated)
}
