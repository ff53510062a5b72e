//! The repository of submissions and of their files.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::changes::Change;
use super::engine::{Tx, execute, fetch, fetch_of_ids};
use super::rows::{all, count, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::AuditAction;
use crate::domain::failure::Failure;
use crate::domain::ids::{ReportId, SubmissionId, TranscriptId};
use crate::domain::job::NewJob;
use crate::domain::media::{MediaInfo, Rendition};
use crate::domain::notice::NoticeEvent;
use crate::domain::pipeline::Stage;
use crate::domain::report::ReportState;
use crate::domain::submission::{
    FileKind, StoredFile, Submission, SubmissionState, WrittenContent,
};

/// Submissions in a session.
pub struct Submissions<'s, S>(pub(super) &'s mut S);

/// What is handed in.
#[derive(Debug, Clone)]
pub struct NewSubmission {
    /// Chosen by the caller, because files are stored under it first.
    pub id: SubmissionId,
    /// The report it is a version of.
    pub report_id: ReportId,
    /// Language asked for: an ISO 639-1 code or `auto`.
    pub language: String,
    /// The stored video and, if there is one, the stored written report.
    pub files: Vec<StoredFile>,
}

#[derive(FromRow)]
struct SubmissionRow {
    id: Uuid,
    report_id: Uuid,
    version: i64,
    language: String,
    state: String,
    created_at: DateTime<Utc>,
    media: Option<Json<MediaInfo>>,
    rendition: Option<Json<Rendition>>,
    written: Option<Json<WrittenContent>>,
    failure: Option<Json<Failure>>,
    current_transcript: Option<Uuid>,
    awaits_second_pass: bool,
}

impl TryFrom<SubmissionRow> for Submission {
    type Error = StoreError;

    fn try_from(row: SubmissionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            report_id: row.report_id.into(),
            version: count(row.version),
            language: row.language,
            state: named(&row.state)?,
            created_at: row.created_at,
            media: row.media.map(|Json(value)| value),
            rendition: row.rendition.map(|Json(value)| value),
            written: row.written.map(|Json(value)| value),
            failure: row.failure.map(|Json(value)| value),
            current_transcript: row.current_transcript.map(TranscriptId::from),
            awaits_second_pass: row.awaits_second_pass,
        })
    }
}

#[derive(FromRow)]
struct FileRow {
    kind: String,
    key: String,
    name: String,
    size_bytes: i64,
    sha256: String,
}

impl TryFrom<FileRow> for StoredFile {
    type Error = StoreError;

    fn try_from(row: FileRow) -> Result<Self, StoreError> {
        Ok(Self {
            kind: named(&row.kind)?,
            key: row.key,
            name: row.name,
            size_bytes: row.size_bytes.unsigned_abs(),
            sha256: row.sha256,
        })
    }
}

/// The columns of [`SubmissionRow`]. That work on a submission has begun is written when its first
/// stage ends; until then, the job tells.
macro_rules! submission_columns {
    () => {
        "id, report_id, version, language,
         CASE WHEN state = 'submitted' AND EXISTS (SELECT 1 FROM jobs
                   WHERE submission_id = submissions.id AND jobs.state = 'running')
              THEN 'processing' ELSE state END AS state,
         created_at, media, rendition, written, failure, current_transcript,
         CASE WHEN quick_pass_at IS NULL THEN false ELSE true END AS awaits_second_pass"
    };
}

/// The columns of [`FileRow`].
macro_rules! file_columns {
    () => {
        "kind, key, name, size_bytes, sha256"
    };
}

