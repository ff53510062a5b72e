//! Beginning a report.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::ids::{ReportId, RoundId};
use huibao_models::domain::person::Role;
use huibao_models::domain::report::ReportKind;
use huibao_models::domain::round::{Participant, Round};
use huibao_models::store::{NewReport, ReportContent};

use super::fields;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, Locale};
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, ReportBody, ReportDraft};

/// Begins a report, as a draft that its author alone sees. Its files are uploaded by tus at
/// `/api/v1/uploads/`; then it is handed in.
#[utoipa::path(post, path = "/api/v1/reports", tag = "reports",
    params(("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    request_body = ReportDraft,
    responses(
        (status = 201, description = "Made", body = ReportBody,
            headers(("Location" = String, description = "URL of the report"))),
        (status = 400, description = "`bad_request`, `field_too_long`, `unsupported_language`, `unsupported_kind`",
            body = ErrorBody),
        (status = 403, description = "`forbidden`: no activist of this branch", body = ErrorBody),
        (status = 404, description = "`not_found`: no such round", body = ErrorBody),
        (status = 409, description = "`round_taken`, `round_closed`", body = ErrorBody),
        (status = 413, description = "`body_too_large`, `written_too_large`", body = ErrorBody),
        (status = 422, description = "`not_for_round`", body = ErrorBody)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
    extract::Json(draft): extract::Json<ReportDraft>,
) -> Result<Response, ApiError> {
    let kind = fields::kind(&state, draft.kind.unwrap_or_else(|| default_kind(&state)))?;
    let round = match draft.round {
        Some(id) => Some(round(&state, &caller, id.into(), kind).await?),
        None => None,
    };
    let branch = match (draft.branch.as_deref(), &round) {
        (Some(path), _) => path.parse().map_err(|_| RequestError::BadRequest)?,
        (None, Some((_, participant))) => participant.branch.clone(),
        (None, None) => home(&caller)?,
    };
    caller.check(&state, Action::Create, &Resource::Branch(&branch), Subject::branch(&branch))?;
    let period = match (&*draft.period, &round) {
        ("", Some((round, _))) => round.period.clone(),
        (text, _) => fields::period(text)?,
    };
    let speaker = match fields::speaker(&draft.speaker)? {
        speaker if speaker.is_empty() => display_name(&state, &caller).await?,
        speaker => speaker,
    };
    let new = NewReport {
        id: ReportId::new(),
        title: fields::title(&draft.title)?,
        speaker,
        author: Some(caller.person()),
        branch,
        round: round.map(|(round, _)| round.id),
        content: ReportContent {
            kind,
            period,
            written_text: fields::written_text(&state, &draft.written_text)?,
            language: fields::language(&state, &draft.language)?,
        },
    };
    let mut unit = caller.begin_durable(&state).await?;
    if !unit.reports().insert(&new).await? {
        return Err(RequestError::RoundTaken.into());
    }
    unit.commit().await?;
    let loaded = LoadedReport::load(&state.store, new.id).await?.ok_or(RequestError::NotFound)?;
    let location = [(header::LOCATION, format!("/api/v1/reports/{}", new.id))];
    Ok((StatusCode::CREATED, location, Json(loaded.body(caller.reader(&state, lang))))
        .into_response())
}

/// What a report is about that does not say: `other`, if that is offered.
fn default_kind(state: &ApiState) -> ReportKind {
    let offered = state.config.offered_kinds();
    let usual = ReportKind::default();
    if offered.contains(&usual) { usual } else { offered.first().copied().unwrap_or(usual) }
}

/// A round that asks such a report of the caller, and how they stand in it.
async fn round(
    state: &ApiState,
    caller: &Caller,
    id: RoundId,
    kind: ReportKind,
) -> Result<(Round, Participant), ApiError> {
    let round = caller.round_for(state, Action::SeeRound, id).await?;
    if round.closed_at.is_some() {
        return Err(RequestError::RoundClosed.into());
    }
    let now = state.store.now();
    let mut snapshot = state.store.snapshot().await?;
    let participant = snapshot.rounds().participant(&round, caller.person(), now).await?;
    match participant {
        Some(participant) if round.takes(kind) => Ok((round, participant)),
        _ => Err(RequestError::NotForRound.into()),
    }
}

/// The branch of an activist who names none.
fn home(caller: &Caller) -> Result<BranchPath, RequestError> {
    caller.principal.branches(Role::Activist).next().cloned().ok_or(RequestError::Forbidden)
}

async fn display_name(state: &ApiState, caller: &Caller) -> Result<String, ApiError> {
    let person = state.store.snapshot().await?.people().get(caller.person()).await?;
    Ok(person.map(|person| person.display_name).unwrap_or_default())
}
