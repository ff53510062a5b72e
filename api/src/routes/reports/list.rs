//! The list of reports, newest first.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::report::FileKind;
use serde::Deserialize;
use uuid::Uuid;

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
    before: Option<Uuid>,
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
    let mut rows = state.store.reports(page.before, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let (Some(newest), Some(oldest)) = (rows.first(), rows.last()) else {
        return Ok(Json(ReportList { reports: Vec::new(), next: None }));
    };
    let next = more.then_some(oldest.id);
    let posters = state.store.reports_with_file(FileKind::Poster, oldest.id, newest.id).await?;
    let reports = rows
        .iter()
        .map(|report| ReportSummary::new(report, posters.contains(&report.id)))
        .collect();
    Ok(Json(ReportList { reports, next }))
}
