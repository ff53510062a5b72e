//! Transcript versions, and the text published while recognition runs.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Claim, Database, DbError};
use crate::transcript::{Segment, Transcript};

impl Database {
    /// The newest version of a report's transcript, or `None`.
    pub async fn transcript(&self, report: Uuid) -> Result<Option<Transcript>, DbError> {
        let body: Option<Json<Transcript>> = sqlx::query_scalar(
            "SELECT body FROM transcripts WHERE report_id = $1 ORDER BY version DESC LIMIT 1",
        )
        .bind(report)
        .fetch_optional(&self.pool)
        .await?;
        Ok(body.map(|Json(transcript)| transcript))
    }

    /// Publishes a segment while recognition runs. `seq` counts from 0 within the attempt.
    pub async fn publish_partial(
        &self,
        claim: &Claim,
        seq: u32,
        segment: &Segment,
    ) -> Result<(), DbError> {
        sqlx::query(
            "INSERT INTO partial_segments (report_id, token, seq, body) VALUES ($1, $2, $3, $4)",
        )
        .bind(claim.report_id)
        .bind(claim.token)
        .bind(seq)
        .bind(Json(segment))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The segments published so far by the newest attempt, in order.
    pub async fn partial(&self, report: Uuid) -> Result<Vec<Segment>, DbError> {
        let bodies: Vec<Json<Segment>> = sqlx::query_scalar(
            "SELECT body FROM partial_segments WHERE report_id = $1 AND token =
                 (SELECT max(token) FROM partial_segments WHERE report_id = $1)
             ORDER BY seq",
        )
        .bind(report)
        .fetch_all(&self.pool)
        .await?;
        Ok(bodies.into_iter().map(|Json(segment)| segment).collect())
    }
}

/// Adds a recognition as the next version, in a running transaction. The partial text has served.
pub(super) async fn insert_recognition(
    tx: &mut sqlx::SqliteConnection,
    report: Uuid,
    transcript: &Transcript,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO transcripts (id, report_id, version, origin, body, created_at)
         SELECT $1, $2, coalesce(max(version), 0) + 1, 'recognition', $3, $4
         FROM transcripts WHERE report_id = $2",
    )
    .bind(Uuid::now_v7())
    .bind(report)
    .bind(Json(transcript))
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM partial_segments WHERE report_id = $1")
        .bind(report)
        .execute(tx)
        .await?;
    Ok(())
}
