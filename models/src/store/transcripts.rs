//! The repository of transcript versions, and the text published while recognition runs. What people correct is
//! in `corrections`, and how a version stands to the written report in `comparisons`.

mod comparisons;
mod corrections;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::changes::Change;
use super::engine::{execute, fetch, fetch_of_ids, write};
use super::rows::{count, named};
use super::unit::{HasTx, Session, UnitOfWork};
use super::{Claim, Store, StoreError};
use crate::domain::ids::{SubmissionId, TranscriptId};
use crate::domain::transcript::{
    Recognition, RecognizerInfo, Segment, Transcript, TranscriptOrigin, TranscriptVersion,
};

pub use corrections::{Corrected, CorrectionRecord};

/// Versions of transcripts in a session.
pub struct Transcripts<'s, S>(pub(super) &'s mut S);

#[derive(FromRow)]
struct VersionRow {
    id: Uuid,
    version: i64,
    origin: String,
    author: String,
    person_name: Option<String>,
    parent_id: Option<Uuid>,
    base_id: Option<Uuid>,
    current: bool,
    created_at: DateTime<Utc>,
    /// Of a version with a body of its own: bodies are long, and many versions may share one.
    recognizer: Option<Json<RecognizerInfo>>,
}

impl VersionRow {
    fn into_version(self, recognizer: RecognizerInfo) -> Result<TranscriptVersion, StoreError> {
        Ok(TranscriptVersion {
            id: self.id.into(),
            version: count(self.version),
            origin: named(&self.origin)?,
            author: named(&self.author)?,
            person_name: self.person_name,
            parent: self.parent_id.map(TranscriptId::from),
            current: self.current,
            created_at: self.created_at,
            recognizer,
        })
    }
}

/// A version with its text.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberedTranscript {
    /// Its id.
    pub id: TranscriptId,
    /// Its number within the submission.
    pub version: u32,
    /// The text.
    pub transcript: Transcript,
}

#[derive(FromRow)]
struct BodyRow {
    id: Uuid,
    version: i64,
    base_id: Option<Uuid>,
    body: Json<Transcript>,
}

/// With an id for each segment. Those of versions from before there were ids are numbered by their
/// order, which never changes.
fn numbered(mut transcript: Transcript) -> Transcript {
    transcript.number_segments();
    transcript
}

/// The version that fulfils a condition, whose values begin at `$1`: as a row of [`BodyRow`].
macro_rules! version_where {
    ($session:expr, $condition:literal $(, $bind:expr)* $(,)?) => {
        fetch!(
            $session.tx(),
            fetch_optional,
            sqlx::query_as::<_, BodyRow>(concat!(
                "SELECT version.id, version.version, version.base_id,
                        coalesce(version.body, base.body) AS body
                 FROM transcripts AS version LEFT JOIN transcripts AS base ON base.id = version.base_id
                 WHERE ",
                $condition
            ))
            $(, $bind)*
        )
    };
}

