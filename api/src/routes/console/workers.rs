//! Workers: which there are, what they do, and which of them pause.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::TimeDelta;
use huibao_models::domain::job::JobState;
use huibao_models::store::JobFilter;

use super::{check, views};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, Locale};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, JobView, WorkerList, WorkerPause, WorkerView};

/// A worker that was not heard of for so long is no longer shown.
pub(super) const GONE: TimeDelta = TimeDelta::minutes(5);

/// So many running jobs are shown.
const RUNNING: u32 = 500;

/// The workers, with what they work on.
#[utoipa::path(get, path = "/api/v1/workers", tag = "console",
    params(("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "The workers", body = WorkerList),
        (status = 403, description = "`forbidden`: no operator of `/`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
) -> Result<Json<WorkerList>, ApiError> {
    check(&state, &caller)?;
    let mut snapshot = state.store.snapshot().await?;
    let running = JobFilter { state: Some(JobState::Running), ..JobFilter::default() };
    let running = snapshot.jobs().list(&running, RUNNING).await?;
    let mut by_worker: HashMap<String, Vec<JobView>> = HashMap::new();
    for job in views(&mut snapshot, running, lang).await? {
        by_worker.entry(job.worker.clone().unwrap_or_default()).or_default().push(job);
    }
    let workers = snapshot.workers().since(state.store.now() - GONE).await?;
    let view = |status: huibao_models::domain::worker::WorkerStatus| {
        let jobs = by_worker.remove(&status.info.name).unwrap_or_default();
        WorkerView::new(status, jobs)
    };
    Ok(Json(WorkerList { workers: workers.into_iter().map(view).collect() }))
}

/// Has a worker take no further jobs, or go on. It hears of it within ten seconds. One that is started anew does not
/// pause.
#[utoipa::path(post, path = "/api/v1/workers/pause", tag = "console",
    request_body = WorkerPause,
    responses((status = 204, description = "It will"),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of `/`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody)))]
pub(crate) async fn pause(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(WorkerPause { name, paused }): extract::Json<WorkerPause>,
) -> Result<StatusCode, ApiError> {
    check(&state, &caller)?;
    let mut unit = caller.begin(&state).await?;
    if !unit.workers().set_paused(&name, paused).await? {
        return Err(RequestError::NotFound.into());
    }
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
