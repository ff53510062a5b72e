//! The list of jobs.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::ids::JobId;
use huibao_models::domain::job::JobState;
use huibao_models::store::JobFilter;
use serde::Deserialize;

use super::{check, views};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{Locale, Params};
use crate::page::{self, PageSize};
use crate::state::ApiState;
use crate::view::{ErrorBody, JobList, enums};

/// Which page of which jobs.
#[derive(Deserialize)]
pub(crate) struct JobParams {
    state: Option<JobState>,
    kind: Option<String>,
    code: Option<String>,
    before: Option<JobId>,
    limit: Option<u32>,
}

/// Jobs, newest first. Those that were discarded are not among them.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "console",
    params(
        ("state" = Option<enums::JobState>, Query, description = "Only those in this state"),
        ("kind" = Option<String>, Query, description = "Only those of this kind"),
        ("code" = Option<String>, Query, description = "Only those that failed with this code"),
        ("before" = Option<Uuid>, Query, description = "Only those older than this one: the `next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "How many; 50 if not given"),
        ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "A page of jobs", body = JobList),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of `/`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
    Params(params): Params<JobParams>,
) -> Result<Json<JobList>, ApiError> {
    check(&state, &caller)?;
    let size = PageSize::new(params.limit, page::DEFAULT, page::MOST);
    let JobParams { state: in_state, kind, code, before, .. } = params;
    let filter = JobFilter { state: in_state, kind, code, before, submission: None };
    let mut snapshot = state.store.snapshot().await?;
    let mut jobs = snapshot.jobs().list(&filter, size.to_read()).await?;
    let next = size.cut(&mut jobs, |job| job.id.uuid());
    Ok(Json(JobList { jobs: views(&mut snapshot, jobs, lang).await?, next }))
}
