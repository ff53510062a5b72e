//! The repository of channels, and what they are to be told.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::engine::{Tx, execute, fetch};
use super::rows::{all, branch, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::{AuditAction, Subject};
use crate::domain::branch::BranchPath;
use crate::domain::channel::Channel;
use crate::domain::ids::{ReportId, RoundId};
use crate::domain::job::{NewJob, Urgency};
use crate::domain::notice::NoticeEvent;

/// The kind of the jobs that tell a channel something.
pub const POST_JOB: &str = "post";

/// Channels in a session.
pub struct Channels<'s, S>(pub(super) &'s mut S);

#[derive(FromRow)]
struct ChannelRow {
    id: Uuid,
    branch: String,
    kind: String,
    name: String,
    url: String,
    secret: String,
    events: Json<Vec<NoticeEvent>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<ChannelRow> for Channel {
    type Error = StoreError;

    fn try_from(row: ChannelRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            branch: branch(&row.branch)?,
            kind: named(&row.kind)?,
            name: row.name,
            url: row.url,
            secret: row.secret,
            events: row.events.0,
            created_at: row.created_at,
        })
    }
}

/// The columns of [`ChannelRow`].
macro_rules! channel_columns {
    () => {
        "id, branch, kind, name, url, secret, events, created_at"
    };
}

impl<S: Session> Channels<'_, S> {
    /// The channel, or `None`.
    pub async fn get(&mut self, id: Uuid) -> Result<Option<Channel>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, ChannelRow>(concat!(
                "SELECT ",
                channel_columns!(),
                " FROM channels WHERE id = $1"
            )),
            id
        )?;
        row.map(Channel::try_from).transpose()
    }

    /// The channels of a branch and of those below it.
    pub async fn within(&mut self, of: &BranchPath) -> Result<Vec<Channel>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ChannelRow>(concat!(
                "SELECT ",
                channel_columns!(),
                " FROM channels WHERE branch >= $1 AND branch < $2 ORDER BY id"
            )),
            of.key(),
            of.end()
        )?)
    }

    /// The channels that are told of what happens in a branch: its own, and those of the branches above it.
    async fn of(&mut self, of: &BranchPath) -> Result<Vec<Channel>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ChannelRow>(concat!(
                "SELECT ",
                channel_columns!(),
                " FROM channels WHERE substr($1, 1, length(branch)) = branch ORDER BY id"
            )),
            of.key()
        )?)
    }
}

impl Channels<'_, UnitOfWork> {
    /// Adds a channel.
    pub async fn insert(&mut self, new: &Channel) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO channels (id, branch, kind, name, url, secret, events, next_at, created_by,
                                       created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8)"
            ),
            new.id,
            new.branch.key(),
            new.kind.as_str(),
            &new.name,
            &new.url,
            &new.secret,
            Json(&new.events),
            now,
            actor
        )?;
        // Without its address: that of a robot is a secret.
        let detail =
            json!({ "branch": new.branch.to_string(), "kind": new.kind, "name": new.name });
        self.0.audit().record(AuditAction::ChannelAdded, Subject::channel(new.id), detail).await
    }

    /// Removes a channel.
    pub async fn remove(&mut self, id: Uuid) -> Result<(), StoreError> {
        let removed = execute!(self.0.tx(), sqlx::query("DELETE FROM channels WHERE id = $1"), id)?;
        if removed == 1 {
            let subject = Subject::channel(id);
            self.0.audit().record(AuditAction::ChannelRemoved, subject, json!({})).await?;
        }
        Ok(())
    }

    /// Has those channels told that want to know of it: a job for each, not before the other side takes it.
    pub async fn tell(
        &mut self,
        of: &BranchPath,
        event: NoticeEvent,
        report: Option<ReportId>,
        round: Option<RoundId>,
    ) -> Result<(), StoreError> {
        for channel in self.of(of).await?.iter().filter(|channel| channel.wants(event)) {
            let not_before = Some(self.take_turn(channel).await?);
            let payload = json!({
                "id": Uuid::now_v7(),
                "channel": channel.id,
                "event": event,
                "branch": of.to_string(),
                "report": report,
                "round": round,
                "at": self.0.now(),
            });
            let job = NewJob {
                payload: Some(payload),
                not_before,
                ..NewJob::new(POST_JOB, Urgency::High)
            };
            self.0.jobs().insert(&job).await?;
        }
        Ok(())
    }

    /// When the channel can be told, and nobody else before.
    async fn take_turn(&mut self, channel: &Channel) -> Result<DateTime<Utc>, StoreError> {
        let now = self.0.now();
        if channel.kind.pace().is_zero() {
            return Ok(now);
        }
        let query = "SELECT next_at FROM channels WHERE id = $1";
        let next: DateTime<Utc> = match self.0.tx() {
            // SQLite has one writer.
            Tx::Sqlite(tx) => {
                sqlx::query_scalar(query).bind(channel.id).fetch_one(&mut **tx).await?
            }
            Tx::Postgres(tx) => {
                sqlx::query_scalar("SELECT next_at FROM channels WHERE id = $1 FOR UPDATE")
                    .bind(channel.id)
                    .fetch_one(&mut **tx)
                    .await?
            }
        };
        let turn = next.max(now);
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE channels SET next_at = $1 WHERE id = $2"),
            turn + channel.kind.pace(),
            channel.id
        )?;
        Ok(turn)
    }
}
