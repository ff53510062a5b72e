//! The list of reports, newest first.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::submission::FileKind;
use huibao_models::store::ReportOverview;
use serde::Deserialize;

use crate::error::ApiError;
use crate::extract::Params;
use crate::state::ApiState;
use crate::view::{ErrorBody, ReportList, ReportSummary};

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// Which page of the list.
#[derive(Deserialize)]
pub(crate) struct PageParams {
    limit: Option<u32>,
    before: Option<ReportId>,
}

/// The reports, newest first.
#[utoipa::path(get, path = "/api/reports", tag = "reports",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200,
            description = "How many reports; 50 if not given"),
        ("before" = Option<Uuid>, Query,
            description = "Only reports older than this one: the `next` of the page before")),
    responses(
        (status = 200, description = "A page of the list", body = ReportList),
        (status = 400, description = "`bad_request`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Params(page): Params<PageParams>,
) -> Result<Json<ReportList>, ApiError> {
    let limit = page.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    // One more than requested shows whether there is a next page.
    let mut snapshot = state.store.snapshot().await?;
    let mut rows = snapshot.reports().newest(page.before, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let (Some(newest), Some(oldest)) = (rows.first(), rows.last()) else {
        return Ok(Json(ReportList { reports: Vec::new(), next: None }));
    };
    let (newest, oldest) = (newest.report.id, oldest.report.id);
    let next = more.then_some(oldest.uuid());
    let posters = snapshot.submissions().with_file(FileKind::Poster, oldest, newest).await?;
    let summary = |row: &ReportOverview| {
        let submission = row.submission.as_ref()?;
        Some(ReportSummary::new(&row.report, submission, posters.contains(&submission.id)))
    };
    let reports = rows.iter().filter_map(summary).collect();
    Ok(Json(ReportList { reports, next }))
}
