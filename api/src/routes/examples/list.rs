//! Which examples there are.

use axum::Json;
use axum::extract::State;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::state::ApiState;
use crate::view::{ExampleList, ExampleSummary};

/// So many of them are shown.
const LIMIT: u32 = 200;

/// The good examples of the branches that one belongs to, of those above them, and of those that one reviews: at most
/// 200, the newest first.
#[utoipa::path(get, path = "/api/v1/examples", tag = "examples",
    responses((status = 200, description = "The examples", body = ExampleList)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<ExampleList>, ApiError> {
    let scope = caller.principal.example_scope();
    let mut snapshot = state.store.snapshot().await?;
    let mut examples = Vec::new();
    for (overview, at) in snapshot.examples().newest_for(&scope, LIMIT).await? {
        examples.push(ExampleSummary::new(
            &overview.report,
            overview.submission.as_ref(),
            at,
            state.config.public_path(),
        ));
    }
    Ok(Json(ExampleList { examples }))
}
