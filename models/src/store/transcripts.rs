//! The repository of transcript versions, and the text published while recognition runs.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::changes::Change;
use super::engine::{execute, fetch, write};
use super::rows::{all, count, named};
use super::unit::{HasTx, Session, UnitOfWork};
use super::{Claim, Store, StoreError};
use crate::domain::ids::{SubmissionId, TranscriptId};
use crate::domain::transcript::{
    Recognition, RecognizerInfo, Segment, Transcript, TranscriptOrigin, TranscriptVersion,
};

/// Versions of transcripts in a session.
pub struct Transcripts<'s, S>(pub(super) &'s mut S);

#[derive(FromRow)]
struct VersionRow {
    id: Uuid,
    version: i64,
    origin: String,
    author: String,
    parent_id: Option<Uuid>,
    current: bool,
    created_at: DateTime<Utc>,
    recognizer: Json<RecognizerInfo>,
}

impl TryFrom<VersionRow> for TranscriptVersion {
    type Error = StoreError;

    fn try_from(row: VersionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            version: count(row.version),
            origin: named(&row.origin)?,
            author: named(&row.author)?,
            parent: row.parent_id.map(TranscriptId::from),
            current: row.current,
            created_at: row.created_at,
            recognizer: row.recognizer.0,
        })
    }
}

/// With an id for each segment. Those of versions from before there were ids are numbered by their
/// order, which never changes.
fn numbered(mut transcript: Transcript) -> Transcript {
    transcript.number_segments();
    transcript
}

impl<S: Session> Transcripts<'_, S> {
    /// The version that readers see, or `None`.
    pub async fn current(&mut self, of: SubmissionId) -> Result<Option<Transcript>, StoreError> {
        let body = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Json<Transcript>>(
                "SELECT body FROM transcripts
                 WHERE id = (SELECT current_transcript FROM submissions WHERE id = $1)"
            ),
            of.uuid()
        )?;
        Ok(body.map(|Json(body)| numbered(body)))
    }

    /// What the engine wrote for the newest recognition, or `None`: there is no such version of
    /// recognitions from before it was kept.
    pub async fn newest_raw(&mut self, of: SubmissionId) -> Result<Option<Transcript>, StoreError> {
        let body = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Json<Transcript>>(
                "SELECT body FROM transcripts WHERE submission_id = $1 AND origin = 'raw'
                 AND version = (SELECT max(version) - 1 FROM transcripts
                                WHERE submission_id = $1 AND origin = 'recognition')"
            ),
            of.uuid()
        )?;
        Ok(body.map(|Json(body)| numbered(body)))
    }

    /// The version with this number, or `None`.
    pub async fn of_version(
        &mut self,
        of: SubmissionId,
        version: u32,
    ) -> Result<Option<Transcript>, StoreError> {
        let body = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Json<Transcript>>(
                "SELECT body FROM transcripts WHERE submission_id = $1 AND version = $2"
            ),
            of.uuid(),
            i64::from(version)
        )?;
        Ok(body.map(|Json(body)| numbered(body)))
    }

    /// What a recogniser made last, or `None`.
    pub async fn newest_recognition(
        &mut self,
        of: SubmissionId,
    ) -> Result<Option<Transcript>, StoreError> {
        let body = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Json<Transcript>>(
                "SELECT body FROM transcripts WHERE submission_id = $1 AND origin = 'recognition'
                 ORDER BY version DESC LIMIT 1"
            ),
            of.uuid()
        )?;
        Ok(body.map(|Json(body)| numbered(body)))
    }

    /// All versions, oldest first, without their texts.
    pub async fn versions(
        &mut self,
        of: SubmissionId,
    ) -> Result<Vec<TranscriptVersion>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, VersionRow>(
                "SELECT transcripts.id, transcripts.version, origin, author, parent_id,
                        CASE WHEN current_transcript = transcripts.id THEN true ELSE false END
                            AS current,
                        transcripts.created_at, body -> 'recognizer' AS recognizer
                 FROM transcripts JOIN submissions ON submissions.id = submission_id
                 WHERE submission_id = $1 ORDER BY transcripts.version"
            ),
            of.uuid()
        )?)
    }

    /// The segments published so far by the newest attempt, in order.
    pub async fn partial(&mut self, of: SubmissionId) -> Result<Vec<Segment>, StoreError> {
        let bodies = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar::<_, Json<Segment>>(
                "SELECT body FROM partial_segments WHERE submission_id = $1 AND token =
                     (SELECT max(token) FROM partial_segments WHERE submission_id = $1)
                 ORDER BY seq"
            ),
            of.uuid()
        )?;
        Ok(bodies.into_iter().map(|Json(segment)| segment).collect())
    }
}

