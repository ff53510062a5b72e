//! The repository of rounds. Who takes part is computed from grants whenever it is asked, so that newcomers
//! appear and those who have left do not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::rows::{all, branch, count, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::AuditAction;
use crate::domain::branch::BranchPath;
use crate::domain::ids::{PersonId, ReportId, RoundId};
use crate::domain::job::{NewJob, Urgency};
use crate::domain::notice::NoticeEvent;
use crate::domain::report::{Period, ReportKind, ReportState};
use crate::domain::round::{Participant, Round, RoundException, Standing};

/// The kind of the jobs that tell everybody of a new round.
pub const ANNOUNCE_ROUND_JOB: &str = "announce-round";

/// Rounds in a session.
pub struct Rounds<'s, S>(pub(super) &'s mut S);

/// What a round consists of.
#[derive(Debug, Clone)]
pub struct RoundContent {
    /// What it is called.
    pub title: String,
    /// The quarter that it is for.
    pub period: Period,
    /// The kinds of reports that count; none: all.
    pub kinds: Vec<ReportKind>,
    /// What to do, in words.
    pub instructions: String,
    /// The longest video, in seconds.
    pub max_seconds: Option<u32>,
    /// When reports are due.
    pub deadline: DateTime<Utc>,
}

#[derive(FromRow)]
struct RoundRow {
    id: Uuid,
    branch: String,
    title: String,
    period: String,
    kinds: Json<Vec<ReportKind>>,
    instructions: String,
    max_seconds: Option<i64>,
    deadline: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    revision: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<RoundRow> for Round {
    type Error = StoreError;

    fn try_from(row: RoundRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            branch: branch(&row.branch)?,
            title: row.title,
            period: named(&row.period)?,
            kinds: row.kinds.0,
            instructions: row.instructions,
            max_seconds: row.max_seconds.map(count),
            deadline: row.deadline,
            closed_at: row.closed_at,
            revision: count(row.revision),
            created_at: row.created_at,
        })
    }
}

/// The columns of [`RoundRow`].
macro_rules! round_columns {
    () => {
        "id, branch, title, period, kinds, instructions, max_seconds, deadline, closed_at, revision,
         created_at"
    };
}

#[derive(FromRow)]
struct ParticipantRow {
    id: Uuid,
    display_name: String,
    number: Option<String>,
    branch: String,
    extended_to: Option<DateTime<Utc>>,
    excused: Option<bool>,
    reason: Option<String>,
    report_id: Option<Uuid>,
    report_state: Option<String>,
    handed_in_at: Option<DateTime<Utc>>,
}

impl ParticipantRow {
    fn read(self, deadline: DateTime<Utc>, now: DateTime<Utc>) -> Result<Participant, StoreError> {
        let exception = RoundException {
            extended_to: self.extended_to,
            excused: self.excused.unwrap_or_default(),
            reason: self.reason.unwrap_or_default(),
        };
        let state: Option<ReportState> = self.report_state.as_deref().map(named).transpose()?;
        let report = state.zip(self.handed_in_at);
        Ok(Participant {
            person: self.id.into(),
            display_name: self.display_name,
            number: self.number,
            branch: branch(&self.branch)?,
            standing: Standing::of(deadline, &exception, report, now),
            exception,
            report: self.report_id.map(ReportId::from),
        })
    }
}

/// Those of whom a round asks something, each with their exception and their report. `$1` is the round, `$2`
/// and `$3` are the range of branches.
macro_rules! participants {
    ($condition:literal) => {
        concat!(
            "SELECT people.id, people.display_name, people.number,
                    (SELECT min(grants.branch) FROM grants
                     WHERE grants.person_id = people.id AND grants.role = 'activist'
                       AND grants.branch >= $2 AND grants.branch < $3) AS branch,
                    extended_to, excused, reason, reports.id AS report_id,
                    reports.state AS report_state,
                    (SELECT min(submissions.created_at) FROM submissions
                     WHERE submissions.report_id = reports.id) AS handed_in_at
             FROM people
             LEFT JOIN round_exceptions ON round_exceptions.round_id = $1
                 AND round_exceptions.person_id = people.id
             LEFT JOIN reports ON reports.round_id = $1 AND reports.author_id = people.id
             WHERE disabled_at IS NULL
               AND people.id IN (SELECT grants.person_id FROM grants
                                 WHERE grants.role = 'activist'
                                   AND grants.branch >= $2 AND grants.branch < $3)",
            $condition,
            " ORDER BY people.id"
        )
    };
}

