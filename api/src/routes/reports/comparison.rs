//! What was said, compared with what was written.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::comparison::{Comparison, compare};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::TranscriptId;
use huibao_models::domain::submission::Submission;
use huibao_models::store::{Snapshot, StoreError};

use crate::access::{Permitted, Read};
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ComparisonView, ErrorBody};

/// Compares the transcript that readers see with the written report, word by word; numbers are the same in every
/// form. It is compared once for each version of the transcript.
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
    if let Some(kept) = kept(&mut snapshot, &submission).await? {
        return Ok(Json(kept));
    }
    let numbered = snapshot.transcripts().current_version(id).await?;
    drop(snapshot);
    let (numbered, written) = numbered.zip(submission.written).ok_or(RequestError::NotReady)?;
    let (id, version) = (numbered.id, numbered.version);
    // It takes as long as a page of text; a lecture takes longer.
    let work = move || compare(&numbered.transcript, &written.text);
    let compared = tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?;
    let compared = compared.ok_or(RequestError::NotReady)?;
    // The answer is there all the same, and the next reader's is kept.
    if let Err(error) = keep(&state, id, &compared).await {
        tracing::warn!(%error, transcript = %id, "a comparison was not kept");
    }
    Ok(Json(ComparisonView::new(compared, version)))
}

/// What was compared before.
async fn kept(
    snapshot: &mut Snapshot,
    submission: &Submission,
) -> Result<Option<ComparisonView>, StoreError> {
    let Some(current) = submission.current_transcript else { return Ok(None) };
    let kept = snapshot.transcripts().comparison(current).await?;
    let versions = snapshot.transcripts().current_numbers(&[submission.id]).await?;
    let version = versions.get(&submission.id);
    Ok(kept.zip(version).map(|(kept, version)| ComparisonView::new(kept, *version)))
}

async fn keep(state: &ApiState, of: TranscriptId, compared: &Comparison) -> Result<(), StoreError> {
    let mut unit = state.store.begin(Actor::System, state.store.now()).await?;
    unit.transcripts().keep_comparison(of, compared).await?;
    unit.commit().await?;
    Ok(())
}
