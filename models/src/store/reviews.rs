//! The repository of reviews: what reviewers do with a report that is handed in, and what they decide.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::rows::{all, count, named};
use super::transcripts::Corrected;
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::AuditAction;
use crate::domain::correction::Correction;
use crate::domain::ids::{DecisionId, PersonId, ReportId, SubmissionId};
use crate::domain::report::ReportState;
use crate::domain::review::{Decision, Verdict};
use crate::domain::submission::SubmissionState;

/// Reviews in a session.
pub struct Reviews<'s, S>(pub(super) &'s mut S);

/// What a reviewer decides.
#[derive(Debug, Clone)]
pub struct NewDecision {
    /// What.
    pub verdict: Verdict,
    /// Why.
    pub reasons: String,
    /// The number of the transcript version that they have read.
    pub read: u32,
}

#[derive(FromRow)]
struct DecisionRow {
    verdict: String,
    reasons: String,
    person_id: Uuid,
    person_name: Option<String>,
    submission_id: Uuid,
    submission_version: i64,
    transcript_version: i64,
    stale: bool,
    open_questions: Json<Vec<String>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<DecisionRow> for Decision {
    type Error = StoreError;

    fn try_from(row: DecisionRow) -> Result<Self, StoreError> {
        Ok(Self {
            verdict: named(&row.verdict)?,
            reasons: row.reasons,
            person: row.person_id.into(),
            person_name: row.person_name.unwrap_or_default(),
            submission: row.submission_id.into(),
            submission_version: count(row.submission_version),
            transcript_version: count(row.transcript_version),
            stale: row.stale,
            open_questions: row.open_questions.0,
            at: row.created_at,
        })
    }
}

impl<S: Session> Reviews<'_, S> {
    /// What was decided about a report, the newest first.
    pub async fn decisions(&mut self, about: ReportId) -> Result<Vec<Decision>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, DecisionRow>(
                "SELECT verdict, reasons, decisions.person_id, display_name AS person_name,
                        decisions.submission_id, submissions.version AS submission_version,
                        transcripts.version AS transcript_version,
                        CASE WHEN current_transcript = transcript_id THEN false ELSE true END AS stale,
                        open_questions, decisions.created_at
                 FROM decisions
                 JOIN submissions ON submissions.id = decisions.submission_id
                 JOIN transcripts ON transcripts.id = transcript_id
                 LEFT JOIN people ON people.id = decisions.person_id
                 WHERE decisions.report_id = $1 ORDER BY decisions.id DESC"
            ),
            about.uuid()
        )?)
    }
}

impl Reviews<'_, UnitOfWork> {
    /// Begins to review a report, if nobody has: its author cannot take it back from now on. Returns the
    /// submission that is reviewed.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalTransition`] if the report is not handed in, or cannot be read yet.
    pub async fn begin(&mut self, report: ReportId) -> Result<SubmissionId, StoreError> {
        let state = self.0.reports().lock(report).await?;
        let overview = self.0.reports().overview(report).await?;
        let submission = overview.and_then(|overview| overview.submission);
        let illegal =
            |to| StoreError::IllegalTransition { what: "report", from: state.as_str(), to };
        let readable = submission.filter(|submission| submission.state == SubmissionState::Ready);
        let readable = readable.ok_or_else(|| illegal(ReportState::InReview.as_str()))?;
        match state {
            ReportState::Draft | ReportState::Withdrawn => {
                return Err(illegal(ReportState::InReview.as_str()));
            }
            ReportState::Submitted => {
                self.0.reports().set_state(report, ReportState::InReview).await?;
            }
            ReportState::InReview | ReportState::Accepted | ReportState::Returned => {}
        }
        Ok(readable.id)
    }

    /// Corrects the transcript that readers see.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin), and of [`correct`](super::Transcripts::correct).
    pub async fn correct(
        &mut self,
        report: ReportId,
        correction: &Correction,
    ) -> Result<Corrected, StoreError> {
        let submission = self.begin(report).await?;
        self.0.transcripts().correct(report, submission, correction).await
    }

    /// Takes back what one version has corrected.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin), and of [`undo`](super::Transcripts::undo).
    pub async fn undo(&mut self, report: ReportId, version: u32) -> Result<Corrected, StoreError> {
        let submission = self.begin(report).await?;
        self.0.transcripts().undo(report, submission, version).await
    }

    /// Decides about a report. The archive is made again, so that it holds the decision and what was corrected.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](Self::begin); [`StoreError::IllegalTransition`] if the report's state does not allow
    /// it, and [`StoreError::Outdated`] if readers see another version of the transcript than was read.
    pub async fn decide(&mut self, report: ReportId, new: &NewDecision) -> Result<(), StoreError> {
        let submission = self.begin(report).await?;
        // Locked before it is compared: nobody corrects in between.
        self.0.submissions().lock(submission).await?;
        let current = self.0.transcripts().current_version(submission).await?;
        let current = current.filter(|current| current.version == new.read);
        let current = current.ok_or(StoreError::Outdated { what: "transcript" })?;
        let person = self.0.person();
        let person = person.ok_or_else(|| StoreError::Corrupt("nobody decides".into()))?;
        let open = self.0.rubrics().open(report, submission).await?;
        let (id, actor, now) = (DecisionId::new(), self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO decisions (id, report_id, submission_id, transcript_id, verdict, reasons,
                                        person_id, created_by, created_at, open_questions)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            ),
            id.uuid(),
            report.uuid(),
            submission.uuid(),
            current.id.uuid(),
            new.verdict.as_str(),
            &new.reasons,
            PersonId::uuid(person),
            actor,
            now,
            Json(&open)
        )?;
        let detail = serde_json::json!({
            "verdict": new.verdict,
            "submission": submission,
            "transcript_version": new.read,
        });
        self.0.audit().record(AuditAction::ReportDecided, report, detail).await?;
        self.0.reports().set_state(report, new.verdict.makes()).await?;
        if new.verdict != Verdict::Accept {
            // Its author agreed to what was accepted.
            self.0.examples().refuse(report).await?;
        }
        self.0.jobs().archive_again(submission).await?;
        Ok(())
    }
}
