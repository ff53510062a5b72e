//! Receiving a report: a multipart form, streamed into the storage as it arrives.
//!
//! However an upload ends early (an error, a broken connection, a client that disconnects), the
//! files stored until then are removed.

mod body;
mod form;
mod leftovers;

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use headers::{ContentLength, HeaderMapExt};
use huibao_models::domain::failure::{Failure, FailureCode};

use self::body::SharedBody;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::UploadLimits;

pub(crate) use self::form::Received;

/// Allowance for boundaries, part headers and text fields.
const FORM_OVERHEAD: u64 = 1 << 20;

/// How long the rest of a refused upload is read and discarded. A browser whose connection closes
/// while it sends shows a network error instead of the response.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// Stores the files of a form and checks its fields.
pub(crate) async fn receive(state: &ApiState, request: Request) -> Result<Received, ApiError> {
    let (parts, body) = request.into_parts();
    let body = SharedBody::new(body);
    let received = read(state, &parts.headers, body.clone()).await;
    if received.is_err() {
        tokio::spawn(tokio::time::timeout(DRAIN_TIMEOUT, body.drain()));
    }
    received
}

async fn read(
    state: &ApiState,
    headers: &HeaderMap,
    body: SharedBody,
) -> Result<Received, ApiError> {
    let limit = form_limit(&state.config.limits);
    if headers.typed_get::<ContentLength>().is_some_and(|length| length.0 > limit) {
        let detail = format!("the form announced more than {limit} bytes");
        return Err(Failure::new(FailureCode::TooLarge, detail).into());
    }
    let boundary = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| multer::parse_boundary(value.to_str().ok()?).ok())
        .ok_or(RequestError::BadUpload)?;
    form::read(state, body, boundary, limit).await
}

fn form_limit(limits: &UploadLimits) -> u64 {
    limits.max_video_bytes.saturating_add(limits.max_written_bytes).saturating_add(FORM_OVERHEAD)
}
