//! Receiving a report: a multipart form, streamed into the storage as it comes in.
//!
//! Whatever ends an upload early (a refusal, a broken connection, a client that went away), the
//! files stored until then are removed.

mod form;
mod leftovers;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use headers::{ContentLength, HeaderMapExt};
use huibao_models::domain::failure::{Failure, FailureCode};

pub(crate) use form::Received;

use crate::config::UploadLimits;
use crate::error::{ApiError, RequestError};
use crate::state::ApiState;

/// Room for boundaries, part headers and text fields.
const FORM_OVERHEAD: u64 = 1 << 20;

/// How long the rest of a refused upload is read and thrown away. A browser that is cut off while
/// it sends shows a network error instead of the reason.
const LINGER: Duration = Duration::from_secs(30);

/// Stores the files of a form and checks its fields.
pub(crate) async fn receive(state: &ApiState, request: Request) -> Result<Received, ApiError> {
    let (parts, body) = request.into_parts();
    let body = SharedBody(Arc::new(Mutex::new(body.into_data_stream())));
    let received = read(state, &parts.headers, body.clone()).await;
    if received.is_err() {
        tokio::spawn(tokio::time::timeout(LINGER, body.drain()));
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

/// A request body that can still be drained after its reader gave up.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<BodyDataStream>>);

impl SharedBody {
    async fn drain(mut self) {
        while let Some(Ok(_)) = self.next().await {}
    }
}

impl Stream for SharedBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // One reader at a time holds it, and only while it polls.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(cx)
    }
}
