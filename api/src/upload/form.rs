//! The form of an upload; its fields may come in any order.

use futures::TryStreamExt;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::storage::StorageKey;
use huibao_models::store::{NewReport, NewSubmission};
use huibao_models::trace;
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio_util::io::StreamReader;
use tracing::Instrument;

use super::body::SharedBody;
use super::leftovers::Leftovers;
use crate::error::ApiError;
use crate::file_name;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// Longest title, in characters. The OpenAPI schema and the message of `field_too_long` repeat it.
const TITLE_CHARS: usize = 200;
/// Longest name of a speaker, in characters; repeated there as well.
const SPEAKER_CHARS: usize = 100;
const LANGUAGE_CHARS: usize = 16;

/// Endings of written reports that ingest can read.
const WRITTEN_EXTENSIONS: [&str; 5] = ["txt", "md", "docx", "odt", "pdf"];

/// A complete form whose files are stored.
pub(crate) struct Received {
    /// The report.
    pub report: NewReport,
    /// What is handed in for it.
    pub submission: NewSubmission,
    /// Its files, until it is submitted.
    pub leftovers: Leftovers,
}

/// The fields received so far.
struct Form<'a> {
    state: &'a ApiState,
    /// Of the submission: its files are stored under it.
    id: SubmissionId,
    title: Option<String>,
    speaker: Option<String>,
    language: Option<String>,
    video: Option<StoredFile>,
    written: Option<StoredFile>,
    leftovers: Leftovers,
}

/// Reads a whole form of at most `limit` bytes.
pub(super) async fn read(
    state: &ApiState,
    body: SharedBody,
    boundary: String,
    limit: u64,
) -> Result<Received, ApiError> {
    let id = SubmissionId::new();
    let span = tracing::info_span!("upload", submission = %id);
    trace::join_submission(&span, id);
    read_as(state, id, body, boundary, limit).instrument(span).await
}

async fn read_as(
    state: &ApiState,
    id: SubmissionId,
    body: SharedBody,
    boundary: String,
    limit: u64,
) -> Result<Received, ApiError> {
    let mut multipart = Multipart::with_constraints(body, boundary, constraints(limit));
    let mut form = Form {
        state,
        id,
        title: None,
        speaker: None,
        language: None,
        video: None,
        written: None,
        leftovers: Leftovers::new(state.storage.clone()),
    };
    while let Some(field) = multipart.next_field().await.map_err(form_error)? {
        form.take(field).await?;
    }
    form.finish()
}

/// Text is collected in memory, so it is bounded while it is read; files are bounded by the
/// storage.
fn constraints(limit: u64) -> Constraints {
    // A character takes at most four bytes.
    let bytes = |chars: usize| 4 * chars as u64;
    let sizes = SizeLimit::new()
        .whole_stream(limit)
        .for_field("title", bytes(TITLE_CHARS))
        .for_field("speaker", bytes(SPEAKER_CHARS))
        .for_field("language", bytes(LANGUAGE_CHARS));
    Constraints::new().size_limit(sizes)
}

fn form_error(error: multer::Error) -> ApiError {
    match error {
        multer::Error::FieldSizeExceeded { .. } => RequestError::FieldTooLong.into(),
        multer::Error::StreamSizeExceeded { .. } => {
            Failure::new(FailureCode::TooLarge, error).into()
        }
        _ => RequestError::BadUpload.into(),
    }
}

impl Form<'_> {
    /// Takes one field; unknown ones are skipped.
    async fn take(&mut self, field: Field<'static>) -> Result<(), ApiError> {
        match field.name() {
            Some("title") => fill(&mut self.title, text(field, TITLE_CHARS).await?),
            Some("speaker") => fill(&mut self.speaker, text(field, SPEAKER_CHARS).await?),
            Some("language") => fill(&mut self.language, text(field, LANGUAGE_CHARS).await?),
            // What browsers send for a file input that was left empty.
            Some("video" | "written") if field.file_name() == Some("") => Ok(()),
            Some("video") => self.take_video(field).await,
            Some("written") => self.take_written(field).await,
            _ => Ok(()),
        }
    }

    async fn take_video(&mut self, field: Field<'static>) -> Result<(), ApiError> {
        if self.video.is_some() {
            return Err(RequestError::DuplicateField.into());
        }
        let name = file_name::sanitize(field.file_name().unwrap_or_default(), "video");
        let key = StorageKey::original(self.id, file_name::extension(&name));
        let limit = self.state.config.limits.max_video_bytes;
        let file = self.store(field, FileKind::Original, key, name, limit).await?;
        if file.size_bytes == 0 {
            return Err(RequestError::MissingVideo.into());
        }
        self.video = Some(file);
        Ok(())
    }

    async fn take_written(&mut self, field: Field<'static>) -> Result<(), ApiError> {
        if self.written.is_some() {
            return Err(RequestError::DuplicateField.into());
        }
        let name = file_name::sanitize(field.file_name().unwrap_or_default(), "written");
        let extension = file_name::extension(&name).to_ascii_lowercase();
        if !WRITTEN_EXTENSIONS.contains(&extension.as_str()) {
            let detail = "the name has none of the endings that are read";
            return Err(Failure::new(FailureCode::WrittenUnsupported, detail).into());
        }
        let key = StorageKey::written(self.id, &extension);
        let limit = self.state.config.limits.max_written_bytes;
        let stored = self.store(field, FileKind::Written, key, name, limit).await;
        self.written = Some(stored.map_err(|error| match error {
            ApiError::Failure(failure) if failure.code == FailureCode::TooLarge => {
                Failure::new(FailureCode::WrittenTooLarge, failure.detail).into()
            }
            other => other,
        })?);
        Ok(())
    }

    async fn store(
        &mut self,
        field: Field<'static>,
        kind: FileKind,
        key: StorageKey,
        name: String,
        limit: u64,
    ) -> Result<StoredFile, ApiError> {
        self.leftovers.add(key.clone());
        let body = StreamReader::new(field.map_err(std::io::Error::other));
        let stored = self.state.storage.put(&key, Box::pin(body), limit).await?;
        Ok(StoredFile {
            kind,
            key: key.as_str().to_owned(),
            name,
            size_bytes: stored.size_bytes,
            sha256: stored.sha256,
        })
    }

    fn finish(self) -> Result<Received, ApiError> {
        let config = &self.state.config;
        let video = self.video.ok_or(RequestError::MissingVideo)?;
        let language = match self.language.as_deref() {
            None | Some("") => config.default_language().to_owned(),
            Some(known) if config.languages.iter().any(|language| language == known) => {
                known.to_owned()
            }
            Some(_) => return Err(RequestError::UnsupportedLanguage.into()),
        };
        let report = NewReport {
            id: ReportId::new(),
            title: self.title.unwrap_or_default(),
            speaker: self.speaker.unwrap_or_default(),
        };
        let submission = NewSubmission {
            id: self.id,
            report_id: report.id,
            language,
            files: [Some(video), self.written].into_iter().flatten().collect(),
        };
        Ok(Received { report, submission, leftovers: self.leftovers })
    }
}

fn fill(slot: &mut Option<String>, value: String) -> Result<(), ApiError> {
    match slot.replace(value) {
        Some(_) => Err(RequestError::DuplicateField.into()),
        None => Ok(()),
    }
}

async fn text(field: Field<'static>, max_chars: usize) -> Result<String, ApiError> {
    let text = field.text().await.map_err(form_error)?;
    let clean = file_name::without_controls(text.trim());
    if clean.chars().count() > max_chars {
        return Err(RequestError::FieldTooLong.into());
    }
    Ok(clean)
}
