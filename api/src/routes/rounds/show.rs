//! One round.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use huibao_models::domain::access::Action;
use huibao_models::domain::ids::RoundId;
use huibao_models::domain::round::Round;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::IdPath;
use crate::state::ApiState;
use crate::view::{ErrorBody, RoundBody, RoundView};

/// A round, with how one stands, or how many others stand how. A change (`PATCH`) names its `ETag`.
#[utoipa::path(get, path = "/api/v1/rounds/{id}", tag = "rounds", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The round", body = RoundBody,
            headers(("ETag" = String, description = "Of the round"))),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<RoundId>,
) -> Result<Response, ApiError> {
    let round = caller.round_for(&state, Action::SeeRound, id).await?;
    let tag = [(header::ETAG, etag(round.revision))];
    Ok((tag, Json(body(&state, &caller, round).await?)).into_response())
}

/// The entity tag of a revision.
pub(super) fn etag(revision: u32) -> String {
    format!("\"r{revision}\"")
}

/// What the caller sees of a round.
pub(super) async fn body(
    state: &ApiState,
    caller: &Caller,
    round: Round,
) -> Result<RoundBody, ApiError> {
    let now = state.store.now();
    let mut snapshot = state.store.snapshot().await?;
    let own = snapshot.rounds().participant(&round, caller.person(), now).await?;
    let mut standings = None;
    for branch in caller.principal.reviewed_within(&round.branch) {
        let sums = standings.get_or_insert_default();
        for (standing, count) in snapshot.rounds().standings(&round, &branch, now).await? {
            *std::collections::BTreeMap::entry(sums, standing.to_owned()).or_insert(0) += count;
        }
    }
    Ok(RoundBody { round: RoundView::new(round, own), standings })
}
