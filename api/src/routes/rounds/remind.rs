//! Reminding those who owe a report.

use axum::Json;
use axum::extract::State;
use chrono::TimeDelta;
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::ids::{PersonId, RoundId};

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::IdPath;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, RemindedView};

/// Nobody is reminded of a round more often.
const PAUSE: TimeDelta = TimeDelta::hours(20);

/// So many in one transaction: each has a notice, and a mail.
const BATCH: u32 = 200;

/// Reminds those who owe a report for a round, in the branches that one reviews: in the pages, and by mail as they want
/// it. Who was reminded within the last 20 hours is not reminded again.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/remind", tag = "rounds", params(("id" = Uuid, Path)),
    responses((status = 200, description = "They are told", body = RemindedView),
        (status = 403, description = "`forbidden`: no reviewer of its branch or of one below", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`round_closed`", body = ErrorBody)))]
pub(crate) async fn remind(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<RoundId>,
) -> Result<Json<RemindedView>, ApiError> {
    let (round, branches) = caller.reviewed_round(&state, id).await?;
    for branch in &branches {
        caller.check(&state, Action::ManageRound, &Resource::Branch(branch), id)?;
    }
    if round.closed_at.is_some() {
        return Err(RequestError::RoundClosed.into());
    }
    let mut done = RemindedView { reminded: 0, lately: 0 };
    for branch in &branches {
        let mut after: Option<PersonId> = None;
        loop {
            let mut unit = caller.begin_durable(&state).await?;
            let now = unit.now();
            let page = unit.rounds().participants(&round, branch, after, BATCH, now).await?;
            let owing: Vec<_> = page.iter().filter(|one| one.standing.is_owing()).collect();
            let told = unit.notices().remind(&round, &owing, PAUSE).await?;
            state.commit(unit).await?;
            done.reminded += told;
            done.lately += owing.len() - told;
            after = page.last().map(|participant| participant.person);
            if page.len() < BATCH as usize {
                break;
            }
        }
    }
    Ok(Json(done))
}
