//! The files of an example.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::ids::SubmissionId;
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::export;

use super::permitted::PermittedExample;
use crate::audit;
use crate::error::ApiError;
use crate::file_name::Disposition;
use crate::request_error::RequestError;
use crate::routes::reports::files::{FileBytes, send};
use crate::routes::reports::pages::PageNumber;
use crate::state::ApiState;
use crate::view::ErrorBody;

/// The video of an example.
#[utoipa::path(get, path = "/api/v1/examples/{id}/video", tag = "examples", params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The file", content_type = "video/mp4", body = FileBytes),
        (status = 206, description = "The requested range", content_type = "video/mp4", body = FileBytes),
        (status = 304, description = "Unchanged"),
        (status = 307, description = "To a link into the storage that works for a while"),
        (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody),
        (status = 416, description = "`range_not_satisfiable`", body = ErrorBody)))]
pub(crate) async fn video(
    State(state): State<ApiState>,
    example: PermittedExample,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = find(&state, example.submission, FileKind::Rendition, 1).await?;
    audit::fetched(&state, &example.caller, &example.report, FileKind::Rendition.as_str()).await?;
    send(&state, &file, Disposition::Inline, &method, &headers).await
}

/// A still picture of the video of an example.
#[utoipa::path(get, path = "/api/v1/examples/{id}/poster", tag = "examples", params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The file", content_type = "image/jpeg", body = FileBytes),
        (status = 304, description = "Unchanged"),
        (status = 307, description = "To a link into the storage that works for a while"),
        (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody)))]
pub(crate) async fn poster(
    State(state): State<ApiState>,
    example: PermittedExample,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // It stands in lists: nobody looks at the report yet.
    let file = find(&state, example.submission, FileKind::Poster, 1).await?;
    send(&state, &file, Disposition::Inline, &method, &headers).await
}

/// A photographed page of the written report of an example, upright.
#[utoipa::path(get, path = "/api/v1/examples/{id}/pages/{number}", tag = "examples",
    params(("id" = Uuid, Path),
        ("number" = u32, Path, minimum = 1, description = "Which page: the first is 1")),
    responses(
        (status = 200, description = "The file", content_type = "image/jpeg", body = FileBytes),
        (status = 304, description = "Unchanged"),
        (status = 307, description = "To a link into the storage that works for a while"),
        (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody)))]
pub(crate) async fn page(
    State(state): State<ApiState>,
    example: PermittedExample,
    number: Result<Path<PageNumber>, PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Ok(Path(PageNumber { number })) = number else {
        return Err(RequestError::NotFound.into());
    };
    let file = find(&state, example.submission, FileKind::PageImage, number).await?;
    audit::fetched(&state, &example.caller, &example.report, FileKind::PageImage.as_str()).await?;
    send(&state, &file, Disposition::Inline, &method, &headers).await
}

/// The transcript of an example as `WebVTT`: the subtitles of its video.
#[utoipa::path(get, path = "/api/v1/examples/{id}/transcript.vtt", tag = "examples", params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The transcript", content_type = "text/vtt; charset=utf-8", body = String),
        (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody)))]
pub(crate) async fn vtt(
    State(state): State<ApiState>,
    example: PermittedExample,
) -> Result<Response, ApiError> {
    let transcript =
        state.store.snapshot().await?.transcripts().current(example.submission).await?;
    let transcript = transcript.ok_or(RequestError::NotReady)?;
    audit::fetched(&state, &example.caller, &example.report, "vtt").await?;
    let headers = [(header::CONTENT_TYPE, "text/vtt; charset=utf-8")];
    Ok((headers, export::to_vtt(&transcript)).into_response())
}

/// The file of a kind with this number; the newest of those of which one counts.
async fn find(
    state: &ApiState,
    submission: SubmissionId,
    kind: FileKind,
    number: usize,
) -> Result<StoredFile, ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let file = if kind == FileKind::PageImage {
        let files = snapshot.submissions().files(submission).await?;
        let mut pages = files.into_iter().filter(|file| file.kind == kind);
        number.checked_sub(1).and_then(|index| pages.nth(index))
    } else {
        snapshot.submissions().file(submission, kind).await?
    };
    Ok(file.ok_or(RequestError::NotReady)?)
}
