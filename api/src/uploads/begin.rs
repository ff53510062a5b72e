//! Making an upload.

use axum::http::HeaderMap;
use huibao_models::domain::access::Action;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::upload::{MAX_PAGES, Purpose, Upload, UploadRole};
use huibao_models::storage::{StorageKey, UploadId};
use huibao_models::store::StoreError;
use uuid::Uuid;

use super::limit;
use super::protocol::{self, Concat, Metadata};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::file_name;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// Endings of documents that ingest can read, the last three if a converter is installed.
const DOCUMENT_ENDINGS: [&str; 8] = ["txt", "md", "docx", "odt", "pdf", "doc", "wps", "rtf"];

/// As many parts as anybody needs. The row holds all their ids.
const MAX_PARTS: usize = 1000;

/// As many uploads as anybody needs that are not handed in: the parts of two files, and some drafts.
const MAX_UPLOADS: u64 = 2200;

/// Makes the upload that the headers describe. Nothing of it has arrived.
pub(crate) async fn begin(
    state: &ApiState,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Upload, ApiError> {
    let (concat, metadata) = (protocol::concat(headers)?, protocol::metadata(headers)?);
    let (length, parts) = match &concat {
        Concat::Final(parts) => {
            let length = length_of_parts(state, caller, parts).await?;
            (Some(length), Some(parts.clone()))
        }
        Concat::None | Concat::Part => (protocol::length(headers)?, None),
    };
    let id = Uuid::now_v7();
    let place = match concat {
        Concat::Part => part(id, &metadata),
        Concat::None | Concat::Final(_) => file(state, caller, id, &metadata).await?,
    };
    check_length(state, place.purpose, length)?;
    // The bytes of parts are there already.
    let adds = if parts.is_some() { 0 } else { length.unwrap_or(0) };
    check_quota(state, caller, place.purpose, adds).await?;
    let upload = Upload {
        id,
        person: caller.person(),
        purpose: place.purpose,
        submission: place.submission,
        filename: place.filename,
        key: place.key.as_str().to_owned(),
        length,
        parts,
        sha256: None,
        touched_at: state.store.now(),
    };
    // The row first: whoever finds it without bytes removes it in the end.
    let mut unit = caller.begin_durable(state).await?;
    unit.uploads().insert(&upload).await?;
    unit.commit().await?;
    state.storage.create_upload(UploadId::from(id), &place.key).await?;
    Ok(upload)
}

/// Refuses what is too long, or nothing at all.
pub(super) fn check_length(
    state: &ApiState,
    purpose: Purpose,
    length: Option<u64>,
) -> Result<(), ApiError> {
    let limit = limit(state, purpose);
    match length {
        Some(0) if !matches!(purpose, Purpose::Part) => Err(RequestError::EmptyFile.into()),
        Some(length) if length > limit => Err(too_large(purpose, limit).into()),
        _ => Ok(()),
    }
}

/// Refuses what would add up to more than somebody, or their branch, may keep.
pub(super) async fn check_quota(
    state: &ApiState,
    caller: &Caller,
    purpose: Purpose,
    length: u64,
) -> Result<(), ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let (used, uploads) = snapshot.uploads().used_by(caller.person()).await?;
    let beyond = |used: u64, quota: Option<u64>| quota.is_some_and(|most| used + length > most);
    if uploads >= MAX_UPLOADS || beyond(used, state.config.max_person_bytes) {
        return Err(RequestError::QuotaExceeded.into());
    }
    if let (Purpose::File { report, .. }, Some(_)) = (purpose, state.config.max_branch_bytes)
        && let Some(report) = snapshot.reports().get(report).await?
        && beyond(snapshot.uploads().used_in(&report.branch).await?, state.config.max_branch_bytes)
    {
        return Err(RequestError::QuotaExceeded.into());
    }
    Ok(())
}

