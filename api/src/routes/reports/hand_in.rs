//! Handing a report in, and taking it back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::SubmissionId;
use huibao_models::domain::report::{Report, ReportState};
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::storage::StorageKey;
use huibao_models::store::{NewSubmission, StoreError};
use huibao_models::trace;
use tracing::Instrument;

use crate::access::{HandIn, Permitted, ReportAccess};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Locale;
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, ReportBody};

/// The name of a written report that was typed.
const TYPED_NAME: &str = "汇报正文.txt";

/// Hands a report in: its uploads and its text become a submission, which is queued for processing.
#[utoipa::path(post, path = "/api/v1/reports/{id}/submit", tag = "reports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses(
        (status = 202, description = "Handed in and queued", body = ReportBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`not_a_draft`, `round_closed`", body = ErrorBody),
        (status = 422, description = "`missing_video`", body = ErrorBody)))]
pub(crate) async fn submit(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    permitted: Permitted<HandIn>,
) -> Result<(StatusCode, Json<ReportBody>), ApiError> {
    let id = permitted.id();
    let caller = permitted.access.caller.clone();
    let mut unit = caller.begin_durable(&state).await?;
    let submission = unit.reports().begin_submission(id).await.map_err(closed)?;
    unit.commit().await?;
    // In a task of its own: if the client disconnects now, the rows and their files must still be kept
    // or removed together.
    let span = tracing::info_span!("hand_in", submission = %submission, report = %id);
    trace::join_submission(&span, submission);
    let handing_in = hand_in(state.clone(), permitted.access, submission).instrument(span);
    tokio::spawn(handing_in).await.map_err(Failure::internal)??;
    let loaded = LoadedReport::load(&state.store, id).await?.ok_or(RequestError::NotFound)?;
    Ok((StatusCode::ACCEPTED, Json(loaded.body(caller.reader(&state, lang)))))
}

async fn hand_in(
    state: ApiState,
    access: ReportAccess,
    submission: SubmissionId,
) -> Result<(), ApiError> {
    let ReportAccess { caller, report } = access;
    // Before the rows: no transaction waits for a storage.
    let typed = match report.written_text.trim() {
        "" => None,
        _ => Some(store_text(&state, submission, &report).await?),
    };
    let unused = typed.as_ref().and_then(|file| StorageKey::parse(&file.key));
    let committed = commit(&state, &caller, &report, submission, typed).await;
    if !matches!(committed, Ok(true))
        && let Some(key) = unused
    {
        // If this fails, too, the collector knows that nobody refers to it.
        if let Err(error) = state.storage.delete(&key).await {
            tracing::warn!(%error, "a file stays behind");
        }
    }
    committed.map(drop)
}

/// Makes uploads and text a submission. Says whether the text was needed: a file that was uploaded counts
/// instead.
async fn commit(
    state: &ApiState,
    caller: &Caller,
    report: &Report,
    submission: SubmissionId,
    typed: Option<StoredFile>,
) -> Result<bool, ApiError> {
    let mut unit = caller.begin_durable(state).await?;
    // It locks the report: of two requests at once, the second finds it handed in.
    if unit.reports().begin_submission(report.id).await.map_err(closed)? != submission {
        return Err(RequestError::NotADraft.into());
    }
    if let Some(round) = report.round
        && let Some(round) = unit.rounds().get(round).await?
        && round.closed_at.is_some()
    {
        return Err(RequestError::RoundClosed.into());
    }
    let mut files = unit.uploads().take_finished(report.id).await?;
    if !files.iter().any(|file| file.kind == FileKind::Original) {
        return Err(RequestError::MissingVideo.into());
    }
    let has_file = files.iter().any(|file| file.kind == FileKind::Written);
    let needed = typed.is_some() && !has_file;
    files.extend(typed.filter(|_| needed));
    let language = report.language.clone();
    let new = NewSubmission { id: submission, report_id: report.id, language, files };
    unit.submissions().hand_in(&new).await.map_err(closed)?;
    let messages = unit.commit().await?;
    // In the background: the client does not wait for a queue that may be unavailable.
    let state = state.clone();
    tokio::spawn(async move { state.announce(messages).await }.in_current_span());
    Ok(needed)
}

/// Keeps a typed report as a file, like any other.
async fn store_text(
    state: &ApiState,
    submission: SubmissionId,
    report: &Report,
) -> Result<StoredFile, ApiError> {
    let key = StorageKey::written_upload(submission, uuid::Uuid::now_v7(), "txt");
    let bytes = Bytes::from(report.written_text.clone().into_bytes());
    let length = bytes.len() as u64;
    let body = std::io::Cursor::new(bytes);
    let stored = state.storage.put(&key, Box::pin(body), length).await?;
    Ok(StoredFile {
        kind: FileKind::Written,
        key: key.as_str().to_owned(),
        name: TYPED_NAME.to_owned(),
        size_bytes: stored.size_bytes,
        sha256: stored.sha256,
    })
}

fn closed(error: StoreError) -> ApiError {
    match error {
        StoreError::IllegalTransition { .. } => RequestError::NotADraft.into(),
        other => other.into(),
    }
}

/// Takes a report back, before anybody reviews it. Readers no longer see it; its author can hand it in again.
#[utoipa::path(post, path = "/api/v1/reports/{id}/withdraw", tag = "reports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses(
        (status = 200, description = "Taken back", body = ReportBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`not_withdrawable`", body = ErrorBody)))]
pub(crate) async fn withdraw(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    permitted: Permitted<HandIn>,
) -> Result<Json<ReportBody>, ApiError> {
    let (id, caller) = (permitted.id(), &permitted.access.caller);
    let mut unit = caller.begin_durable(&state).await?;
    match unit.reports().set_state(id, ReportState::Withdrawn).await {
        Err(StoreError::IllegalTransition { .. }) => {
            return Err(RequestError::NotWithdrawable.into());
        }
        withdrawn => withdrawn?,
    }
    unit.commit().await?;
    let loaded = LoadedReport::load(&state.store, id).await?.ok_or(RequestError::NotFound)?;
    Ok(Json(loaded.body(caller.reader(&state, lang))))
}
