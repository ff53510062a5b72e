//! Corrections: versions that tell only what they change, so that a sentence of a long report is corrected with a
//! few rows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{NumberedTranscript, Transcripts};
use crate::domain::audit::AuditAction;
use crate::domain::correction::{Correction, SegmentChange};
use crate::domain::ids::{PersonId, ReportId, SubmissionId, TranscriptId};
use crate::domain::transcript::{Segment, TranscriptOrigin};
use crate::store::StoreError;
use crate::store::changes::Change;
use crate::store::engine::{execute, fetch};
use crate::store::rows::count;
use crate::store::unit::{HasTx, Session, UnitOfWork};

/// A correction that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Corrected {
    /// The number of the version that readers see now.
    pub version: u32,
    /// What it changes; nothing if the text was that already.
    pub changes: Vec<SegmentChange>,
}

/// A correction as the history tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrectionRecord {
    /// The number of the version that it made.
    pub version: u32,
    /// Who corrected.
    pub person: Option<PersonId>,
    /// Their display name.
    pub person_name: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// The number of the version that it takes back, if it does.
    pub undoes: Option<u32>,
    /// What it changed.
    pub changes: Vec<SegmentChange>,
}

#[derive(FromRow)]
struct RecordRow {
    version: i64,
    person_id: Option<Uuid>,
    person_name: Option<String>,
    created_at: DateTime<Utc>,
    undoes: Option<i64>,
}

#[derive(FromRow)]
struct ChangeRow {
    version: i64,
    segment_id: i64,
    before: Option<Json<Segment>>,
    after: Option<Json<Segment>>,
}

impl From<ChangeRow> for SegmentChange {
    fn from(row: ChangeRow) -> Self {
        let body = |json: Option<Json<Segment>>| json.map(|Json(segment)| segment);
        Self { id: count(row.segment_id), before: body(row.before), after: body(row.after) }
    }
}

impl<S: Session> Transcripts<'_, S> {
    /// What the versions up to one make of the segments of the body that they are based on.
    pub(super) async fn changes(
        &mut self,
        base: Uuid,
        up_to: i64,
    ) -> Result<Vec<(u32, Option<Segment>)>, StoreError> {
        // The last word about each segment.
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, (i64, Option<Json<Segment>>)>(
                "SELECT segment_id, after FROM segment_changes AS change
                 WHERE base_id = $1 AND version = (SELECT max(version) FROM segment_changes AS newest
                                                   WHERE newest.base_id = $1 AND newest.version <= $2
                                                     AND newest.segment_id = change.segment_id)"
            ),
            base,
            up_to
        )?;
        let change = |(id, after): (i64, Option<Json<Segment>>)| {
            (count(id), after.map(|Json(segment)| segment))
        };
        Ok(rows.into_iter().map(change).collect())
    }

    /// What people have corrected in the text that readers see, the newest first: at most `limit`, of versions
    /// before `before` if that is given.
    pub async fn corrections(
        &mut self,
        of: SubmissionId,
        before: Option<u32>,
        limit: u32,
    ) -> Result<Vec<CorrectionRecord>, StoreError> {
        let Some(base) = self.base(of).await? else { return Ok(Vec::new()) };
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, RecordRow>(
                "SELECT version, person_id, display_name AS person_name, transcripts.created_at,
                        undoes
                 FROM transcripts LEFT JOIN people ON people.id = person_id
                 WHERE submission_id = $1 AND base_id = $2 AND version < $3
                 ORDER BY version DESC LIMIT $4"
            ),
            of.uuid(),
            base,
            before.map_or(i64::MAX, i64::from),
            i64::from(limit)
        )?;
        let oldest = rows.last().map_or(i64::MAX, |row| row.version);
        let newest = rows.first().map_or(0, |row| row.version);
        let mut changes: BTreeMap<i64, Vec<SegmentChange>> = BTreeMap::new();
        for row in self.change_rows(base, oldest, newest).await? {
            changes.entry(row.version).or_default().push(row.into());
        }
        let record = |row: RecordRow| CorrectionRecord {
            version: count(row.version),
            person: row.person_id.map(PersonId::from),
            person_name: row.person_name,
            at: row.created_at,
            undoes: row.undoes.map(count),
            changes: changes.remove(&row.version).unwrap_or_default(),
        };
        Ok(rows.into_iter().map(record).collect())
    }

    /// The version whose body the version that readers see is based on; `None` if that has its own.
    async fn base(&mut self, of: SubmissionId) -> Result<Option<Uuid>, StoreError> {
        let base = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Option<Uuid>>(
                "SELECT base_id FROM transcripts
                 WHERE id = (SELECT current_transcript FROM submissions WHERE submissions.id = $1)"
            ),
            of.uuid()
        )?;
        Ok(base.flatten())
    }

    async fn change_rows(
        &mut self,
        base: Uuid,
        from: i64,
        to: i64,
    ) -> Result<Vec<ChangeRow>, StoreError> {
        Ok(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ChangeRow>(
                "SELECT version, segment_id, before, after FROM segment_changes
                 WHERE base_id = $1 AND version >= $2 AND version <= $3
                 ORDER BY version, segment_id"
            ),
            base,
            from,
            to
        )?)
    }
}

