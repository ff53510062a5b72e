//! The pages, embedded in the binary.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use headers::{ETag, HeaderMapExt, IfNoneMatch};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::ApiError;
use crate::request_error::RequestError;

#[derive(RustEmbed)]
#[folder = "web/dist"]
struct Pages;

/// Where the description of the interface can be read.
const DOCS: &str = "/api/docs";

/// Where that page finds its assets: pages name them from where they are, and this one is a folder deeper.
const ASSETS_OF_DOCS: &str = "/api/assets/";

/// Whether something below `/api/` is a page, or a part of one.
pub(crate) fn is_page(path: &str) -> bool {
    path == DOCS || path.starts_with(ASSETS_OF_DOCS)
}

/// Answers with an embedded file. `/` is the page itself; it routes by fragment, so it has no other
/// path.
pub(crate) fn page(request: &Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::from(RequestError::NotFound).into_response();
    }
    let path = match request.uri().path() {
        "/" => "index.html".to_owned(),
        DOCS => "docs.html".to_owned(),
        path => path.strip_prefix(ASSETS_OF_DOCS).map_or_else(
            || path.trim_start_matches('/').to_owned(),
            |asset| format!("assets/{asset}"),
        ),
    };
    match Pages::get(&path) {
        Some(file) => answer(request, &path, file),
        None => ApiError::from(RequestError::NotFound).into_response(),
    }
}

fn answer(request: &Request, path: &str, file: EmbeddedFile) -> Response {
    let etag = etag(&file);
    let held = request.headers().typed_get::<IfNoneMatch>();
    let fresh = etag.as_ref().zip(held).is_some_and(|(tag, held)| !held.precondition_passes(tag));
    let mut response = if fresh {
        axum::http::StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mime = file.metadata.mimetype().to_owned();
        ([(header::CONTENT_TYPE, content_type(mime))], file.data).into_response()
    };
    // Names of assets contain a hash of their content.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Some(etag) = etag {
        response.headers_mut().typed_insert(etag);
    }
    response
}

fn etag(file: &EmbeddedFile) -> Option<ETag> {
    // 128 bits are enough to distinguish versions of a page.
    let hash = file.metadata.sha256_hash();
    let half = hash.first_chunk().map(|bytes| u128::from_be_bytes(*bytes))?;
    format!("\"{half:032x}\"").parse().ok()
}

/// All text is UTF-8.
fn content_type(mime: String) -> String {
    if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime }
}
