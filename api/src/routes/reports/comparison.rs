//! What was said, compared with what was written.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::comparison::compare;
use huibao_models::domain::failure::Failure;

use crate::access::{Permitted, Read};
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ComparisonView, ErrorBody};

/// Compares the transcript that readers see with the written report, word by word.
#[utoipa::path(get, path = "/api/v1/reports/{id}/comparison", tag = "reports",
    params(("id" = Uuid, Path)),
    responses((status = 200, description = "The comparison", body = ComparisonView),
        (status = 404, description = "`not_found`; `not_ready`: one of the texts is not there, says nothing, or is \
            too long to be compared", body = ErrorBody)))]
pub(crate) async fn comparison(
    State(state): State<ApiState>,
    permitted: Permitted<Read>,
) -> Result<Json<ComparisonView>, ApiError> {
    let id = permitted.access.report.current_submission.ok_or(RequestError::NotReady)?;
    let mut snapshot = state.store.snapshot().await?;
    let submission = snapshot.submissions().get(id).await?.ok_or(RequestError::NotReady)?;
    let numbered = snapshot.transcripts().current_version(id).await?;
    drop(snapshot);
    let (numbered, written) = numbered.zip(submission.written).ok_or(RequestError::NotReady)?;
    let version = numbered.version;
    // It takes as long as a page of text; a lecture takes longer.
    let work = move || compare(&numbered.transcript, &written.text);
    let compared = tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?;
    Ok(Json(ComparisonView::new(compared.ok_or(RequestError::NotReady)?, version)))
}
