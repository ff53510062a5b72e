//! Reports with all their rows, for moving them between installations. Rows are read and written as
//! they are stored: ids, times, tokens and versions stay what they were. People come along (`accounts`).

mod accounts;
mod audit;
mod rows;
mod table;
#[cfg(test)]
mod tests;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

pub use self::accounts::AccountRows;
use self::rows::{
    CommentRow, ComparisonRow, DecisionRow, DraftVersionRow, ExampleRow, FileRow, JobRow,
    PartialRow, ReportRow, RubricAnswerRow, SegmentChangeRow, SubmissionRow, TranscriptRow,
};
use super::engine::read;
use super::unit::HasTx;
use super::{Store, StoreError};
use crate::domain::actor::Actor;
use crate::domain::ids::ReportId;

/// PostgreSQL keeps microseconds. SQLite keeps what it is given.
const SUBSECOND_DIGITS: u16 = 6;

/// A report with all its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRows {
    report: ReportRow,
    submissions: Vec<SubmissionRow>,
    files: Vec<FileRow>,
    jobs: Vec<JobRow>,
    transcripts: Vec<TranscriptRow>,
    changes: Vec<SegmentChangeRow>,
    comparisons: Vec<ComparisonRow>,
    partials: Vec<PartialRow>,
    drafts: Vec<DraftVersionRow>,
    decisions: Vec<DecisionRow>,
    comments: Vec<CommentRow>,
    answers: Vec<RubricAnswerRow>,
    examples: Vec<ExampleRow>,
}

/// An object that a file row refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its key, as text.
    pub key: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lowercase hex.
    pub sha256: String,
}

/// How much a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Reports.
    pub reports: u64,
    /// Submissions.
    pub submissions: u64,
    /// Files that reports refer to.
    pub files: u64,
    /// Size of these files together, in bytes.
    pub bytes: u64,
    /// Jobs of submissions. Others are not moved: they belong to an installation.
    pub jobs: u64,
    /// Transcript versions.
    pub transcripts: u64,
    /// Segments of recognitions that are not finished.
    pub partials: u64,
}

impl ReportRows {
    /// The report's id.
    pub fn id(&self) -> ReportId {
        self.report.id.into()
    }

    /// The objects that the report refers to.
    pub fn objects(&self) -> Vec<Reference> {
        let object = |file: &FileRow| Reference {
            key: file.key.clone(),
            size_bytes: file.size_bytes.unsigned_abs(),
            sha256: file.sha256.clone(),
        };
        self.files.iter().map(object).collect()
    }

    /// Whether both hold the same, apart from what only counts where jobs are run (leases, messages)
    /// and from times finer than every engine keeps. A running job equals a queued one: whoever
    /// ran it stays behind.
    pub fn same_as(&self, other: &Self) -> bool {
        self.clone().essence() == other.clone().essence()
    }

    fn essence(mut self) -> Self {
        let cut = |time: DateTime<Utc>| time.trunc_subsecs(SUBSECOND_DIGITS);
        self.report.created_at = cut(self.report.created_at);
        for submission in &mut self.submissions {
            submission.created_at = cut(submission.created_at);
        }
        for job in &mut self.jobs {
            job.let_go();
            job.not_before = cut(job.not_before);
            job.started_at = job.started_at.map(cut);
            job.finished_at = job.finished_at.map(cut);
            job.discarded_at = job.discarded_at.map(cut);
            job.created_at = cut(job.created_at);
        }
        for transcript in &mut self.transcripts {
            transcript.created_at = cut(transcript.created_at);
        }
        for draft in &mut self.drafts {
            draft.replaced_at = cut(draft.replaced_at);
        }
        for decision in &mut self.decisions {
            decision.created_at = cut(decision.created_at);
        }
        for comment in &mut self.comments {
            comment.created_at = cut(comment.created_at);
            comment.edited_at = comment.edited_at.map(cut);
            comment.resolved_at = comment.resolved_at.map(cut);
            comment.removed_at = comment.removed_at.map(cut);
        }
        for answer in &mut self.answers {
            answer.changed_at = cut(answer.changed_at);
        }
        for example in &mut self.examples {
            example.consented_at = cut(example.consented_at);
            example.published_at = example.published_at.map(cut);
        }
        self
    }
}

