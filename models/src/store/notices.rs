//! The repository of notices: what people are told, in the unit of work of what it tells of.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::changes::Change;
use super::engine::{execute, fetch};
use super::rows::{all, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::AuditAction;
use crate::domain::branch::BranchPath;
use crate::domain::failure::{FailureCode, Lang};
use crate::domain::ids::{NoticeId, PersonId, ReportId, RoundId};
use crate::domain::job::{NewJob, Urgency};
use crate::domain::notice::{MailState, Notice, NoticeDetail, NoticeEvent, NoticeSettings};
use crate::domain::person::Role;
use crate::domain::round::{Participant, Round};

/// The kind of the jobs that send a notice by mail.
pub const MAIL_JOB: &str = "mail";

/// Notices in a session.
pub struct Notices<'s, S>(pub(super) &'s mut S);

/// Something that somebody is to be told.
#[derive(Debug, Clone)]
pub struct NewNotice {
    /// Who.
    pub person: PersonId,
    /// Of what.
    pub event: NoticeEvent,
    /// The report that it is about.
    pub report: Option<ReportId>,
    /// The round that it is about.
    pub round: Option<RoundId>,
    /// What it says.
    pub detail: NoticeDetail,
}

#[derive(FromRow)]
struct NoticeRow {
    id: Uuid,
    person_id: Uuid,
    event: String,
    report_id: Option<Uuid>,
    round_id: Option<Uuid>,
    detail: Json<NoticeDetail>,
    mail: String,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl TryFrom<NoticeRow> for Notice {
    type Error = StoreError;

    fn try_from(row: NoticeRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            person: row.person_id.into(),
            event: named(&row.event)?,
            report: row.report_id.map(ReportId::from),
            round: row.round_id.map(RoundId::from),
            detail: row.detail.0,
            mail: named(&row.mail)?,
            created_at: row.created_at,
            read_at: row.read_at,
        })
    }
}

/// The columns of [`NoticeRow`].
macro_rules! notice_columns {
    () => {
        "id, person_id, event, report_id, round_id, detail, mail, created_at, read_at"
    };
}

#[derive(FromRow)]
struct SettingsRow {
    mail: String,
    muted: Json<Vec<NoticeEvent>>,
    quiet_from: Option<i64>,
    quiet_to: Option<i64>,
    utc_offset: i64,
    lang: String,
}

impl TryFrom<SettingsRow> for NoticeSettings {
    type Error = StoreError;

    fn try_from(row: SettingsRow) -> Result<Self, StoreError> {
        let minutes = |minutes: i64| u16::try_from(minutes).ok();
        let quiet = row.quiet_from.and_then(minutes).zip(row.quiet_to.and_then(minutes));
        Ok(Self {
            mail: named(&row.mail)?,
            muted: row.muted.0,
            quiet,
            utc_offset: i16::try_from(row.utc_offset).unwrap_or(0),
            lang: Lang::from_tag(&row.lang),
        })
    }
}

impl<S: Session> Notices<'_, S> {
    /// The notice, or `None`.
    pub async fn get(&mut self, id: NoticeId) -> Result<Option<Notice>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, NoticeRow>(concat!(
                "SELECT ",
                notice_columns!(),
                " FROM notices WHERE id = $1"
            )),
            id.uuid()
        )?;
        row.map(Notice::try_from).transpose()
    }

    /// What somebody was told, the newest first, at most `limit`, older than `before`.
    pub async fn of(
        &mut self,
        person: PersonId,
        before: Option<NoticeId>,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, NoticeRow>(concat!(
                "SELECT ",
                notice_columns!(),
                " FROM notices WHERE person_id = $1 AND ($2 IS NULL OR id < $2)
                 ORDER BY id DESC LIMIT $3"
            )),
            person.uuid(),
            before.map(NoticeId::uuid),
            i64::from(limit)
        )?)
    }

    /// What somebody was told after a notice, the oldest first, at most `limit`.
    pub async fn after(
        &mut self,
        person: PersonId,
        after: NoticeId,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, NoticeRow>(concat!(
                "SELECT ",
                notice_columns!(),
                " FROM notices WHERE person_id = $1 AND id > $2 ORDER BY id LIMIT $3"
            )),
            person.uuid(),
            after.uuid(),
            i64::from(limit)
        )?)
    }

    /// How many notices somebody has not read.
    pub async fn unread(&mut self, person: PersonId) -> Result<u64, StoreError> {
        let count = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "SELECT count(*) FROM notices WHERE person_id = $1 AND read_at IS NULL"
            ),
            person.uuid()
        )?;
        Ok(count.unsigned_abs())
    }

    /// How somebody wants to be told.
    pub async fn settings(&mut self, of: PersonId) -> Result<NoticeSettings, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, SettingsRow>(
                "SELECT mail, muted, quiet_from, quiet_to, utc_offset, lang
                 FROM notice_settings WHERE person_id = $1"
            ),
            of.uuid()
        )?;
        row.map_or_else(|| Ok(NoticeSettings::default()), NoticeSettings::try_from)
    }

    /// Those with something in their digest.
    pub async fn to_digest(&mut self) -> Result<Vec<PersonId>, StoreError> {
        let people = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar::<_, Uuid>(
                "SELECT DISTINCT person_id FROM notices WHERE mail = 'digest' ORDER BY person_id"
            )
        )?;
        Ok(people.into_iter().map(PersonId::from).collect())
    }

    /// What is to be in somebody's digest, the oldest first.
    pub async fn digest(&mut self, of: PersonId, limit: u32) -> Result<Vec<Notice>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, NoticeRow>(concat!(
                "SELECT ",
                notice_columns!(),
                " FROM notices WHERE person_id = $1 AND mail = 'digest' ORDER BY id LIMIT $2"
            )),
            of.uuid(),
            i64::from(limit)
        )?)
    }
}

