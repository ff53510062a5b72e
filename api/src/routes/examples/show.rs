//! One example.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::{Access, Action};

use super::permitted::PermittedExample;
use crate::audit;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, ExampleRows, ExampleView};

/// A good example: what was said and written, without comments, decisions and answers.
#[utoipa::path(get, path = "/api/v1/examples/{id}", tag = "examples", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The example", body = ExampleView),
        (status = 404, description = "`not_found`: it is not shown, or not to the one who asks", body = ErrorBody)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    example: PermittedExample,
) -> Result<Json<ExampleView>, ApiError> {
    let PermittedExample { caller, report, submission, published } = example;
    let mut snapshot = state.store.snapshot().await?;
    let rows = ExampleRows {
        submission: snapshot.submissions().get(submission).await?.ok_or(RequestError::NotFound)?,
        files: snapshot.submissions().files(submission).await?,
        transcript: snapshot.transcripts().current_version(submission).await?,
        may_withdraw: caller.may_report(Action::WithdrawExample, &report) == Access::Allowed,
        published,
        report,
    };
    drop(snapshot);
    audit::viewed_example(&state, &caller, &rows.report).await?;
    Ok(Json(ExampleView::new(&rows, state.config.public_path())))
}
