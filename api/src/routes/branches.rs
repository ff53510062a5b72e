//! The tree of branches, as far as it is one's business.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::person::Role;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::state::ApiState;
use crate::view::BranchList;

/// The branches that one looks after or takes part in, and all below them.
#[utoipa::path(get, path = "/api/v1/branches", tag = "people",
    responses((status = 200, description = "The branches", body = BranchList)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<BranchList>, ApiError> {
    let mut branches: Vec<BranchPath> = Vec::new();
    let mut snapshot = state.store.snapshot().await?;
    for grant in &caller.principal.grants {
        match grant.role {
            // What other branches there are below is not an activist's business.
            Role::Activist => branches.push(grant.branch.clone()),
            Role::Reviewer | Role::Operator => {
                branches.extend(snapshot.people().branches(&grant.branch).await?);
            }
        }
    }
    branches.sort();
    branches.dedup();
    Ok(Json(BranchList { branches: branches.iter().map(BranchPath::to_string).collect() }))
}