impl Notices<'_, UnitOfWork> {
    /// Tells somebody something, in the page and, if they want, by mail. Of a round, everything is told once;
    /// says whether this was new.
    pub async fn add(&mut self, new: &NewNotice) -> Result<bool, StoreError> {
        let settings = self.settings(new.person).await?;
        let own = new.detail.author.is_none();
        let mail = match self.0.people().get(new.person).await? {
            Some(person) if person.email.is_some() => settings.mail_of(new.event, own),
            _ => MailState::None,
        };
        let (id, now) = (NoticeId::new(), self.0.now());
        let added = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO notices (id, person_id, event, report_id, round_id, detail, mail, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING"
            ),
            id.uuid(),
            new.person.uuid(),
            new.event.as_str(),
            new.report.map(ReportId::uuid),
            new.round.map(RoundId::uuid),
            Json(&new.detail),
            mail.as_str(),
            now
        )?;
        if added == 0 {
            return Ok(false);
        }
        if mail == MailState::Queued {
            let job = NewJob {
                payload: Some(json!({ "notice": id })),
                not_before: Some(settings.when(now)),
                ..NewJob::new(MAIL_JOB, Urgency::High).unique(id)
            };
            self.0.jobs().insert(&job).await?;
        }
        self.0.changed(Change::Person(new.person));
        Ok(true)
    }

    /// Tells those whose business it is what has become of a report: its author, and, when it can be read, the
    /// reviewers nearest to its branch and the author's contact persons.
    pub async fn of_report(
        &mut self,
        report: ReportId,
        event: NoticeEvent,
        failure: Option<FailureCode>,
    ) -> Result<(), StoreError> {
        let Some(report) = self.0.reports().get(report).await? else { return Ok(()) };
        let detail = NoticeDetail { title: report.title, failure, ..NoticeDetail::default() };
        let new = |person, detail| NewNotice {
            person,
            event,
            report: Some(report.id),
            round: None,
            detail,
        };
        if let Some(author) = report.author {
            self.add(&new(author, detail.clone())).await?;
        }
        if event == NoticeEvent::Ready {
            let detail = NoticeDetail { author: Some(report.speaker), ..detail };
            for reader in self.readers(&report.branch, report.author).await? {
                self.add(&new(reader, detail.clone())).await?;
            }
        }
        self.0.channels().tell(&report.branch, event, Some(report.id), None).await
    }

    /// Tells the other side that something was said about a report: its author, or, of what the author has said,
    /// those who read it. Who has not looked since the last time is not told again.
    pub async fn of_comment(&mut self, report: ReportId, by: PersonId) -> Result<(), StoreError> {
        let Some(report) = self.0.reports().get(report).await? else { return Ok(()) };
        let (to, author) = if report.author == Some(by) {
            (self.readers(&report.branch, report.author).await?, Some(report.speaker))
        } else {
            (report.author.into_iter().collect(), None)
        };
        let detail = NoticeDetail { title: report.title, author, ..NoticeDetail::default() };
        let mut news = false;
        for person in to {
            let told = fetch!(
                self.0.tx(),
                fetch_one,
                sqlx::query_scalar::<_, i64>(
                    "SELECT count(*) FROM notices
                     WHERE person_id = $1 AND report_id = $2 AND event = $3 AND read_at IS NULL"
                ),
                person.uuid(),
                report.id.uuid(),
                NoticeEvent::Commented.as_str()
            )?;
            if told == 0 {
                let (event, detail) = (NoticeEvent::Commented, detail.clone());
                let report = Some(report.id);
                news |= self.add(&NewNotice { person, event, report, round: None, detail }).await?;
            }
        }
        if news {
            let (branch, event) = (&report.branch, NoticeEvent::Commented);
            self.0.channels().tell(branch, event, Some(report.id), None).await?;
        }
        Ok(())
    }

    /// Tells somebody of a round.
    pub async fn of_round(
        &mut self,
        round: &Round,
        participant: &Participant,
        event: NoticeEvent,
    ) -> Result<bool, StoreError> {
        let detail = NoticeDetail {
            title: round.title.clone(),
            deadline: Some(participant.exception.extended_to.unwrap_or(round.deadline)),
            ..NoticeDetail::default()
        };
        let (person, round) = (participant.person, Some(round.id));
        self.add(&NewNotice { person, event, report: None, round, detail }).await
    }

    /// Reminds people of a round, but for those who were within this time. Returns how many it reminds.
    pub async fn remind(
        &mut self,
        round: &Round,
        participants: &[&Participant],
        pause: TimeDelta,
    ) -> Result<usize, StoreError> {
        let before = self.0.now() - pause;
        let mut reminded = 0;
        for participant in participants {
            reminded += usize::from(self.remind_one(round, participant, before).await?);
        }
        if reminded > 0 {
            let detail = json!({ "reminded": reminded });
            self.0.audit().record(AuditAction::RoundReminded, round.id, detail).await?;
        }
        Ok(reminded)
    }

    /// Reminds somebody of a round, unless it was done after a time: then it says `false`.
    async fn remind_one(
        &mut self,
        round: &Round,
        participant: &Participant,
        before: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        execute!(
            self.0.tx(),
            // Of a round, somebody has one notice of each kind: the newest counts.
            sqlx::query(
                "DELETE FROM notices
                 WHERE round_id = $1 AND person_id = $2 AND event = $3 AND created_at < $4"
            ),
            round.id.uuid(),
            participant.person.uuid(),
            NoticeEvent::Reminded.as_str(),
            before
        )?;
        self.of_round(round, participant, NoticeEvent::Reminded).await
    }

    /// The reviewers nearest to a branch, and the contact persons of an author.
    async fn readers(
        &mut self,
        branch: &BranchPath,
        author: Option<PersonId>,
    ) -> Result<Vec<PersonId>, StoreError> {
        let mut readers: Vec<Uuid> = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar("SELECT contact_id FROM contacts WHERE activist_id = $1"),
            author.map(PersonId::uuid)
        )?;
        for branch in branch.lineage().iter().rev() {
            let here: Vec<Uuid> = fetch!(
                self.0.tx(),
                fetch_all,
                sqlx::query_scalar("SELECT person_id FROM grants WHERE branch = $1 AND role = $2"),
                branch.key(),
                Role::Reviewer.as_str()
            )?;
            if !here.is_empty() {
                readers.extend(here);
                break;
            }
        }
        readers.sort_unstable();
        readers.dedup();
        Ok(readers.into_iter().map(PersonId::from).filter(|id| Some(*id) != author).collect())
    }

    /// Marks what somebody was told as read, up to this notice.
    pub async fn mark_read(&mut self, person: PersonId, up_to: NoticeId) -> Result<(), StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE notices SET read_at = $1
                 WHERE person_id = $2 AND id <= $3 AND read_at IS NULL"
            ),
            now,
            person.uuid(),
            up_to.uuid()
        )?;
        self.0.changed(Change::Person(person));
        Ok(())
    }

    /// Writes down how far the mail of a notice is.
    pub async fn set_mail(&mut self, id: NoticeId, mail: MailState) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE notices SET mail = $1 WHERE id = $2"),
            mail.as_str(),
            id.uuid()
        )?;
        Ok(())
    }

    /// Writes down how somebody wants to be told.
    pub async fn set_settings(
        &mut self,
        of: PersonId,
        settings: &NoticeSettings,
    ) -> Result<(), StoreError> {
        let (from, to) = settings.quiet.unzip();
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO notice_settings (person_id, mail, muted, quiet_from, quiet_to, utc_offset, lang)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (person_id) DO UPDATE SET mail = excluded.mail, muted = excluded.muted,
                     quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
                     utc_offset = excluded.utc_offset, lang = excluded.lang"
            ),
            of.uuid(),
            settings.mail.as_str(),
            Json(&settings.muted),
            from.map(i64::from),
            to.map(i64::from),
            i64::from(settings.utc_offset),
            settings.lang.pick("zh", "en")
        )?;
        Ok(())
    }

    /// Removes what was read, or told, before these times. Returns how many.
    pub async fn prune(&mut self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(execute!(self.0.tx(), sqlx::query("DELETE FROM notices WHERE created_at < $1"), before)?)
    }
}
