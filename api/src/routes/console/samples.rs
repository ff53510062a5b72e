//! How large the system is and how much it does, over time.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::sample::{Span, points};
use serde::Deserialize;

use super::check;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::state::ApiState;
use crate::view::{ErrorBody, SampleList, SampleView};

/// How far back.
#[derive(Deserialize)]
pub(crate) struct SampleParams {
    over: Option<Span>,
}

/// Sizes and jobs over an hour, a day or thirty days, from what the system has measured itself every five minutes.
#[utoipa::path(get, path = "/api/v1/jobs/samples", tag = "console",
    params(("over" = Option<String>, Query, description = "`hour`, `day` or `month`; `day` if not given")),
    responses((status = 200, description = "The points of a plot", body = SampleList),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of `/`", body = ErrorBody)))]
pub(crate) async fn samples(
    State(state): State<ApiState>,
    caller: Caller,
    Params(params): Params<SampleParams>,
) -> Result<Json<SampleList>, ApiError> {
    check(&state, &caller)?;
    let (now, span) = (state.store.now(), params.over.unwrap_or(Span::Day));
    let measured = state.store.snapshot().await?.samples().since(now - span.length()).await?;
    let points = points(&measured, span, now).into_iter().map(SampleView::from).collect();
    let step_seconds = span.step().num_seconds().unsigned_abs();
    Ok(Json(SampleList { from: now - span.length(), to: now, step_seconds, points }))
}
