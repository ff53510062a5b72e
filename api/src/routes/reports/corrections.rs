//! Correcting a transcript.

use axum::Json;
use axum::extract::{Path, State};
use huibao_models::domain::correction::{Correction, ReadSegment};
use huibao_models::domain::ids::ReportId;
use serde::Deserialize;

use super::fields;
use crate::access::{Permitted, Read, ReportAccess, Review};
use crate::error::ApiError;
use crate::extract::{self, Params};
use crate::file_name::without_controls;
use crate::page::{self, PageSize};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{
    CorrectedView, CorrectionBody, CorrectionList, CorrectionView, ErrorBody, ReadSegmentBody,
};

/// Segments that one correction replaces, or writes.
const SEGMENTS: usize = 50;

/// Corrects the transcript that readers see: as a version of its own, with what it was before. A review begins with
/// it.
#[utoipa::path(post, path = "/api/v1/reports/{id}/corrections", tag = "review",
    params(("id" = Uuid, Path)),
    request_body = CorrectionBody,
    responses(
        (status = 200, description = "Corrected", body = CorrectedView),
        (status = 400, description = "`bad_request`, `text_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`not_reviewable`", body = ErrorBody),
        (status = 412, description = "`outdated`: a segment says something else by now", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody)))]
pub(crate) async fn correct(
    State(state): State<ApiState>,
    permitted: Permitted<Review>,
    extract::Json(body): extract::Json<CorrectionBody>,
) -> Result<Json<CorrectedView>, ApiError> {
    let correction = checked(body)?;
    let ReportAccess { caller, report } = &permitted.access;
    let mut unit = caller.begin_durable(&state).await?;
    let made = unit.reviews().correct(report.id, &correction).await;
    let made = made.map_err(ApiError::of_review)?;
    unit.commit().await?;
    Ok(Json(made.into()))
}

/// Takes back what one version has corrected, if its segments were not changed after it.
#[utoipa::path(post, path = "/api/v1/reports/{id}/corrections/{version}/undo", tag = "review",
    params(("id" = Uuid, Path), ("version" = u32, Path, minimum = 1)),
    responses(
        (status = 200, description = "Taken back", body = CorrectedView),
        (status = 403, description = "`forbidden`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`not_reviewable`", body = ErrorBody),
        (status = 412, description = "`outdated`: a segment was changed after it", body = ErrorBody)))]
pub(crate) async fn undo(
    State(state): State<ApiState>,
    permitted: Permitted<Review>,
    path: Result<Path<(ReportId, u32)>, axum::extract::rejection::PathRejection>,
) -> Result<Json<CorrectedView>, ApiError> {
    let Path((id, version)) = path.map_err(|_| RequestError::NotFound)?;
    let mut unit = permitted.access.caller.begin_durable(&state).await?;
    let made = unit.reviews().undo(id, version).await.map_err(ApiError::of_review)?;
    unit.commit().await?;
    Ok(Json(made.into()))
}

/// Which page of the history.
#[derive(Deserialize)]
pub(crate) struct PageParams {
    limit: Option<u32>,
    before: Option<u32>,
}

/// What people have corrected in the transcript that readers see, newest first.
#[utoipa::path(get, path = "/api/v1/reports/{id}/corrections", tag = "review",
    params(("id" = Uuid, Path),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "How many; 50 if not given"),
        ("before" = Option<u32>, Query, minimum = 1,
            description = "Only those before this version: the `next` of the page before")),
    responses(
        (status = 200, description = "A page of the history", body = CorrectionList),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    permitted: Permitted<Read>,
    Params(asked): Params<PageParams>,
) -> Result<Json<CorrectionList>, ApiError> {
    let ReportAccess { caller, report } = &permitted.access;
    let submission = report.current_submission.ok_or(RequestError::NotFound)?;
    let size = PageSize::new(asked.limit, page::DEFAULT, page::MOST);
    let mut snapshot = state.store.snapshot().await?;
    let mut records =
        snapshot.transcripts().corrections(submission, asked.before, size.to_read()).await?;
    let next = size.cut(&mut records, |record| record.version);
    let view = |record| CorrectionView::new(record, caller.person());
    Ok(Json(CorrectionList { corrections: records.into_iter().map(view).collect(), next }))
}

fn checked(body: CorrectionBody) -> Result<Correction, RequestError> {
    let CorrectionBody { replaced, by } = body;
    if replaced.is_empty() || replaced.len() > SEGMENTS || by.len() > SEGMENTS {
        return Err(RequestError::BadRequest);
    }
    for text in &by {
        fields::at_most(text, fields::QUOTE_CHARS)?;
    }
    let segment = |ReadSegmentBody { id, text }| ReadSegment { id, text };
    let by = by.iter().map(|text| without_controls(text)).collect();
    Ok(Correction { replaced: replaced.into_iter().map(segment).collect(), by })
}
