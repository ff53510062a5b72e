//! The bodies of error responses: problems as RFC 9457 describes them.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::extract::Locale;
use crate::view::ErrorBody;

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Writes the body of an error response in the language of the request, and logs server errors.
pub(crate) async fn localize(Locale(lang): Locale, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(error) = response.extensions().get::<ApiError>() else { return response };
    if response.status().is_server_error() {
        tracing::error!(code = error.code(), %error, "request failed");
    }
    let (detail, code) = (error.message(lang).to_owned(), error.code().to_owned());
    let (parts, _) = response.into_parts();
    let problem = ErrorBody {
        kind: "about:blank".to_owned(),
        title: parts.status.canonical_reason().unwrap_or_default().to_owned(),
        status: parts.status.as_u16(),
        detail,
        code,
    };
    let mut written = (parts.status, Json(problem)).into_response();
    written.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
    for (name, value) in &parts.headers {
        // The length is that of the empty body.
        if name != header::CONTENT_LENGTH {
            written.headers_mut().append(name, value.clone());
        }
    }
    let language = HeaderValue::from_static(lang.pick("zh-CN", "en"));
    written.headers_mut().insert(header::CONTENT_LANGUAGE, language);
    written
}
