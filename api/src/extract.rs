//! Extractors that several handlers use, with errors of this interface as rejections.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::{header, request::Parts};
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::ReportId;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;
use crate::request_error::RequestError;

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

impl<S: Send + Sync> FromRequestParts<S> for ReportPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<ReportId>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| RequestError::NotFound.into())
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
