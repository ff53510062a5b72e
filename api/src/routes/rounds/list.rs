//! Which rounds there are.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use huibao_models::domain::person::Role;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::state::ApiState;
use crate::view::{RoundList, RoundView};

/// So many of them are shown: years of rounds.
const LIMIT: u32 = 200;

/// The rounds that one takes part in, with how one stands, and those of the branches that one looks after: the
/// newest first, at most 200.
#[utoipa::path(get, path = "/api/v1/rounds", tag = "rounds",
    responses((status = 200, description = "The rounds", body = RoundList)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<RoundList>, ApiError> {
    let now = state.store.now();
    let mut snapshot = state.store.snapshot().await?;
    let mut rounds = Vec::new();
    for grant in &caller.principal.grants {
        let below = grant.role != Role::Activist;
        rounds.extend(snapshot.rounds().around(&grant.branch, below, LIMIT).await?);
    }
    rounds.sort_by_key(|round| Reverse(round.id));
    rounds.dedup_by_key(|round| round.id);
    rounds.truncate(LIMIT as usize);
    let takes_part = caller.principal.branches(Role::Activist).next().is_some();
    let mut views = Vec::new();
    for round in rounds {
        let own = if takes_part {
            snapshot.rounds().participant(&round, caller.person(), now).await?
        } else {
            None
        };
        views.push(RoundView::new(round, own));
    }
    Ok(Json(RoundList { rounds: views }))
}
