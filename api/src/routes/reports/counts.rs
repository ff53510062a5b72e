//! How many reports there are in which state.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::Whose;
use huibao_models::domain::ids::RoundId;
use huibao_models::domain::report::ReportKind;
use serde::Deserialize;

use super::filter::FilterParams;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::ApiState;
use crate::view::{ErrorBody, ReportCountsView, enums};

/// Which reports.
#[derive(Deserialize)]
pub(crate) struct CountParams {
    kind: Option<ReportKind>,
    round: Option<RoundId>,
    branch: Option<String>,
    whose: Option<Whose>,
}

/// How many of the reports that one may read are in each state: those that the list with these parameters shows.
#[utoipa::path(get, path = "/api/v1/reports/counts", tag = "reports",
    params(
        ("kind" = Option<enums::ReportKind>, Query, description = "Only those of this kind"),
        ("round" = Option<Uuid>, Query, description = "Only those for this round"),
        ("branch" = Option<String>, Query, description = "Only those of this branch and all below it"),
        ("whose" = Option<enums::Whose>, Query, description = "Whose; `all` that one may read if not given")),
    responses(
        (status = 200, description = "How many", body = ReportCountsView),
        (status = 400, description = "`bad_request`", body = ErrorBody)))]
pub(crate) async fn counts(
    State(state): State<ApiState>,
    caller: Caller,
    Params(asked): Params<CountParams>,
) -> Result<Json<ReportCountsView>, ApiError> {
    let CountParams { kind, round, branch, whose } = asked;
    let filter = FilterParams { states: String::new(), kind, round, branch, whose }.filter()?;
    let mut snapshot = state.store.snapshot().await?;
    let counts = snapshot.reports().counts(&caller.principal.scope(), &filter).await?;
    Ok(Json(counts.into()))
}
