//! Requests that are repeated with the same `Idempotency-Key` do what they ask once, and are answered alike
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! Kept are answers to what succeeded, for a day; what was refused is asked anew. A process that dies between its
//! commit and keeping the answer leaves a key that is free again after two minutes.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use huibao_models::domain::failure::Failure;
use huibao_models::store::{KeptAnswer, Repeated};
use sha2::{Digest, Sha256};
use tracing::Instrument;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The most characters of a key.
const MAX_KEY: usize = 200;

/// A body of JSON has at most so many bytes, and so has an answer.
const MAX_BODY: usize = 2 << 20;

/// A body of JSON arrives within this time.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);

/// Answers once to what is asked several times with the same key.
pub(crate) async fn once(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let key = key(request.headers());
    let caller = request.extensions().get::<Caller>().cloned();
    match (key, caller) {
        (Ok(Some(key)), Some(caller)) if applies(&request) => {
            // In a task of its own: what has begun is done and its answer kept, also if the client is gone.
            let task = async move { Box::pin(answer(&state, &caller, &key, request, next)).await };
            let answered = tokio::spawn(task.in_current_span()).await;
            let answered = answered.map_err(|error| ApiError::from(Failure::internal(error)));
            answered.and_then(|answer| answer).unwrap_or_else(IntoResponse::into_response)
        }
        (Err(error), _) => ApiError::from(error).into_response(),
        _ => next.run(request).await,
    }
}

/// What makes something that would be made twice. Not uploads, which have their own way to go on, and not what
/// is answered with a secret, which is kept nowhere.
fn applies(request: &Request) -> bool {
    let path = request.uri().path();
    let secret = path.ends_with("/password")
        || matches!(path, "/api/v1/me/tokens" | "/api/v1/people/import" | "/api/v1/session");
    request.method() == Method::POST && !secret && !path.starts_with("/api/v1/uploads")
}

fn key(headers: &HeaderMap) -> Result<Option<String>, RequestError> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    let key = key.to_str().map_err(|_| RequestError::BadRequest)?.trim();
    let fits = !key.is_empty() && key.len() <= MAX_KEY;
    if fits { Ok(Some(key.to_owned())) } else { Err(RequestError::BadRequest) }
}

async fn answer(
    state: &ApiState,
    caller: &Caller,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = tokio::time::timeout(ARRIVES_WITHIN, to_bytes(body, MAX_BODY)).await;
    let body =
        body.map_err(|_| RequestError::BadUpload)?.map_err(|_| RequestError::BodyTooLarge)?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let fingerprint = fingerprint(path, &body);
    let mut unit = caller.begin(state).await?;
    let repeated = unit.idempotency_keys().take(caller.person(), key, &fingerprint).await?;
    unit.commit().await?;
    match repeated {
        Repeated::New => {}
        Repeated::Running => return Err(RequestError::StillRunning.into()),
        Repeated::Other => return Err(RequestError::KeyReused.into()),
        Repeated::Answered(kept) => return again(kept),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if !response.status().is_success() {
        let mut unit = caller.begin(state).await?;
        unit.idempotency_keys().give_back(caller.person(), key).await?;
        unit.commit().await?;
        return Ok(response);
    }
    keep(state, caller, key, response).await
}

/// Of the path with its query, and the body.
fn fingerprint(path: &str, body: &Bytes) -> [u8; 32] {
    let mut sha = Sha256::new();
    sha.update(path.as_bytes());
    sha.update([0]);
    sha.update(body);
    sha.finalize().into()
}

async fn keep(
    state: &ApiState,
    caller: &Caller,
    key: &str,
    response: Response,
) -> Result<Response, ApiError> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(Failure::internal)?;
    let text = |name| Some(parts.headers.get(name)?.to_str().ok()?.to_owned());
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        location: text(header::LOCATION),
        etag: text(header::ETAG),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let mut unit = caller.begin(state).await?;
    unit.idempotency_keys().keep(caller.person(), key, &answer).await?;
    unit.commit().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(kept: KeptAnswer) -> Result<Response, ApiError> {
    let status = StatusCode::from_u16(kept.status).map_err(Failure::internal)?;
    let empty = kept.body.is_empty();
    let mut response = (status, kept.body).into_response();
    let headers = response.headers_mut();
    if empty {
        headers.remove(header::CONTENT_TYPE);
    } else {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in [(header::LOCATION, kept.location), (header::ETAG, kept.etag)] {
        if let Some(value) = value {
            headers.insert(name, HeaderValue::try_from(value).map_err(Failure::internal)?);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