impl<S: Session> Submissions<'_, S> {
    /// The submission, or `None`.
    pub async fn get(&mut self, id: SubmissionId) -> Result<Option<Submission>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, SubmissionRow>(concat!(
                "SELECT ",
                submission_columns!(),
                " FROM submissions WHERE id = $1"
            )),
            id.uuid()
        )?;
        row.map(Submission::try_from).transpose()
    }

    /// All submissions of a report, oldest first.
    pub async fn of_report(&mut self, report: ReportId) -> Result<Vec<Submission>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, SubmissionRow>(concat!(
                "SELECT ",
                submission_columns!(),
                " FROM submissions WHERE report_id = $1 ORDER BY version"
            )),
            report.uuid()
        )?)
    }

    /// The submissions with these ids.
    pub async fn of_ids(
        &mut self,
        ids: &[SubmissionId],
    ) -> Result<HashMap<SubmissionId, Submission>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let submissions: Vec<Submission> = all(fetch_of_ids!(
            self.0.tx(),
            query_as::<SubmissionRow>,
            ["SELECT ", submission_columns!(), " FROM submissions WHERE id"],
            &ids[..],
        )?)?;
        Ok(submissions.into_iter().map(|submission| (submission.id, submission)).collect())
    }

    /// Which of these submissions have a file of this kind.
    pub async fn with_file(
        &mut self,
        kind: FileKind,
        ids: &[SubmissionId],
    ) -> Result<HashSet<SubmissionId>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let found = fetch_of_ids!(
            self.0.tx(),
            query_scalar::<Uuid>,
            ["SELECT DISTINCT submission_id FROM files WHERE kind = $2 AND submission_id"],
            &ids[..],
            kind.as_str()
        )?;
        Ok(found.into_iter().map(SubmissionId::from).collect())
    }

    /// All files of a submission, oldest first.
    pub async fn files(&mut self, id: SubmissionId) -> Result<Vec<StoredFile>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, FileRow>(concat!(
                "SELECT ",
                file_columns!(),
                " FROM files WHERE submission_id = $1 ORDER BY id"
            )),
            id.uuid()
        )?)
    }

    /// The newest file of this kind, or `None`.
    pub async fn file(
        &mut self,
        id: SubmissionId,
        kind: FileKind,
    ) -> Result<Option<StoredFile>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, FileRow>(concat!(
                "SELECT ",
                file_columns!(),
                " FROM files WHERE submission_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1"
            )),
            id.uuid(),
            kind.as_str()
        )?;
        row.map(StoredFile::try_from).transpose()
    }
}