impl Store {
    /// The ids of up to `limit` reports, oldest first, newer than `after` if that is given.
    pub async fn report_ids(
        &self,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportId>, StoreError> {
        let ids = read!(
            self,
            fetch_all,
            sqlx::query_scalar::<_, Uuid>(
                "SELECT id FROM reports WHERE $1 IS NULL OR id > $1 ORDER BY id LIMIT $2"
            ),
            after.map(ReportId::uuid),
            i64::from(limit)
        )?;
        Ok(ids.into_iter().map(ReportId::from).collect())
    }

    /// A report with all its rows, as they are at one moment, or `None`.
    pub async fn report_rows(&self, id: ReportId) -> Result<Option<ReportRows>, StoreError> {
        let (mut snapshot, id) = (self.snapshot().await?, Some(id.uuid()));
        let tx = snapshot.tx();
        let Some(report) = ReportRow::read(tx, id).await?.pop() else { return Ok(None) };
        Ok(Some(ReportRows {
            report,
            submissions: SubmissionRow::read(tx, id).await?,
            files: FileRow::read(tx, id).await?,
            jobs: JobRow::read(tx, id).await?,
            transcripts: TranscriptRow::read(tx, id).await?,
            changes: SegmentChangeRow::read(tx, id).await?,
            comparisons: ComparisonRow::read(tx, id).await?,
            partials: PartialRow::read(tx, id).await?,
            drafts: DraftVersionRow::read(tx, id).await?,
            decisions: DecisionRow::read(tx, id).await?,
            comments: CommentRow::read(tx, id).await?,
            answers: RubricAnswerRow::read(tx, id).await?,
            examples: ExampleRow::read(tx, id).await?,
        }))
    }

    /// Adds a report of another installation, completely or not at all, and durably. Running jobs
    /// are queued here. Says whether it was added: one that is here already stays as it is.
    ///
    /// # Errors
    ///
    /// [`StoreError::Taken`] if another report has one of its rows.
    pub async fn adopt(&self, rows: &ReportRows, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut unit = self.begin_durable(Actor::System, now).await?;
        let tx = unit.tx();
        if !rows.report.write(tx).await? {
            return Ok(false);
        }
        let mut whole = true;
        for submission in &rows.submissions {
            whole &= submission.write(tx).await?;
        }
        for file in &rows.files {
            whole &= file.write(tx).await?;
        }
        for job in &rows.jobs {
            let mut job = job.clone();
            job.settle_in(now);
            whole &= job.write(tx).await?;
        }
        for transcript in &rows.transcripts {
            whole &= transcript.write(tx).await?;
        }
        for change in &rows.changes {
            whole &= change.write(tx).await?;
        }
        for comparison in &rows.comparisons {
            whole &= comparison.write(tx).await?;
        }
        for partial in &rows.partials {
            whole &= partial.write(tx).await?;
        }
        for draft in &rows.drafts {
            whole &= draft.write(tx).await?;
        }
        for decision in &rows.decisions {
            whole &= decision.write(tx).await?;
        }
        for comment in &rows.comments {
            whole &= comment.write(tx).await?;
        }
        for answer in &rows.answers {
            whole &= answer.write(tx).await?;
        }
        for example in &rows.examples {
            whole &= example.write(tx).await?;
        }
        if !whole {
            return Err(StoreError::Taken(rows.id().uuid()));
        }
        unit.search().mark_moved(rows.id()).await?;
        unit.commit().await?;
        Ok(true)
    }

    /// Counts everything.
    pub async fn extent(&self) -> Result<Extent, StoreError> {
        let (reports, submissions, files, bytes, jobs, transcripts, partials) = read!(
            self,
            fetch_one,
            sqlx::query_as::<_, (i64, i64, i64, i64, i64, i64, i64)>(
                "SELECT (SELECT count(*) FROM reports), (SELECT count(*) FROM submissions),
                        (SELECT count(*) FROM files),
                        (SELECT CAST(coalesce(sum(size_bytes), 0) AS bigint) FROM files),
                        (SELECT count(*) FROM jobs WHERE submission_id IS NOT NULL), (SELECT count(*) FROM transcripts),
                        (SELECT count(*) FROM partial_segments)"
            )
        )?;
        Ok(Extent {
            reports: reports.unsigned_abs(),
            submissions: submissions.unsigned_abs(),
            files: files.unsigned_abs(),
            bytes: bytes.unsigned_abs(),
            jobs: jobs.unsigned_abs(),
            transcripts: transcripts.unsigned_abs(),
            partials: partials.unsigned_abs(),
        })
    }

    /// How many jobs are running under a lease that has not run out: somebody works here.
    pub async fn leased_jobs(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let count = read!(
            self,
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "SELECT count(*) FROM jobs WHERE state = 'running' AND lease_until > $1"
            ),
            now
        )?;
        Ok(count.unsigned_abs())
    }
}
