//! How many jobs there are that are not done, and since when.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::Jobs;
use crate::domain::job::JobState;
use crate::domain::pipeline::Stage;
use crate::store::StoreError;
use crate::store::engine::fetch;
use crate::store::rows::{all, named};
use crate::store::unit::Session;

/// The jobs of a kind that are in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// The name of the kind.
    pub kind: String,
    /// The state; never `done`.
    pub state: JobState,
    /// How many they are.
    pub jobs: u64,
    /// Since when the oldest of them could run.
    pub oldest: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct BacklogRow {
    kind: String,
    state: String,
    jobs: i64,
    oldest: Option<DateTime<Utc>>,
}

impl TryFrom<BacklogRow> for Backlog {
    type Error = StoreError;

    fn try_from(row: BacklogRow) -> Result<Self, StoreError> {
        let state = named(&row.state)?;
        Ok(Self { kind: row.kind, state, jobs: row.jobs.unsigned_abs(), oldest: row.oldest })
    }
}

impl<S: Session> Jobs<'_, S> {
    /// Jobs that are not done, counted by kind and state.
    pub async fn backlog(&mut self) -> Result<Vec<Backlog>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, BacklogRow>(
                "SELECT kind, state, count(*) AS jobs, min(not_before) AS oldest
                 FROM jobs WHERE state <> 'done' AND discarded_at IS NULL
                 GROUP BY kind, state ORDER BY kind, state"
            )
        )?)
    }

    /// How many recordings wait to be recognised that were looked at already, and how long they are together.
    pub async fn waiting_speech(&mut self) -> Result<(u64, Duration), StoreError> {
        let (recordings, milliseconds) = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_as::<_, (i64, i64)>(
                "SELECT count(*), CAST(coalesce(sum(CAST(media ->> 'duration_ms' AS BIGINT)), 0) AS BIGINT)
                 FROM jobs JOIN submissions ON submissions.id = submission_id
                 WHERE kind = $1 AND jobs.state = 'queued' AND discarded_at IS NULL"
            ),
            Stage::Transcribe.as_str()
        )?;
        Ok((recordings.unsigned_abs(), Duration::from_millis(milliseconds.unsigned_abs())))
    }
}
