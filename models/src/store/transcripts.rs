//! Transcript versions, and the text published while recognition runs.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::engine::{Tx, execute, read, write};
use super::{Claim, Store, StoreError};
use crate::domain::transcript::{
    Recognition, RecognizerInfo, Segment, Transcript, TranscriptOrigin, TranscriptVersion,
};

#[derive(FromRow)]
struct VersionRow {
    version: i64,
    origin: TranscriptOrigin,
    created_at: DateTime<Utc>,
    recognizer: Json<RecognizerInfo>,
}

impl From<VersionRow> for TranscriptVersion {
    fn from(row: VersionRow) -> Self {
        Self {
            version: u32::try_from(row.version).unwrap_or(u32::MAX),
            origin: row.origin,
            created_at: row.created_at,
            recognizer: row.recognizer.0,
        }
    }
}

impl Store {
    /// The newest version of a report's transcript, or `None`.
    pub async fn transcript(&self, report: Uuid) -> Result<Option<Transcript>, StoreError> {
        let body = read!(
            self,
            fetch_optional,
            sqlx::query_scalar::<_, Json<Transcript>>(
                "SELECT body FROM transcripts WHERE report_id = $1 ORDER BY version DESC LIMIT 1"
            ),
            report
        )?;
        Ok(body.map(|Json(transcript)| transcript))
    }

    /// What the engine wrote for the newest recognition, or `None`: there is no such version of
    /// recognitions from before it was kept.
    pub async fn raw_transcript(&self, report: Uuid) -> Result<Option<Transcript>, StoreError> {
        let body = read!(
            self,
            fetch_optional,
            sqlx::query_scalar::<_, Json<Transcript>>(
                "SELECT body FROM transcripts WHERE report_id = $1 AND origin = 'raw'
                 AND version = (SELECT max(version) - 1 FROM transcripts
                                WHERE report_id = $1 AND origin = 'recognition')"
            ),
            report
        )?;
        Ok(body.map(|Json(transcript)| transcript))
    }

    /// The version of a report's transcript with this number, or `None`.
    pub async fn transcript_of_version(
        &self,
        report: Uuid,
        version: u32,
    ) -> Result<Option<Transcript>, StoreError> {
        let body = read!(
            self,
            fetch_optional,
            sqlx::query_scalar::<_, Json<Transcript>>(
                "SELECT body FROM transcripts WHERE report_id = $1 AND version = $2"
            ),
            report,
            i64::from(version)
        )?;
        Ok(body.map(|Json(transcript)| transcript))
    }

    /// What a recogniser heard last in a report, or `None`.
    pub async fn newest_recognition(&self, report: Uuid) -> Result<Option<Transcript>, StoreError> {
        let body = read!(
            self,
            fetch_optional,
            sqlx::query_scalar::<_, Json<Transcript>>(
                "SELECT body FROM transcripts WHERE report_id = $1 AND origin = 'recognition'
                 ORDER BY version DESC LIMIT 1"
            ),
            report
        )?;
        Ok(body.map(|Json(transcript)| transcript))
    }

    /// All versions of a report's transcript, oldest first, without their texts.
    pub async fn transcript_versions(
        &self,
        report: Uuid,
    ) -> Result<Vec<TranscriptVersion>, StoreError> {
        let rows = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, VersionRow>(
                "SELECT version, origin, created_at, body -> 'recognizer' AS recognizer
                 FROM transcripts WHERE report_id = $1 ORDER BY version"
            ),
            report
        )?;
        Ok(rows.into_iter().map(TranscriptVersion::from).collect())
    }

    /// Publishes a segment while recognition runs. `seq` counts from 0 within the attempt.
    pub async fn publish_partial(
        &self,
        claim: &Claim,
        seq: u32,
        segment: &Segment,
    ) -> Result<(), StoreError> {
        write!(
            self,
            sqlx::query(
                "INSERT INTO partial_segments (report_id, token, seq, body)
                 VALUES ($1, $2, $3, $4)"
            ),
            claim.report_id,
            claim.token,
            i64::from(seq),
            Json(segment)
        )?;
        Ok(())
    }

    /// The segments published so far by the newest attempt, in order.
    pub async fn partial(&self, report: Uuid) -> Result<Vec<Segment>, StoreError> {
        let bodies = read!(
            self,
            fetch_all,
            sqlx::query_scalar::<_, Json<Segment>>(
                "SELECT body FROM partial_segments WHERE report_id = $1 AND token =
                     (SELECT max(token) FROM partial_segments WHERE report_id = $1)
                 ORDER BY seq"
            ),
            report
        )?;
        Ok(bodies.into_iter().map(|Json(segment)| segment).collect())
    }
}

/// Adds a recognition as the next two versions, in a running transaction. The partial text has
/// served.
pub(super) async fn insert_recognition(
    tx: &mut Tx,
    report: Uuid,
    recognition: &Recognition,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    execute!(
        tx,
        sqlx::query(
            "INSERT INTO transcripts (id, report_id, version, origin, body, created_at)
             SELECT $1, $2, coalesce(max(version), 0) + 1, 'raw', $3, $4
             FROM transcripts WHERE report_id = $2
             UNION ALL
             SELECT $5, $2, coalesce(max(version), 0) + 2, 'recognition', $6, $4
             FROM transcripts WHERE report_id = $2"
        ),
        Uuid::now_v7(),
        report,
        Json(recognition.raw_transcript()),
        now,
        Uuid::now_v7(),
        Json(&recognition.transcript)
    )?;
    execute!(tx, sqlx::query("DELETE FROM partial_segments WHERE report_id = $1"), report)?;
    Ok(())
}