impl Submissions<'_, UnitOfWork> {
    /// Hands in a submission: it becomes the one that counts for its report, and the jobs of its
    /// pipeline are added.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalTransition`] if nothing may be handed in now.
    pub async fn hand_in(&mut self, new: &NewSubmission) -> Result<(), StoreError> {
        // First: it locks the report, so that versions are counted one after the other.
        self.0.reports().set_state(new.report_id, ReportState::Submitted).await?;
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO submissions (id, report_id, version, language, state, created_by,
                                          created_at)
                 SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6
                 FROM submissions WHERE report_id = $2"
            ),
            new.id.uuid(),
            new.report_id.uuid(),
            &new.language,
            SubmissionState::Submitted.as_str(),
            actor,
            now
        )?;
        self.add_files(new.id, &new.files).await?;
        self.0.reports().set_current(new.report_id, new.id).await?;
        for stage in Stage::ALL {
            let job = NewJob {
                submission: Some(new.id),
                needs: stage.needs().iter().map(|need| need.as_str()).collect(),
                ..NewJob::new(stage.as_str(), stage.urgency())
            };
            self.0.jobs().insert(&job).await?;
        }
        let detail = serde_json::json!({ "submission": new.id });
        self.0.audit().record(AuditAction::ReportHandedIn, new.report_id, detail).await?;
        self.0.notices().of_report(new.report_id, NoticeEvent::HandedIn, None).await
    }

    /// Adds files to a submission.
    pub async fn add_files(
        &mut self,
        id: SubmissionId,
        files: &[StoredFile],
    ) -> Result<(), StoreError> {
        for file in files {
            execute!(
                self.0.tx(),
                sqlx::query(
                    "INSERT INTO files (id, submission_id, kind, key, name, size_bytes, sha256)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)"
                ),
                Uuid::now_v7(),
                id.uuid(),
                file.kind.as_str(),
                &file.key,
                &file.name,
                i64::try_from(file.size_bytes).unwrap_or(i64::MAX),
                &file.sha256
            )?;
        }
        Ok(())
    }

    /// Writes down what ingest learned. Processing has begun.
    pub async fn set_media(
        &mut self,
        id: SubmissionId,
        media: &MediaInfo,
        written: Option<&WrittenContent>,
    ) -> Result<(), StoreError> {
        let next = self.transition(id, SubmissionState::Processing).await?;
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE submissions SET media = $1, written = $2, state = $3, failure = NULL
                 WHERE id = $4"
            ),
            Json(media),
            written.map(Json),
            next.as_str(),
            id.uuid()
        )?;
        self.0.search().mark_submission(id).await?;
        Ok(())
    }

    /// Writes down what the rendition is like.
    pub async fn set_rendition(
        &mut self,
        id: SubmissionId,
        rendition: &Rendition,
    ) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE submissions SET rendition = $1 WHERE id = $2"),
            Json(rendition),
            id.uuid()
        )?;
        Ok(())
    }

    /// Moves a submission on, with the reason if it failed. One that has this state already, or that
    /// can be read, keeps it: what happens to the jobs of a readable one is the operator's business,
    /// not the reader's.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalTransition`] if it [may not](SubmissionState::may_become) become that.
    pub async fn set_state(
        &mut self,
        id: SubmissionId,
        next: SubmissionState,
        failure: Option<&Failure>,
    ) -> Result<(), StoreError> {
        let before = self.lock(id).await?;
        if self.transition(id, next).await? != next {
            return Ok(());
        }
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE submissions SET state = $1, failure = $2 WHERE id = $3"),
            next.as_str(),
            failure.filter(|_| next == SubmissionState::Failed).map(Json),
            id.uuid()
        )?;
        if before == next {
            return Ok(());
        }
        let event = match next {
            SubmissionState::Ready => NoticeEvent::Ready,
            SubmissionState::Failed => NoticeEvent::ProcessingFailed,
            SubmissionState::Submitted | SubmissionState::Processing => return Ok(()),
        };
        let report = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, Uuid>("SELECT report_id FROM submissions WHERE id = $1"),
            id.uuid()
        )?;
        let code = failure.map(|failure| failure.code);
        self.0.notices().of_report(report.into(), event, code).await
    }

    /// Checks that a submission may become `next`, and returns the state that it has from now on.
    async fn transition(
        &mut self,
        id: SubmissionId,
        next: SubmissionState,
    ) -> Result<SubmissionState, StoreError> {
        let state = self.lock(id).await?;
        self.0.changed(Change::Submission(id));
        if state == SubmissionState::Ready {
            return Ok(state);
        }
        if state != next && !state.may_become(next) {
            let (from, to) = (state.as_str(), next.as_str());
            return Err(StoreError::IllegalTransition { what: "submission", from, to });
        }
        self.0.set_locked(id, next);
        Ok(next)
    }

    /// The state of a submission, which nobody else changes until the unit of work ends. On PostgreSQL,
    /// stages that end at the same time would otherwise not see each other, and none would queue what
    /// waits for both. SQLite has one writer anyway.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRow`] if there is no such submission.
    pub async fn lock(&mut self, id: SubmissionId) -> Result<SubmissionState, StoreError> {
        if let Some(state) = self.0.locked(id) {
            return Ok(state);
        }
        let state: Option<String> = match self.0.tx() {
            Tx::Sqlite(tx) => {
                sqlx::query_scalar("SELECT state FROM submissions WHERE id = $1")
                    .bind(id.uuid())
                    .fetch_optional(&mut **tx)
                    .await?
            }
            Tx::Postgres(tx) => {
                sqlx::query_scalar("SELECT state FROM submissions WHERE id = $1 FOR UPDATE")
                    .bind(id.uuid())
                    .fetch_optional(&mut **tx)
                    .await?
            }
        };
        let state = state.ok_or(StoreError::NoSuchRow { what: "submission", id: id.uuid() })?;
        let state = named(&state)?;
        self.0.set_locked(id, state);
        Ok(state)
    }
}
