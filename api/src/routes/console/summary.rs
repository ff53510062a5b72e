//! How much there is to do.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use huibao_models::domain::job::JobState;
use huibao_models::store::{Backlog, Throughput};

use super::{check, workers};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Locale;
use crate::state::ApiState;
use crate::view::{ErrorBody, FailureGroupView, JobKindView, JobsSummary};

/// How quickly jobs are done, the last hour tells.
const LAST: TimeDelta = TimeDelta::hours(1);

/// How much there is to do, how quickly it is done, and what failed.
#[utoipa::path(get, path = "/api/v1/jobs/summary", tag = "console",
    params(("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "All of it", body = JobsSummary),
        (status = 403, description = "`forbidden`: no operator of `/`", body = ErrorBody)))]
pub(crate) async fn summary(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
) -> Result<Json<JobsSummary>, ApiError> {
    check(&state, &caller)?;
    let now = state.store.now();
    let mut snapshot = state.store.snapshot().await?;
    let backlog = snapshot.jobs().backlog().await?;
    let done = snapshot.jobs().throughput(now - LAST).await?;
    let failures = snapshot.jobs().failures().await?;
    let workers = snapshot.workers().since(now - workers::GONE).await?;
    drop(snapshot);
    let kinds = kinds(&backlog, &done, now);
    let cores =
        workers.iter().filter(|worker| !worker.paused).map(|worker| worker.info.cores).sum();
    let failures = failures.into_iter().map(|group| FailureGroupView::new(group, lang)).collect();
    let drained_in_seconds = drained_in(&kinds, cores);
    Ok(Json(JobsSummary { kinds, failures, cores, drained_in_seconds }))
}

fn kinds(backlog: &[Backlog], done: &[Throughput], now: DateTime<Utc>) -> Vec<JobKindView> {
    let mut kinds: BTreeMap<&str, JobKindView> = BTreeMap::new();
    for counted in backlog {
        let view = kinds.entry(&counted.kind).or_insert_with(|| none_of(&counted.kind));
        match counted.state {
            JobState::Waiting => view.waiting = counted.jobs,
            JobState::Queued => {
                view.queued = counted.jobs;
                // Those whose time is still to come do not wait yet.
                view.oldest = counted.oldest.filter(|oldest| *oldest <= now);
            }
            JobState::Running => view.running = counted.jobs,
            JobState::Dead => view.dead = counted.jobs,
            JobState::Done => {}
        }
    }
    for done in done {
        let view = kinds.entry(&done.kind).or_insert_with(|| none_of(&done.kind));
        (view.done_last_hour, view.mean_work_seconds) = (done.done, done.mean_work_ms / 1000.0);
    }
    kinds.into_values().collect()
}

fn none_of(kind: &str) -> JobKindView {
    JobKindView {
        kind: kind.to_owned(),
        waiting: 0,
        queued: 0,
        running: 0,
        dead: 0,
        oldest: None,
        done_last_hour: 0,
        mean_work_seconds: 0.0,
    }
}

/// In how many seconds so many cores have done what is there.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn drained_in(kinds: &[JobKindView], cores: u32) -> Option<f64> {
    let known = kinds.iter().any(|kind| kind.done_last_hour > 0);
    let work: f64 = kinds
        .iter()
        .map(|kind| (kind.waiting + kind.queued + kind.running) as f64 * kind.mean_work_seconds)
        .sum();
    (known && cores > 0).then(|| work / f64::from(cores))
}
