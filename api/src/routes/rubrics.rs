//! Rubrics: what branches ask their reviewers about reports of a kind.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::access::{Access, Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::person::Role;
use huibao_models::domain::rubric::Rubric;
use huibao_models::store::StoreError;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract;
use crate::file_name::without_controls;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, NewRubric, RubricList, RubricView};

const QUESTIONS: usize = 30;
const QUESTION_CHARS: usize = 500;

/// The rubrics of the branches that one reviews, of those below, and of those above, which hold where there is no
/// nearer one.
#[utoipa::path(get, path = "/api/v1/rubrics", tag = "review",
    responses((status = 200, description = "The rubrics", body = RubricList),
        (status = 403, description = "`forbidden`: one reviews nothing", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<RubricList>, ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let mut rubrics: Vec<Rubric> = Vec::new();
    let mut reviewed = caller.principal.branches(Role::Reviewer).peekable();
    if reviewed.peek().is_none() {
        return Err(RequestError::Forbidden.into());
    }
    for branch in reviewed {
        rubrics.extend(snapshot.rubrics().around(branch, true).await?);
    }
    rubrics.sort_by_key(|rubric| (rubric.branch.clone(), rubric.kind.as_str()));
    rubrics.dedup_by(|one, before| (&one.branch, one.kind) == (&before.branch, before.kind));
    let view = |rubric: Rubric| {
        let may = caller.may(Action::ManageRubric, &Resource::Branch(&rubric.branch));
        RubricView::new(rubric, may == Access::Allowed)
    };
    Ok(Json(RubricList { rubrics: rubrics.into_iter().map(view).collect() }))
}

/// Sets what a branch asks about reports of a kind. `If-Match` names what the change is based on: `"r0"` if the branch
/// has asked nothing yet. Answers keep the words of the questions that they were given to.
#[utoipa::path(put, path = "/api/v1/rubrics", tag = "review",
    params(("If-Match" = String, Header, description = "The `ETag` of the rubric that was read")),
    request_body = NewRubric,
    responses((status = 200, description = "Set", body = RubricView,
            headers(("ETag" = String, description = "Of the rubric as it is now"))),
        (status = 400, description = "`bad_request`, `text_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no reviewer of this branch", body = ErrorBody),
        (status = 412, description = "`outdated`", body = ErrorBody),
        (status = 428, description = "`precondition_required`", body = ErrorBody)))]
pub(crate) async fn set(
    State(state): State<ApiState>,
    caller: Caller,
    headers: HeaderMap,
    extract::Json(given): extract::Json<NewRubric>,
) -> Result<Response, ApiError> {
    let branch: BranchPath = given.branch.parse().map_err(|_| RequestError::BadRequest)?;
    let subject = Subject::branch(&branch);
    caller.check(&state, Action::ManageRubric, &Resource::Branch(&branch), subject)?;
    let read = extract::revision(&headers, 'r')?;
    let questions = questions(&given.questions)?;
    let mut unit = caller.begin_durable(&state).await?;
    let set = match unit.rubrics().set(&branch, given.kind, &questions, read).await {
        Err(StoreError::Outdated { .. }) => return Err(RequestError::Outdated.into()),
        set => set?,
    };
    unit.commit().await?;
    let tag = [(header::ETAG, format!("\"r{}\"", set.revision))];
    Ok((tag, Json(RubricView::new(set, true))).into_response())
}

/// The questions, each of one line, that are no longer than they may be.
fn questions(given: &[String]) -> Result<Vec<String>, RequestError> {
    let mut questions: Vec<String> = Vec::new();
    for text in given {
        let text = without_controls(text.trim());
        if text.chars().count() > QUESTION_CHARS {
            return Err(RequestError::TextTooLong);
        }
        if text.is_empty() || questions.contains(&text) || questions.len() == QUESTIONS {
            return Err(RequestError::BadRequest);
        }
        questions.push(text);
    }
    Ok(questions)
}