impl Transcripts<'_, UnitOfWork> {
    /// Corrects the version that readers see, as a version of its own, which they then see.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] if the transcript says something else than the correction replaces, and
    /// [`StoreError::NoSuchRow`] if there is none.
    pub async fn correct(
        &mut self,
        report: ReportId,
        of: SubmissionId,
        correction: &Correction,
    ) -> Result<Corrected, StoreError> {
        let current = self.lock_current(of).await?;
        let free = self.free_segment(&current, of).await?;
        let changes = current.transcript.corrected(correction, free);
        let changes = changes.map_err(|_| StoreError::Outdated { what: "transcript" })?;
        self.add_version(report, of, &current, changes, None).await
    }

    /// Takes back what one version has corrected, as a version of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] if one of its segments was changed after it, and [`StoreError::NoSuchRow`] if
    /// the text that readers see has no such correction.
    pub async fn undo(
        &mut self,
        report: ReportId,
        of: SubmissionId,
        version: u32,
    ) -> Result<Corrected, StoreError> {
        let current = self.lock_current(of).await?;
        let none = StoreError::NoSuchRow { what: "correction", id: of.uuid() };
        let Some(base) = self.base(of).await? else { return Err(none) };
        let version = i64::from(version);
        let rows = self.change_rows(base, version, version).await?;
        if rows.is_empty() {
            return Err(none);
        }
        let changes: Vec<_> =
            rows.into_iter().map(|row| SegmentChange::from(row).reversed()).collect();
        let found = |id| current.transcript.segments.iter().find(|segment| segment.id == id);
        if changes.iter().any(|change| found(change.id) != change.before.as_ref()) {
            return Err(StoreError::Outdated { what: "transcript" });
        }
        self.add_version(report, of, &current, changes, Some(version)).await
    }

    /// The version that readers see, which nobody else changes until the unit of work ends.
    async fn lock_current(&mut self, of: SubmissionId) -> Result<NumberedTranscript, StoreError> {
        self.0.submissions().lock(of).await?;
        let current = self.current_version(of).await?;
        current.ok_or(StoreError::NoSuchRow { what: "transcript", id: of.uuid() })
    }

    /// An id that no segment of the text ever had.
    async fn free_segment(
        &mut self,
        current: &NumberedTranscript,
        of: SubmissionId,
    ) -> Result<u32, StoreError> {
        let base = self.base(of).await?;
        let used = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, Option<i64>>(
                "SELECT max(segment_id) FROM segment_changes WHERE base_id = $1"
            ),
            base
        )?;
        let here = current.transcript.segments.iter().map(|segment| segment.id).max();
        Ok(here.unwrap_or(0).max(count(used.unwrap_or(0))) + 1)
    }

    async fn add_version(
        &mut self,
        report: ReportId,
        of: SubmissionId,
        current: &NumberedTranscript,
        changes: Vec<SegmentChange>,
        undoes: Option<i64>,
    ) -> Result<Corrected, StoreError> {
        if changes.is_empty() {
            return Ok(Corrected { version: current.version, changes });
        }
        // The first correction is based on a body, further ones on the same.
        let base = self.base(of).await?.unwrap_or(current.id.uuid());
        let (id, person) = (TranscriptId::new(), self.0.person());
        let (author, now) = (self.0.actor().to_string(), self.0.now());
        let version = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "INSERT INTO transcripts (id, submission_id, version, origin, author, parent_id,
                                          created_at, base_id, person_id, undoes)
                 SELECT $1, $2, max(version) + 1, $3, $4, $5, $6, $7, $8, $9
                 FROM transcripts WHERE submission_id = $2
                 RETURNING version"
            ),
            id.uuid(),
            of.uuid(),
            TranscriptOrigin::Correction.as_str(),
            author,
            current.id.uuid(),
            now,
            base,
            person.map(PersonId::uuid),
            undoes
        )?;
        for change in &changes {
            execute!(
                self.0.tx(),
                sqlx::query(
                    "INSERT INTO segment_changes (base_id, version, segment_id, before, after)
                     VALUES ($1, $2, $3, $4, $5)"
                ),
                base,
                version,
                i64::from(change.id),
                change.before.as_ref().map(Json),
                change.after.as_ref().map(Json)
            )?;
        }
        let segments: Vec<u32> = changes.iter().map(|change| change.id).collect();
        let detail = serde_json::json!({ "version": version, "segments": segments });
        self.0.audit().record(AuditAction::TranscriptCorrected, report, detail).await?;
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE submissions SET current_transcript = $1 WHERE id = $2"),
            id.uuid(),
            of.uuid()
        )?;
        self.0.search().mark(report).await?;
        self.0.changed(Change::Submission(of));
        Ok(Corrected { version: count(version), changes })
    }
}