impl<S: Session> Rounds<'_, S> {
    /// The round, or `None`.
    pub async fn get(&mut self, id: RoundId) -> Result<Option<Round>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, RoundRow>(concat!(
                "SELECT ",
                round_columns!(),
                " FROM rounds WHERE id = $1"
            )),
            id.uuid()
        )?;
        row.map(Round::try_from).transpose()
    }

    /// The rounds of a branch, of those below it if `below`, and of those above it, the newest first, at most
    /// `limit`.
    pub async fn around(
        &mut self,
        of: &BranchPath,
        below: bool,
        limit: u32,
    ) -> Result<Vec<Round>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            // A prefix by substr: a bound pattern of LIKE is compiled anew each time on SQLite.
            sqlx::query_as::<_, RoundRow>(concat!(
                "SELECT ",
                round_columns!(),
                " FROM rounds
                 WHERE substr($1, 1, length(branch)) = branch
                    OR ($2 AND branch >= $1 AND branch < $3)
                 ORDER BY id DESC LIMIT $4"
            )),
            of.key(),
            below,
            of.end(),
            i64::from(limit)
        )?)
    }

    /// Everybody of whom the round asks something, and how they stand, in the branches below `within`, at
    /// most `limit`, after the person `after`.
    pub async fn participants(
        &mut self,
        round: &Round,
        within: &BranchPath,
        after: Option<PersonId>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<Participant>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ParticipantRow>(concat!(
                participants!(" AND ($4 IS NULL OR people.id > $4)"),
                " LIMIT $5"
            )),
            round.id.uuid(),
            within.key(),
            within.end(),
            after.map(PersonId::uuid),
            i64::from(limit)
        )?;
        rows.into_iter().map(|row| row.read(round.deadline, now)).collect()
    }

    /// How one person stands; `None` if nothing is asked of them.
    pub async fn participant(
        &mut self,
        round: &Round,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<Option<Participant>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, ParticipantRow>(participants!(" AND people.id = $4")),
            round.id.uuid(),
            round.branch.key(),
            round.branch.end(),
            person.uuid()
        )?;
        row.map(|row| row.read(round.deadline, now)).transpose()
    }

    /// How many stand how.
    pub async fn standings(
        &mut self,
        round: &Round,
        within: &BranchPath,
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<&'static str, u32>, StoreError> {
        let mut counts: BTreeMap<&'static str, u32> =
            Standing::ALL.iter().map(|standing| (standing.as_str(), 0)).collect();
        let all = self.participants(round, within, None, u32::MAX, now).await?;
        for participant in all {
            *counts.entry(participant.standing.as_str()).or_default() += 1;
        }
        Ok(counts)
    }

    /// Open rounds whose deadline lies between two times.
    pub async fn due_between(
        &mut self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Round>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, RoundRow>(concat!(
                "SELECT ",
                round_columns!(),
                " FROM rounds WHERE closed_at IS NULL AND deadline > $1 AND deadline <= $2
                 ORDER BY id"
            )),
            from,
            to
        )?)
    }
}

impl Rounds<'_, UnitOfWork> {
    /// Opens a round, and has everybody told of it.
    pub async fn insert(
        &mut self,
        id: RoundId,
        branch: &BranchPath,
        content: &RoundContent,
    ) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO rounds (id, branch, title, period, kinds, instructions, max_seconds,
                                     deadline, created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            ),
            id.uuid(),
            branch.key(),
            &content.title,
            content.period.as_str(),
            Json(&content.kinds),
            &content.instructions,
            content.max_seconds.map(i64::from),
            content.deadline,
            actor,
            now
        )?;
        let announce = NewJob {
            payload: Some(serde_json::json!({ "round": id })),
            ..NewJob::new(ANNOUNCE_ROUND_JOB, Urgency::High).unique(id)
        };
        self.0.jobs().insert(&announce).await?;
        self.0.channels().tell(branch, NoticeEvent::RoundOpened, None, Some(id)).await?;
        let detail = serde_json::json!({ "branch": branch.to_string(), "title": content.title });
        self.0.audit().record(AuditAction::RoundOpened, id, detail).await
    }

    /// Changes a round, if nobody has since `revision` was read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] if somebody has, or it is closed.
    pub async fn edit(
        &mut self,
        id: RoundId,
        revision: u32,
        content: &RoundContent,
    ) -> Result<(), StoreError> {
        let changed = execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE rounds SET title = $1, period = $2, kinds = $3, instructions = $4,
                        max_seconds = $5, deadline = $6, revision = revision + 1
                 WHERE id = $7 AND revision = $8 AND closed_at IS NULL"
            ),
            &content.title,
            content.period.as_str(),
            Json(&content.kinds),
            &content.instructions,
            content.max_seconds.map(i64::from),
            content.deadline,
            id.uuid(),
            i64::from(revision)
        )?;
        if changed == 0 {
            return Err(StoreError::Outdated { what: "round" });
        }
        let detail = serde_json::json!({ "deadline": content.deadline });
        self.0.audit().record(AuditAction::RoundChanged, id, detail).await
    }

    /// Closes a round: nothing can be handed in for it any more. Says whether it was open.
    pub async fn close(&mut self, id: RoundId) -> Result<bool, StoreError> {
        let now = self.0.now();
        let closed = execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE rounds SET closed_at = $1, revision = revision + 1
                 WHERE id = $2 AND closed_at IS NULL"
            ),
            now,
            id.uuid()
        )?;
        if closed == 1 {
            let nothing = serde_json::json!({});
            self.0.audit().record(AuditAction::RoundClosed, id, nothing).await?;
        }
        Ok(closed == 1)
    }

    /// Makes another rule for one person, in place of the one before.
    pub async fn set_exception(
        &mut self,
        round: RoundId,
        person: PersonId,
        exception: &RoundException,
    ) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO round_exceptions (round_id, person_id, extended_to, excused, reason,
                                               created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (round_id, person_id) DO UPDATE SET
                     extended_to = excluded.extended_to, excused = excluded.excused,
                     reason = excluded.reason, created_by = excluded.created_by,
                     created_at = excluded.created_at"
            ),
            round.uuid(),
            person.uuid(),
            exception.extended_to,
            exception.excused,
            &exception.reason,
            actor,
            now
        )?;
        let detail = serde_json::json!({
            "round": round,
            "extended_to": exception.extended_to,
            "excused": exception.excused,
            "reason": exception.reason,
        });
        self.0.audit().record(AuditAction::ExceptionMade, person, detail).await
    }
}
