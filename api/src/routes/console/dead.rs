//! What is done with dead jobs.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::ids::JobId;
use huibao_models::domain::job::JobState;
use huibao_models::store::JobFilter;
use tracing::Instrument;

use super::check;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{DeadJobs, DeadJobsDone, ErrorBody};

/// Of so many at once, each in a unit of work of its own.
const AT_ONCE: u32 = 1000;

/// Ids that a request may name.
const IDS: usize = 200;

/// Queues dead jobs again, with all their attempts before them.
#[utoipa::path(post, path = "/api/v1/jobs/retry", tag = "console",
    request_body = DeadJobs,
    responses((status = 200, description = "Queued", body = DeadJobsDone),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of `/`", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody)))]
pub(crate) async fn retry(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(which): extract::Json<DeadJobs>,
) -> Result<Json<DeadJobsDone>, ApiError> {
    check(&state, &caller)?;
    let (mut jobs, mut messages) = (0, Vec::new());
    for id in find(&state, which).await? {
        let mut unit = caller.begin(&state).await?;
        if unit.jobs().replay(id).await? {
            messages.extend(unit.commit().await?);
            jobs += 1;
        }
    }
    tokio::spawn(async move { state.announce(messages).await }.in_current_span());
    Ok(Json(DeadJobsDone { jobs }))
}

/// Takes dead jobs out of the lists. What they worked on stays as it is.
#[utoipa::path(post, path = "/api/v1/jobs/discard", tag = "console",
    request_body = DeadJobs,
    responses((status = 200, description = "Discarded", body = DeadJobsDone),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of `/`", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody)))]
pub(crate) async fn discard(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(which): extract::Json<DeadJobs>,
) -> Result<Json<DeadJobsDone>, ApiError> {
    check(&state, &caller)?;
    let mut jobs = 0;
    for id in find(&state, which).await? {
        let mut unit = caller.begin(&state).await?;
        jobs += u64::from(unit.jobs().discard(id).await?);
        unit.commit().await?;
    }
    Ok(Json(DeadJobsDone { jobs }))
}

/// The dead jobs that are meant.
async fn find(state: &ApiState, which: DeadJobs) -> Result<Vec<JobId>, ApiError> {
    if which.ids.len() > IDS {
        return Err(RequestError::BadRequest.into());
    }
    if !which.ids.is_empty() {
        return Ok(which.ids.into_iter().map(JobId::from).collect());
    }
    let DeadJobs { kind, code, .. } = which;
    let filter = JobFilter { state: Some(JobState::Dead), kind, code, ..JobFilter::default() };
    let jobs = state.store.snapshot().await?.jobs().list(&filter, AT_ONCE).await?;
    Ok(jobs.into_iter().map(|job| job.id).collect())
}
