//! What reviewers answer to the questions of the rubric. The questions are part of what `GET /api/v1/reports/{id}` and
//! its events answer.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::ids::{QuestionId, ReportId};
use huibao_models::domain::review::Anchor;
use huibao_models::store::{NewAnswer, StoreError};

use super::fields;
use crate::access::{Permitted, ReportAccess, Review};
use crate::error::ApiError;
use crate::extract;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{AnchorView, AnswerBody, AnswerView, ErrorBody};

/// Two ids in a path.
type QuestionPath = Result<Path<(ReportId, QuestionId)>, axum::extract::rejection::PathRejection>;

const EVIDENCE: usize = 20;

/// Answers a question of the rubric about a report, or changes one's own answer. `If-Match` names what the change is
/// based on: `"a0"` if one has not answered yet. The author of the report sees the answers once it is decided, and
/// then nobody changes them any more.
#[utoipa::path(put, path = "/api/v1/reports/{id}/answers/{question}", tag = "review",
    params(("id" = Uuid, Path), ("question" = Uuid, Path),
        ("If-Match" = String, Header, description = "The `ETag` of one's answer that was read")),
    request_body = AnswerBody,
    responses(
        (status = 200, description = "Answered", body = AnswerView,
            headers(("ETag" = String, description = "Of the answer as it is now"))),
        (status = 400, description = "`bad_request`, `text_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`", body = ErrorBody),
        (status = 404, description = "`not_found`: no such report, or this is not asked", body = ErrorBody),
        (status = 409, description = "`not_reviewable`", body = ErrorBody),
        (status = 412, description = "`outdated`", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody),
        (status = 428, description = "`precondition_required`", body = ErrorBody)))]
pub(crate) async fn answer(
    State(state): State<ApiState>,
    permitted: Permitted<Review>,
    path: QuestionPath,
    headers: HeaderMap,
    extract::Json(body): extract::Json<AnswerBody>,
) -> Result<Response, ApiError> {
    let Path((report, question)) = path.map_err(|_| RequestError::NotFound)?;
    let ReportAccess { caller, .. } = &permitted.access;
    let read = extract::revision(&headers, 'a')?;
    let (text, evidence) = (fields::text(&body.text)?, evidence(body.evidence)?);
    let new = NewAnswer { question, text, evidence, read };
    let mut unit = caller.begin_durable(&state).await?;
    let made = unit.rubrics().answer(report, &new).await.map_err(|error| match error {
        StoreError::NoSuchRow { .. } => RequestError::NotFound.into(),
        StoreError::Outdated { .. } => RequestError::Outdated.into(),
        StoreError::IllegalTransition { .. } => RequestError::NotReviewable.into(),
        other => ApiError::from(other),
    })?;
    unit.commit().await?;
    let tag = [(header::ETAG, format!("\"a{}\"", made.revision))];
    Ok((tag, Json(AnswerView::new(&made, caller.person()))).into_response())
}

/// Evidence is a place in the report: the report as a whole is none.
fn evidence(given: Vec<AnchorView>) -> Result<Vec<Anchor>, RequestError> {
    if given.len() > EVIDENCE {
        return Err(RequestError::BadRequest);
    }
    let place = |view| match fields::anchor(view)? {
        Anchor::Report => Err(RequestError::BadRequest),
        place => Ok(place),
    };
    given.into_iter().map(place).collect()
}