/// That a file is longer than it may be.
pub(super) fn too_large(purpose: Purpose, limit: u64) -> Failure {
    let code = match purpose {
        Purpose::File { role: UploadRole::Written | UploadRole::Page, .. } => {
            FailureCode::WrittenTooLarge
        }
        Purpose::File { role: UploadRole::Video, .. } | Purpose::Part => FailureCode::TooLarge,
    };
    Failure::new(code, format!("the upload has more than {limit} bytes"))
}

/// Where an upload belongs.
struct Place {
    purpose: Purpose,
    submission: SubmissionId,
    filename: String,
    key: StorageKey,
}

/// A file of the report that the metadata name, which the caller may change.
async fn file(
    state: &ApiState,
    caller: &Caller,
    id: Uuid,
    metadata: &Metadata,
) -> Result<Place, ApiError> {
    let named = metadata.report_id.as_deref().and_then(|id| id.parse::<ReportId>().ok());
    let report = named.ok_or(RequestError::BadRequest)?;
    let role = metadata.role.as_deref().and_then(|role| role.parse().ok());
    let asked: UploadRole = role.ok_or(RequestError::BadRequest)?;
    caller.report(state, report, Action::Edit).await?;
    let given = metadata.filename.as_deref().unwrap_or_default();
    let filename = file_name::sanitize(given, asked.as_str());
    let extension = file_name::extension(&filename).to_ascii_lowercase();
    let role = role_of(asked, &extension)?;
    let mut unit = caller.begin_durable(state).await?;
    if role == UploadRole::Page && pages(&unit.uploads().of_report(report).await?) >= MAX_PAGES {
        return Err(RequestError::QuotaExceeded.into());
    }
    let submission = match unit.reports().begin_submission(report).await {
        Err(StoreError::IllegalTransition { .. }) => return Err(RequestError::NotADraft.into()),
        begun => begun?,
    };
    unit.commit().await?;
    let key = match role {
        UploadRole::Video => StorageKey::video_upload(submission, id, &extension),
        UploadRole::Written => StorageKey::written_upload(submission, id, &extension),
        UploadRole::Page => StorageKey::page(submission, id, &extension),
    };
    Ok(Place { purpose: Purpose::File { report, role }, submission, filename, key })
}

/// What a file is that its sender calls `asked`. Whoever sends a photo as the written report means a page.
fn role_of(asked: UploadRole, extension: &str) -> Result<UploadRole, Failure> {
    let role = match asked {
        UploadRole::Video => return Ok(asked),
        UploadRole::Written | UploadRole::Page => UploadRole::of_written(extension),
    };
    let is_read = role == UploadRole::Page
        || asked == UploadRole::Written && DOCUMENT_ENDINGS.contains(&extension);
    let detail = "the name has none of the endings that are read";
    if is_read { Ok(role) } else { Err(Failure::new(FailureCode::WrittenUnsupported, detail)) }
}

fn pages(uploads: &[Upload]) -> usize {
    let is_page =
        |upload: &&Upload| matches!(upload.purpose, Purpose::File { role: UploadRole::Page, .. });
    uploads.iter().filter(is_page).count()
}

/// A part, in a folder of its own: which report it is for, the upload tells that puts the parts together.
fn part(id: Uuid, metadata: &Metadata) -> Place {
    let submission = SubmissionId::new();
    let filename = file_name::sanitize(metadata.filename.as_deref().unwrap_or_default(), "part");
    let key = StorageKey::part(submission, id);
    Place { purpose: Purpose::Part, submission, filename, key }
}

/// The length of parts together, which must be finished and the caller's own.
async fn length_of_parts(
    state: &ApiState,
    caller: &Caller,
    parts: &[Uuid],
) -> Result<u64, ApiError> {
    if parts.len() > MAX_PARTS {
        return Err(RequestError::BadRequest.into());
    }
    let mut length: u64 = 0;
    for id in parts {
        let part = super::find(state, caller, *id).await?;
        if part.purpose != Purpose::Part || !part.is_finished() {
            return Err(RequestError::BadRequest.into());
        }
        length = length.saturating_add(part.length.unwrap_or_default());
    }
    Ok(length)
}