impl<S: Session> Transcripts<'_, S> {
    /// The version that readers see, or `None`.
    pub async fn current(&mut self, of: SubmissionId) -> Result<Option<Transcript>, StoreError> {
        Ok(self.current_version(of).await?.map(|current| current.transcript))
    }

    /// The version that readers see, with its number, or `None`.
    pub async fn current_version(
        &mut self,
        of: SubmissionId,
    ) -> Result<Option<NumberedTranscript>, StoreError> {
        let row = version_where!(
            self.0,
            "version.id = (SELECT current_transcript FROM submissions WHERE submissions.id = $1)",
            of.uuid()
        )?;
        self.whole(row).await
    }

    /// The numbers of the versions that readers see, of those submissions that have one.
    pub async fn current_numbers(
        &mut self,
        of: &[SubmissionId],
    ) -> Result<HashMap<SubmissionId, u32>, StoreError> {
        let ids: Vec<Uuid> = of.iter().map(|id| id.uuid()).collect();
        let rows = fetch_of_ids!(
            self.0.tx(),
            query_as::<(Uuid, i64)>,
            ["SELECT submissions.id, transcripts.version
              FROM submissions JOIN transcripts ON transcripts.id = current_transcript
              WHERE submissions.id"],
            &ids[..],
        )?;
        Ok(rows.into_iter().map(|(id, version)| (id.into(), count(version))).collect())
    }

    /// What the engine wrote for the newest recognition, or `None`: there is no such version of
    /// recognitions from before it was kept.
    pub async fn newest_raw(&mut self, of: SubmissionId) -> Result<Option<Transcript>, StoreError> {
        let row = version_where!(
            self.0,
            "version.submission_id = $1 AND version.origin = 'raw'
             AND version.version = (SELECT max(newest.version) - 1 FROM transcripts AS newest
                                    WHERE newest.submission_id = $1 AND newest.origin = 'recognition')",
            of.uuid()
        )?;
        Ok(self.whole(row).await?.map(|found| found.transcript))
    }

    /// The version with this number, or `None`.
    pub async fn of_version(
        &mut self,
        of: SubmissionId,
        version: u32,
    ) -> Result<Option<Transcript>, StoreError> {
        let row = version_where!(
            self.0,
            "version.submission_id = $1 AND version.version = $2",
            of.uuid(),
            i64::from(version)
        )?;
        Ok(self.whole(row).await?.map(|found| found.transcript))
    }

    /// What a recogniser made last, or `None`.
    pub async fn newest_recognition(
        &mut self,
        of: SubmissionId,
    ) -> Result<Option<Transcript>, StoreError> {
        let row = version_where!(
            self.0,
            "version.submission_id = $1 AND version.origin = 'recognition'
             ORDER BY version.version DESC LIMIT 1",
            of.uuid()
        )?;
        Ok(self.whole(row).await?.map(|found| found.transcript))
    }

    /// A version with its changes made in the body that it is based on.
    async fn whole(
        &mut self,
        row: Option<BodyRow>,
    ) -> Result<Option<NumberedTranscript>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let mut transcript = numbered(row.body.0);
        if let Some(base) = row.base_id {
            transcript.apply(self.changes(base, row.version).await?);
        }
        let (id, version) = (row.id.into(), count(row.version));
        Ok(Some(NumberedTranscript { id, version, transcript }))
    }

    /// All versions, oldest first, without their texts.
    pub async fn versions(
        &mut self,
        of: SubmissionId,
    ) -> Result<Vec<TranscriptVersion>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, VersionRow>(
                "SELECT version.id, version.version, version.origin, version.author,
                        display_name AS person_name, version.parent_id, version.base_id,
                        CASE WHEN current_transcript = version.id THEN true ELSE false END AS current,
                        version.created_at, version.body -> 'recognizer' AS recognizer
                 FROM transcripts AS version
                 JOIN submissions ON submissions.id = version.submission_id
                 LEFT JOIN people ON people.id = version.person_id
                 WHERE version.submission_id = $1 ORDER BY version.version"
            ),
            of.uuid()
        )?;
        let own = |row: &VersionRow| Some((row.id, row.recognizer.as_ref()?.0.clone()));
        let recognizers: HashMap<Uuid, RecognizerInfo> = rows.iter().filter_map(own).collect();
        let version = |row: VersionRow| {
            let body = row.base_id.unwrap_or(row.id);
            let recognizer = recognizers.get(&body).cloned();
            let missing = || StoreError::Corrupt(format!("the transcript {body} has no body"));
            row.into_version(recognizer.ok_or_else(missing)?)
        };
        rows.into_iter().map(version).collect()
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
        self.0.search().mark_submission(to).await?;
        self.0.changed(Change::Submission(to));
        execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM partial_segments WHERE submission_id = $1"),
            to.uuid()
        )?;
        Ok(())
    }

    /// Decides that readers see a version with a body of its own again. What people have corrected since is not
    /// lost: it stays in the versions that were made from others.
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
                                           WHERE id = $1 AND submission_id = $2 AND base_id IS NULL)"
            ),
            version.uuid(),
            of.uuid()
        )?;
        if changed == 0 {
            return Err(StoreError::NoSuchRow { what: "transcript", id: version.uuid() });
        }
        self.0.search().mark_submission(of).await?;
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
