//! Comments on a report. They are part of what `GET /api/v1/reports/{id}` and its events answer.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::ids::{CommentId, ReportId};
use huibao_models::domain::review::{Anchor, Comment};
use huibao_models::store::{NewComment as Added, StoreError, UnitOfWork};

use super::fields;
use crate::access::{self, Permitted, ReportAccess};
use crate::error::ApiError;
use crate::extract;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{CommentChange, CommentView, ErrorBody, NewComment};

/// Two ids in a path.
type CommentPath = Result<Path<(ReportId, CommentId)>, axum::extract::rejection::PathRejection>;

/// Says something about a report that is handed in, or answers a comment.
#[utoipa::path(post, path = "/api/v1/reports/{id}/comments", tag = "review",
    params(("id" = Uuid, Path)),
    request_body = NewComment,
    responses(
        (status = 201, description = "Said", body = CommentView),
        (status = 400, description = "`bad_request`, `text_too_long`", body = ErrorBody),
        (status = 404, description = "`not_found`: no such report, or no such comment to answer", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody),
        (status = 422, description = "`missing_text`", body = ErrorBody)))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    permitted: Permitted<access::Comment>,
    extract::Json(body): extract::Json<NewComment>,
) -> Result<(StatusCode, Json<CommentView>), ApiError> {
    let ReportAccess { caller, report } = &permitted.access;
    let submission = report.current_submission.ok_or(RequestError::NotFound)?;
    let (own, parent) = (report.author == Some(caller.person()), body.parent.map(CommentId::from));
    let text = fields::needed(&body.text)?;
    let anchor = body.anchor.map_or(Ok(Anchor::Report), fields::anchor)?;
    let mut unit = caller.begin_durable(&state).await?;
    if let Some(parent) = parent {
        // What they do not see, they do not answer.
        find(&state, &mut unit, &permitted.access, parent, Action::Read).await?;
    }
    // What authors say is for those who review.
    let shared = own || body.shared;
    let new = Added { report: report.id, submission, parent, text, anchor, shared };
    let id = unit.comments().add(&new).await.map_err(|error| match error {
        StoreError::NoSuchRow { .. } => RequestError::NotFound.into(),
        other => ApiError::from(other),
    })?;
    let added = unit.comments().get(report.id, id).await?.ok_or(RequestError::NotFound)?;
    unit.commit().await?;
    let view = CommentView::new(&added, report.author, caller.person());
    Ok((StatusCode::CREATED, Json(view)))
}

/// Changes what a comment says, or settles it.
#[utoipa::path(patch, path = "/api/v1/reports/{id}/comments/{comment}", tag = "review",
    params(("id" = Uuid, Path), ("comment" = Uuid, Path)),
    request_body = CommentChange,
    responses(
        (status = 200, description = "Changed", body = CommentView),
        (status = 400, description = "`bad_request`, `text_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody),
        (status = 422, description = "`missing_text`", body = ErrorBody)))]
pub(crate) async fn change(
    State(state): State<ApiState>,
    permitted: Permitted<access::Comment>,
    path: CommentPath,
    extract::Json(body): extract::Json<CommentChange>,
) -> Result<Json<CommentView>, ApiError> {
    let Path((report, id)) = path.map_err(|_| RequestError::NotFound)?;
    let caller = &permitted.access.caller;
    let mut unit = caller.begin_durable(&state).await?;
    if let Some(text) = &body.text {
        let text = fields::needed(text)?;
        find(&state, &mut unit, &permitted.access, id, Action::EditComment).await?;
        unit.comments().edit(report, id, &text).await?;
    }
    if let Some(resolved) = body.resolved {
        find(&state, &mut unit, &permitted.access, id, Action::SettleComment).await?;
        unit.comments().resolve(report, id, resolved).await?;
    }
    let changed = find(&state, &mut unit, &permitted.access, id, Action::Read).await?;
    unit.commit().await?;
    let author = permitted.access.report.author;
    Ok(Json(CommentView::new(&changed, author, caller.person())))
}

/// Removes a comment. Of one that was answered, the place stays.
#[utoipa::path(delete, path = "/api/v1/reports/{id}/comments/{comment}", tag = "review",
    params(("id" = Uuid, Path), ("comment" = Uuid, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 403, description = "`forbidden`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    permitted: Permitted<access::Comment>,
    path: CommentPath,
) -> Result<StatusCode, ApiError> {
    let Path((report, id)) = path.map_err(|_| RequestError::NotFound)?;
    let caller = &permitted.access.caller;
    let mut unit = caller.begin_durable(&state).await?;
    find(&state, &mut unit, &permitted.access, id, Action::EditComment).await?;
    unit.comments().remove(report, id).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A comment that the caller may do something with.
async fn find(
    state: &ApiState,
    unit: &mut UnitOfWork,
    access: &ReportAccess,
    id: CommentId,
    action: Action,
) -> Result<Comment, ApiError> {
    let ReportAccess { caller, report } = access;
    let comment = unit.comments().get(report.id, id).await?;
    let comment = comment.filter(|comment| comment.removed_at.is_none());
    let comment = comment.ok_or(RequestError::NotFound)?;
    let what =
        Resource::Comment { writer: comment.person, shared: comment.shared, author: report.author };
    caller.check(state, action, &what, report.id)?;
    Ok(comment)
}
