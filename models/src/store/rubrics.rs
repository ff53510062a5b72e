//! The repository of rubrics, and of what reviewers answer.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::changes::Change;
use super::engine::{execute, fetch};
use super::rows::{all, branch, count, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::{AuditAction, Subject};
use crate::domain::branch::BranchPath;
use crate::domain::ids::{PersonId, QuestionId, ReportId, SubmissionId};
use crate::domain::report::{ReportKind, ReportState};
use crate::domain::review::Anchor;
use crate::domain::rubric::{self, Answer, Question, Rubric};

/// Rubrics in a session.
pub struct Rubrics<'s, S>(pub(super) &'s mut S);

/// What a reviewer answers.
#[derive(Debug, Clone)]
pub struct NewAnswer {
    /// The question.
    pub question: QuestionId,
    /// What they say.
    pub text: String,
    /// Where the report shows it.
    pub evidence: Vec<Anchor>,
    /// The revision of their answer that this changes; 0 if there is none yet.
    pub read: u32,
}

#[derive(FromRow)]
struct RubricRow {
    branch: String,
    kind: String,
    questions: Json<Vec<Question>>,
    revision: i64,
    changed_at: DateTime<Utc>,
}

impl TryFrom<RubricRow> for Rubric {
    type Error = StoreError;

    fn try_from(row: RubricRow) -> Result<Self, StoreError> {
        Ok(Self {
            branch: branch(&row.branch)?,
            kind: named(&row.kind)?,
            questions: row.questions.0,
            revision: count(row.revision),
            changed_at: row.changed_at,
        })
    }
}

#[derive(FromRow)]
struct AnswerRow {
    submission_id: Uuid,
    question_id: Uuid,
    question: String,
    person_id: Uuid,
    person_name: Option<String>,
    text: String,
    evidence: Json<Vec<Anchor>>,
    revision: i64,
    changed_at: DateTime<Utc>,
}

impl TryFrom<AnswerRow> for Answer {
    type Error = StoreError;

    fn try_from(row: AnswerRow) -> Result<Self, StoreError> {
        Ok(Self {
            question: Question { id: row.question_id.into(), text: row.question },
            submission: row.submission_id.into(),
            person: row.person_id.into(),
            person_name: row.person_name.unwrap_or_default(),
            text: row.text,
            evidence: row.evidence.0,
            revision: count(row.revision),
            changed_at: row.changed_at,
        })
    }
}

impl<S: Session> Rubrics<'_, S> {
    /// Those of a branch, of the branches above it, and of those below it if `below`, by branch.
    pub async fn around(
        &mut self,
        of: &BranchPath,
        below: bool,
    ) -> Result<Vec<Rubric>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, RubricRow>(
                "SELECT branch, kind, questions, revision, changed_at FROM rubrics
                 WHERE substr($1, 1, length(branch)) = branch
                    OR ($2 AND branch >= $1 AND branch < $3)
                 ORDER BY branch, kind"
            ),
            of.key(),
            below,
            of.end()
        )?)
    }

    /// The branch's own, or `None`.
    pub async fn get(
        &mut self,
        of: &BranchPath,
        kind: ReportKind,
    ) -> Result<Option<Rubric>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, RubricRow>(
                "SELECT branch, kind, questions, revision, changed_at FROM rubrics
                 WHERE branch = $1 AND kind = $2"
            ),
            of.key(),
            kind.as_str()
        )?;
        row.map(Rubric::try_from).transpose()
    }

    /// What reviewers of reports of a kind are asked in a branch.
    pub async fn questions(
        &mut self,
        of: &BranchPath,
        kind: ReportKind,
    ) -> Result<Vec<Question>, StoreError> {
        let mut above = self.around(of, false).await?;
        above.retain(|rubric| rubric.kind == kind);
        Ok(Rubric::nearest(above).map(|rubric| rubric.questions).unwrap_or_default())
    }

    /// What reviewers have answered about a submission, in the order in which they began.
    pub async fn answers(&mut self, about: SubmissionId) -> Result<Vec<Answer>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, AnswerRow>(
                "SELECT submission_id, question_id, question, person_id, display_name AS person_name,
                        text, evidence, revision, changed_at
                 FROM rubric_answers LEFT JOIN people ON people.id = person_id
                 WHERE submission_id = $1 ORDER BY rubric_answers.id"
            ),
            about.uuid()
        )?)
    }
}

