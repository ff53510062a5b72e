//! The files of a report, whole or in ranges, streamed from the storage.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use headers::{AcceptRanges, ContentLength, ContentRange, ETag, HeaderMapExt};
use huibao_models::domain::export::ExportFile;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::storage::StorageKey;
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;

use crate::access::{Permitted, Read, ReportAccess};
use crate::audit;
use crate::error::ApiError;
use crate::file_name::{Disposition, content_disposition};
use crate::range::{Selection, select};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::ErrorBody;

/// Read size: few system calls, little memory for each viewer.
const CHUNK: usize = 64 * 1024;

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes a body that is streamed")]
pub(crate) struct FileBytes(Vec<u8>);

macro_rules! file_routes {
    ($($(#[$doc:meta])* $name:ident = $path:literal, $kind:ident, $disposition:ident, $type:literal;)*) => {
        $(
            $(#[$doc])*
            #[utoipa::path(get, path = $path, tag = "files", params(("id" = Uuid, Path)),
                responses(
                    (status = 200, description = "The file", content_type = $type,
                        body = FileBytes),
                    (status = 206, description = "The requested range",
                        content_type = $type, body = FileBytes),
                    (status = 304, description = "Unchanged"),
                    (status = 307, description = "To a link into the storage that works for a while",
                        headers(("Location" = String, description = "The link"))),
                    (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody),
                    (status = 416, description = "`range_not_satisfiable`", body = ErrorBody)))]
            pub(crate) async fn $name(
                State(state): State<ApiState>,
                permitted: Permitted<Read>,
                method: Method,
                headers: HeaderMap,
            ) -> Result<Response, ApiError> {
                let file = find(&state, permitted.id(), FileKind::$kind).await?;
                // A still picture stands in lists, too.
                if FileKind::$kind != FileKind::Poster {
                    let ReportAccess { caller, report } = &permitted.access;
                    audit::fetched(&state, caller, report, FileKind::$kind.as_str()).await?;
                }
                send(&state, &file, Disposition::$disposition, &method, &headers).await
            }
        )*
    };
}

file_routes! {
    /// The web-playable rendition.
    video = "/api/v1/reports/{id}/video", Rendition, Inline, "video/mp4";
    /// The submitted video, as an attachment.
    original = "/api/v1/reports/{id}/original", Original, Attachment, "*/*";
    /// A still picture of the video.
    poster = "/api/v1/reports/{id}/poster", Poster, Inline, "image/jpeg";
    /// The submitted written report, as an attachment.
    written = "/api/v1/reports/{id}/written", Written, Attachment, "*/*";
}

async fn find(state: &ApiState, id: ReportId, kind: FileKind) -> Result<StoredFile, ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let report = snapshot.reports().get(id).await?.ok_or(RequestError::NotFound)?;
    let submission = report.current_submission.ok_or(RequestError::NotFound)?;
    let file = snapshot.submissions().file(submission, kind).await?;
    Ok(file.ok_or(RequestError::NotReady)?)
}

/// A file in the storage that is sent.
pub(crate) struct Sent<'a> {
    key: &'a str,
    name: &'a str,
    size_bytes: u64,
    sha256: &'a str,
}

impl<'a> From<&'a StoredFile> for Sent<'a> {
    fn from(file: &'a StoredFile) -> Self {
        let StoredFile { key, name, size_bytes, sha256, .. } = file;
        Self { key, name, size_bytes: *size_bytes, sha256 }
    }
}

impl<'a> From<&'a ExportFile> for Sent<'a> {
    fn from(file: &'a ExportFile) -> Self {
        let ExportFile { key, name, size_bytes, sha256 } = file;
        Self { key, name, size_bytes: *size_bytes, sha256 }
    }
}

/// Answers with a file, or a part of it.
pub(crate) async fn send(
    state: &ApiState,
    file: impl Into<Sent<'_>>,
    disposition: Disposition,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let file = file.into();
    let key = StorageKey::parse(file.key)
        .ok_or_else(|| Failure::internal("a file row holds an invalid key"))?;
    let etag: ETag = format!("\"{}\"", file.sha256).parse().map_err(Failure::internal)?;
    let size = file.size_bytes;
    let (status, range) = match select(method, headers, &etag, size) {
        Selection::NotModified => return Ok(not_modified(etag)),
        Selection::Unsatisfiable => return Ok(unsatisfiable(size)),
        Selection::Whole => (StatusCode::OK, None),
        Selection::Part(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
    };
    if *method == Method::GET
        && let Some(links) = &state.config.media_links
    {
        let named = content_disposition(disposition, file.name);
        let link = state.storage.presign_get(&key, links.lifetime, Some(&named)).await?;
        if let Some(link) = link {
            return redirect(&link);
        }
    }
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let stream = state.storage.open(&key, range.clone()).await?;
        Body::from_stream(ReaderStream::with_capacity(stream, CHUNK))
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    describe(headers, &key, etag);
    let named = HeaderValue::try_from(content_disposition(disposition, file.name));
    headers.insert(header::CONTENT_DISPOSITION, named.map_err(Failure::internal)?);
    let length = range.as_ref().map_or(size, |range| range.end - range.start);
    headers.typed_insert(ContentLength(length));
    if let Some(range) = range {
        let range = ContentRange::bytes(range, size)
            .map_err(|_| Failure::internal("a selected range is outside its file"))?;
        headers.typed_insert(range);
    }
    Ok(response)
}

/// To the storage itself. The link is for whoever asked: nobody else's cache keeps it.
fn redirect(link: &str) -> Result<Response, ApiError> {
    let location = HeaderValue::try_from(link).map_err(Failure::internal)?;
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn describe(headers: &mut HeaderMap, key: &StorageKey, etag: ETag) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(key.content_type()));
    headers.typed_insert(AcceptRanges::bytes());
    cacheable(headers, etag);
}

fn cacheable(headers: &mut HeaderMap, etag: ETag) {
    headers.typed_insert(etag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
}

fn not_modified(etag: ETag) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    cacheable(response.headers_mut(), etag);
    response
}

fn unsatisfiable(size: u64) -> Response {
    let mut response = ApiError::from(RequestError::RangeNotSatisfiable).into_response();
    response.headers_mut().typed_insert(ContentRange::unsatisfied_bytes(size));
    response
}
