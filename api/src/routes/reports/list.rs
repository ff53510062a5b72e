//! The list of reports, newest first.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::Whose;
use huibao_models::domain::ids::{ReportId, RoundId};
use huibao_models::domain::report::ReportKind;
use serde::Deserialize;

use super::filter::FilterParams;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{self, PageSize};
use crate::state::ApiState;
use crate::summaries::summaries;
use crate::view::{ErrorBody, ReportList, enums};

/// Which page of which list.
#[derive(Deserialize)]
pub(crate) struct PageParams {
    limit: Option<u32>,
    before: Option<ReportId>,
    #[serde(default)]
    states: String,
    kind: Option<ReportKind>,
    round: Option<RoundId>,
    branch: Option<String>,
    whose: Option<Whose>,
}

/// The reports that one may read, newest first: one's own, and those of one's branches and contacts.
#[utoipa::path(get, path = "/api/v1/reports", tag = "reports",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "How many reports; 50 if not given"),
        ("before" = Option<Uuid>, Query,
            description = "Only reports older than this one: the `next` of the page before"),
        ("states" = Option<String>, Query,
            description = "Only those in one of these states (`ReportState`), separated by commas"),
        ("kind" = Option<enums::ReportKind>, Query, description = "Only those of this kind"),
        ("round" = Option<Uuid>, Query, description = "Only those for this round"),
        ("branch" = Option<String>, Query, description = "Only those of this branch and all below it"),
        ("whose" = Option<enums::Whose>, Query, description = "Whose; `all` that one may read if not given")),
    responses(
        (status = 200, description = "A page of the list", body = ReportList),
        (status = 400, description = "`bad_request`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Params(page): Params<PageParams>,
) -> Result<Json<ReportList>, ApiError> {
    let PageParams { limit, before, states, kind, round, branch, whose } = page;
    let size = PageSize::new(limit, page::DEFAULT, page::MOST);
    let filter = FilterParams { states, kind, round, branch, whose }.filter()?;
    let mut snapshot = state.store.snapshot().await?;
    let mut rows = snapshot
        .reports()
        .newest_for(&caller.principal.scope(), &filter, before, size.to_read())
        .await?;
    let next = size.cut(&mut rows, |row| row.report.id.uuid());
    let root = state.config.public_path();
    let rows: Vec<_> = rows.iter().collect();
    let reports = summaries(&mut snapshot, &rows, caller.person(), root).await?;
    Ok(Json(ReportList { reports, next }))
}