impl Rubrics<'_, UnitOfWork> {
    /// Writes down what a branch asks about reports of a kind, in these words. Without any, what the branch above
    /// asks holds.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] if the rubric's revision is not `read`, which is 0 if there is none.
    pub async fn set(
        &mut self,
        of: &BranchPath,
        kind: ReportKind,
        texts: &[String],
        read: u32,
    ) -> Result<Rubric, StoreError> {
        let outdated = || StoreError::Outdated { what: "rubric" };
        let before = self.get(of, kind).await?;
        if before.as_ref().map_or(0, |rubric| rubric.revision) != read {
            return Err(outdated());
        }
        let known = before.map(|rubric| rubric.questions).unwrap_or_default();
        let questions = Rubric::questions_of(texts, &known);
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        let changed = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO rubrics (branch, kind, questions, revision, changed_by, changed_at)
                 VALUES ($1, $2, $3, $4 + 1, $5, $6)
                 ON CONFLICT (branch, kind) DO UPDATE SET
                     questions = excluded.questions, revision = excluded.revision,
                     changed_by = excluded.changed_by, changed_at = excluded.changed_at
                 WHERE rubrics.revision = $4"
            ),
            of.key(),
            kind.as_str(),
            Json(&questions),
            i64::from(read),
            actor,
            now
        )?;
        if changed == 0 {
            return Err(outdated());
        }
        let detail = serde_json::json!({ "kind": kind, "questions": texts });
        self.0.audit().record(AuditAction::RubricChanged, Subject::branch(of), detail).await?;
        let set = self.get(of, kind).await?;
        set.ok_or_else(|| StoreError::Corrupt("a rubric is gone".into()))
    }

    /// Writes down what a reviewer answers to a question about the submission that is reviewed.
    ///
    /// # Errors
    ///
    /// Those of [`begin`](super::Reviews::begin); [`StoreError::IllegalTransition`] if the report is decided,
    /// [`StoreError::NoSuchRow`] if neither the rubric asks this nor the reviewer has answered it before, and
    /// [`StoreError::Outdated`] if their answer has another revision than was read.
    pub async fn answer(
        &mut self,
        report: ReportId,
        new: &NewAnswer,
    ) -> Result<Answer, StoreError> {
        let submission = self.0.reviews().begin(report).await?;
        let about = self.0.reports().get(report).await?;
        let missing = StoreError::NoSuchRow { what: "report", id: report.uuid() };
        let about = about.ok_or(missing)?;
        if about.state != ReportState::InReview {
            let (from, to) = (about.state.as_str(), ReportState::InReview.as_str());
            return Err(StoreError::IllegalTransition { what: "report", from, to });
        }
        let person = self.0.person();
        let person = person.ok_or_else(|| StoreError::Corrupt("nobody answers".into()))?;
        let before = self.own(submission, new.question, person).await?;
        let asked = if let Some(answer) = &before {
            Some(answer.question.clone())
        } else {
            let asked = self.questions(&about.branch, about.kind).await?;
            asked.into_iter().find(|question| question.id == new.question)
        };
        let missing = StoreError::NoSuchRow { what: "question", id: new.question.uuid() };
        let asked = asked.ok_or(missing)?;
        if before.map_or(0, |answer| answer.revision) != new.read {
            return Err(StoreError::Outdated { what: "answer" });
        }
        // The report is locked, so nobody else writes in between.
        let (id, actor, now) = (Uuid::now_v7(), self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO rubric_answers (id, report_id, submission_id, question_id, question, person_id,
                                             text, evidence, revision, changed_by, changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                 ON CONFLICT (submission_id, question_id, person_id) DO UPDATE SET
                     text = excluded.text, evidence = excluded.evidence, revision = excluded.revision,
                     changed_by = excluded.changed_by, changed_at = excluded.changed_at"
            ),
            id,
            report.uuid(),
            submission.uuid(),
            asked.id.uuid(),
            &asked.text,
            person.uuid(),
            &new.text,
            Json(&new.evidence),
            i64::from(new.read) + 1,
            actor,
            now
        )?;
        let detail = serde_json::json!({ "question": asked.id, "submission": submission });
        self.0.audit().record(AuditAction::QuestionAnswered, report, detail).await?;
        self.0.changed(Change::Report(report));
        let made = self.own(submission, new.question, person).await?;
        made.ok_or_else(|| StoreError::Corrupt("an answer is gone".into()))
    }

    /// The words of the questions about a submission that nobody has answered with evidence.
    pub(super) async fn open(
        &mut self,
        report: ReportId,
        submission: SubmissionId,
    ) -> Result<Vec<String>, StoreError> {
        let Some(about) = self.0.reports().get(report).await? else { return Ok(vec![]) };
        let questions = self.questions(&about.branch, about.kind).await?;
        let answers = self.answers(submission).await?;
        let open = rubric::open(&questions, &answers).into_iter();
        Ok(open.map(|question| question.text.clone()).collect())
    }

    async fn own(
        &mut self,
        about: SubmissionId,
        question: QuestionId,
        person: PersonId,
    ) -> Result<Option<Answer>, StoreError> {
        let mut answers = self.answers(about).await?.into_iter();
        Ok(answers.find(|answer| answer.question.id == question && answer.person == person))
    }
}