impl Transcripts<'_, UnitOfWork> {
    /// Adds a recognition as the next two versions: what the engine wrote, and what was made of it.
    /// The latter becomes the version that readers see, unless they see what a person has corrected.
    /// The partial text has served.
    pub async fn add_recognition(
        &mut self,
        to: SubmissionId,
        recognition: &Recognition,
    ) -> Result<(), StoreError> {
        self.0.submissions().lock(to).await?;
        let (raw, readable) = (TranscriptId::new(), TranscriptId::new());
        let (author, now) = (self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO transcripts (id, submission_id, version, origin, author, parent_id,
                                          body, created_at)
                 SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, NULL, $5, $6
                 FROM transcripts WHERE submission_id = $2
                 UNION ALL
                 SELECT $7, $2, coalesce(max(version), 0) + 2, $8, $4, $1, $9, $6
                 FROM transcripts WHERE submission_id = $2"
            ),
            raw.uuid(),
            to.uuid(),
            TranscriptOrigin::Raw.as_str(),
            author,
            Json(numbered(recognition.raw_transcript())),
            now,
            readable.uuid(),
            TranscriptOrigin::Recognition.as_str(),
            Json(numbered(recognition.transcript.clone()))
        )?;
        let kept = TranscriptOrigin::ALL
            .iter()
            .filter(|origin| !origin.gives_way_to_recognition())
            .map(|origin| origin.as_str())
            .collect::<Vec<_>>()
            .join(",");
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE submissions SET current_transcript = $1
                 WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM transcripts
                                               WHERE id = submissions.current_transcript
                                                 AND $3 LIKE '%,' || origin || ',%')"
            ),
            readable.uuid(),
            to.uuid(),
            format!(",{kept},")
        )?;
        self.0.changed(Change::Submission(to));
        execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM partial_segments WHERE submission_id = $1"),
            to.uuid()
        )?;
        Ok(())
    }

    /// Adds what the actor has corrected in the version with the number `parent`, and makes it the
    /// version that readers see. Returns its id. Segments that are new get ids.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] if readers see another version than `parent` by now.
    pub async fn add_correction(
        &mut self,
        to: SubmissionId,
        parent: TranscriptId,
        corrected: &Transcript,
    ) -> Result<TranscriptId, StoreError> {
        self.0.submissions().lock(to).await?;
        let current = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, Option<Uuid>>(
                "SELECT current_transcript FROM submissions WHERE id = $1"
            ),
            to.uuid()
        )?;
        if current != Some(parent.uuid()) {
            return Err(StoreError::Outdated { what: "transcript" });
        }
        let (id, author, now) = (TranscriptId::new(), self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO transcripts (id, submission_id, version, origin, author, parent_id,
                                          body, created_at)
                 SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7
                 FROM transcripts WHERE submission_id = $2"
            ),
            id.uuid(),
            to.uuid(),
            TranscriptOrigin::Correction.as_str(),
            author,
            parent.uuid(),
            Json(numbered(corrected.clone())),
            now
        )?;
        self.set_current(to, id).await?;
        Ok(id)
    }

    /// Decides which version readers see.
    pub async fn set_current(
        &mut self,
        of: SubmissionId,
        version: TranscriptId,
    ) -> Result<(), StoreError> {
        let changed = execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE submissions SET current_transcript = $1
                 WHERE id = $2 AND EXISTS (SELECT 1 FROM transcripts
                                           WHERE id = $1 AND submission_id = $2)"
            ),
            version.uuid(),
            of.uuid()
        )?;
        if changed == 0 {
            return Err(StoreError::NoSuchRow { what: "transcript", id: version.uuid() });
        }
        self.0.changed(Change::Submission(of));
        Ok(())
    }
}

impl Store {
    /// Publishes a segment while recognition runs. `seq` counts from 0 within the attempt.
    pub async fn publish_partial(
        &self,
        claim: &Claim,
        seq: u32,
        segment: &Segment,
    ) -> Result<(), StoreError> {
        let Some(submission) = claim.submission else { return Ok(()) };
        write!(
            self,
            sqlx::query(
                "INSERT INTO partial_segments (submission_id, token, seq, body)
                 VALUES ($1, $2, $3, $4)"
            ),
            submission.uuid(),
            claim.token,
            i64::from(seq),
            Json(segment)
        )?;
        self.changes.announce([Change::Submission(submission)]);
        Ok(())
    }
}
