//! How everybody stands in a round, and other rules for some.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::ids::{PersonId, RoundId};
use huibao_models::domain::round::{Participant, RoundException, Standing};
use serde::Deserialize;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, IdPath, Params};
use crate::file_name::without_controls;
use crate::page::PageSize;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, ExceptionBody, ParticipantList, ParticipantView};

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;
const REASON_CHARS: usize = 500;

/// Who.
#[derive(Deserialize)]
pub(crate) struct ParticipantParams {
    standing: Option<Standing>,
    after: Option<PersonId>,
    limit: Option<u32>,
}

/// Those of whom a round asks something, and how they stand: in the branches that one reviews.
#[utoipa::path(get, path = "/api/v1/rounds/{id}/participants", tag = "rounds",
    params(("id" = Uuid, Path),
        ("standing" = Option<String>, Query, description = "Only those who stand so"),
        ("after" = Option<Uuid>, Query, description = "Only those after this one: the `next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "How many; 100 if not given")),
    responses((status = 200, description = "A page of people", body = ParticipantList),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no reviewer of its branch or of one below", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<RoundId>,
    Params(params): Params<ParticipantParams>,
) -> Result<Json<ParticipantList>, ApiError> {
    let (round, branches) = caller.reviewed_round(&state, id).await?;
    let size = PageSize::new(params.limit, DEFAULT_LIMIT, MAX_LIMIT);
    let mut found: Vec<Participant> = Vec::new();
    let mut after = params.after;
    let mut snapshot = state.store.snapshot().await?;
    let now = state.store.now();
    // How somebody stands is computed, so pages are read until enough stand so.
    loop {
        let mut page = Vec::new();
        for branch in &branches {
            page.extend(
                snapshot.rounds().participants(&round, branch, after, MAX_LIMIT, now).await?,
            );
        }
        page.sort_by_key(|participant| participant.person);
        page.dedup_by_key(|participant| participant.person);
        page.truncate(MAX_LIMIT as usize);
        let full = page.len() == MAX_LIMIT as usize;
        after = page.last().map(|participant| participant.person);
        let wanted = |participant: &Participant| {
            params.standing.is_none_or(|standing| participant.standing == standing)
        };
        found.extend(page.into_iter().filter(wanted));
        if !full || found.len() >= size.to_read() as usize {
            break;
        }
    }
    let next = size.cut(&mut found, |participant| participant.person.uuid());
    let participants = found.into_iter().map(ParticipantView::from).collect();
    Ok(Json(ParticipantList { participants, next }))
}

/// Makes another rule for one person: more time, or nothing to do.
#[utoipa::path(put, path = "/api/v1/rounds/{id}/participants/{person}", tag = "rounds",
    params(("id" = Uuid, Path), ("person" = Uuid, Path)),
    request_body = ExceptionBody,
    responses((status = 204, description = "It holds"),
        (status = 400, description = "`bad_request`, `field_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no reviewer of the person's branch", body = ErrorBody),
        (status = 404, description = "`not_found`: no such round, or nothing is asked of this person",
            body = ErrorBody)))]
pub(crate) async fn set(
    State(state): State<ApiState>,
    caller: Caller,
    path: Result<Path<(RoundId, PersonId)>, axum::extract::rejection::PathRejection>,
    extract::Json(given): extract::Json<ExceptionBody>,
) -> Result<StatusCode, ApiError> {
    let Path((id, person)) = path.map_err(|_| RequestError::NotFound)?;
    let (round, _) = caller.reviewed_round(&state, id).await?;
    let now = state.store.now();
    let participant =
        state.store.snapshot().await?.rounds().participant(&round, person, now).await?;
    let participant = participant.ok_or(RequestError::NotFound)?;
    let what = Resource::Branch(&participant.branch);
    caller.check(&state, Action::ManageRound, &what, person)?;
    let reason = without_controls(given.reason.trim());
    if reason.chars().count() > REASON_CHARS {
        return Err(RequestError::FieldTooLong.into());
    }
    let ExceptionBody { extended_to, excused, .. } = given;
    let mut unit = caller.begin_durable(&state).await?;
    let exception = RoundException { extended_to, excused, reason };
    unit.rounds().set_exception(id, person, &exception).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
