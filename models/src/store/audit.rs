//! The repository of the audit log.

use std::net::IpAddr;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::rows::all;
use super::unit::{HasTx, Session, UnitOfWork};
use crate::checkpoint::Head;
use crate::domain::audit::{AuditAction, AuditEntry, ChainHash, Subject};
use crate::domain::ids::PersonId;

/// The audit log in a session.
pub struct Audit<'s, S>(pub(super) &'s mut S);

/// Which entries are asked for.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// What was done, by its name.
    pub action: Option<String>,
    /// To what.
    pub subject: Option<String>,
    /// By whom.
    pub person: Option<PersonId>,
    /// Only entries older than this one.
    pub before: Option<Uuid>,
}

/// An entry in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number, from 1.
    pub seq: u64,
    /// The entry.
    pub entry: AuditEntry,
    /// The hash that covers it and everything before it.
    pub hash: ChainHash,
}

#[derive(FromRow)]
struct EntryRow {
    id: Uuid,
    at: DateTime<Utc>,
    actor: String,
    person_id: Option<Uuid>,
    address: Option<String>,
    action: String,
    subject: String,
    detail: String,
}

impl TryFrom<EntryRow> for AuditEntry {
    type Error = StoreError;

    fn try_from(row: EntryRow) -> Result<Self, StoreError> {
        let address = row.address.map(|address| super::rows::named(&address)).transpose()?;
        Ok(Self {
            id: row.id,
            at: row.at,
            actor: row.actor,
            person: row.person_id.map(PersonId::from),
            address,
            action: row.action,
            subject: Subject::from_text(row.subject),
            detail: row.detail,
        })
    }
}

#[derive(FromRow)]
struct LinkRow {
    seq: i64,
    hash: Vec<u8>,
    #[sqlx(flatten)]
    entry: EntryRow,
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.seq.unsigned_abs(),
            entry: row.entry.try_into()?,
            hash: hash(&row.hash)?,
        })
    }
}

fn hash(bytes: &[u8]) -> Result<ChainHash, StoreError> {
    ChainHash::from_bytes(bytes)
        .ok_or_else(|| StoreError::Corrupt("a hash of the audit log has another length".into()))
}

/// The columns of [`EntryRow`].
macro_rules! entry_columns {
    () => {
        "id, at, actor, person_id, address, action, subject, detail"
    };
}

/// The newest entries that fulfil a condition. The condition's own values begin at `$4`.
macro_rules! entries {
    ($session:expr, $condition:literal, $filter:expr, $limit:expr $(, $bind:expr)* $(,)?) => {
        fetch!(
            $session.tx(),
            fetch_all,
            sqlx::query_as::<_, EntryRow>(concat!(
                "SELECT ",
                entry_columns!(),
                " FROM audit_entries
                 WHERE ($1 IS NULL OR action = $1) AND ($2 IS NULL OR id < $2) AND ",
                $condition,
                " ORDER BY id DESC LIMIT $3"
            )),
            &$filter.action,
            $filter.before,
            i64::from($limit)
            $(, $bind)*
        )
    };
}

impl<S: Session> Audit<'_, S> {
    /// The newest entries of a kind, at most `limit`.
    pub async fn list(
        &mut self,
        filter: &AuditFilter,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let person = filter.person.map(PersonId::uuid);
        // Each from the index that leaves least.
        all(match (&filter.subject, person) {
            (Some(subject), _) => {
                entries!(
                    self.0,
                    "subject = $4 AND ($5 IS NULL OR person_id = $5)",
                    filter,
                    limit,
                    subject,
                    person
                )
            }
            (None, Some(person)) => entries!(self.0, "person_id = $4", filter, limit, person),
            (None, None) => entries!(self.0, "TRUE", filter, limit),
        }?)
    }

    /// Entries of the chain after number `after`, at most `limit`, in its order.
    pub async fn chain(&mut self, after: u64, limit: u32) -> Result<Vec<Link>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, LinkRow>(concat!(
                "SELECT seq, hash, ",
                entry_columns!(),
                " FROM audit_chain JOIN audit_entries ON id = entry_id
                 WHERE seq > $1 ORDER BY seq LIMIT $2"
            )),
            i64::try_from(after).unwrap_or(i64::MAX),
            i64::from(limit)
        )?)
    }

    /// The head of the chain.
    pub async fn head(&mut self) -> Result<Head, StoreError> {
        let last = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, (i64, Vec<u8>)>(
                "SELECT seq, hash FROM audit_chain ORDER BY seq DESC LIMIT 1"
            )
        )?;
        match last {
            Some((seq, bytes)) => Ok(Head { entries: seq.unsigned_abs(), hash: hash(&bytes)? }),
            None => Ok(Head { entries: 0, hash: ChainHash::GENESIS }),
        }
    }

    /// How many entries the log has, and how many of them are not in the chain yet.
    pub async fn counts(&mut self) -> Result<(u64, u64), StoreError> {
        let (entries, pending) = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_as::<_, (i64, i64)>(
                "SELECT (SELECT count(*) FROM audit_entries), (SELECT count(*) FROM audit_pending)"
            )
        )?;
        Ok((entries.unsigned_abs(), pending.unsigned_abs()))
    }

    /// All checkpoints, the oldest first, each with when it was made.
    pub async fn checkpoints(&mut self) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        Ok(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, (String, DateTime<Utc>)>(
                "SELECT note, made_at FROM audit_checkpoints ORDER BY seq"
            )
        )?)
    }

    /// When the newest checkpoint was made, and of how many entries.
    pub async fn last_checkpoint(&mut self) -> Result<Option<(u64, DateTime<Utc>)>, StoreError> {
        let last = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, (i64, DateTime<Utc>)>(
                "SELECT seq, made_at FROM audit_checkpoints ORDER BY seq DESC LIMIT 1"
            )
        )?;
        Ok(last.map(|(seq, made_at)| (seq.unsigned_abs(), made_at)))
    }
}

impl Audit<'_, UnitOfWork> {
    /// Writes down what this unit of work does; `detail` is a JSON object without secrets.
    pub async fn record(
        &mut self,
        action: AuditAction,
        subject: impl Into<Subject>,
        detail: Value,
    ) -> Result<(), StoreError> {
        let (id, actor, now) = (Uuid::now_v7(), self.0.actor().to_string(), self.0.now());
        // What both engines keep, so that it is the same when it is read.
        let at = now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now);
        let (person, address) = (self.0.person(), self.0.address());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO audit_entries (id, at, actor, person_id, address, action, subject, detail)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
            ),
            id,
            at,
            actor,
            person.map(PersonId::uuid),
            address.as_ref().map(IpAddr::to_string),
            action.as_str(),
            subject.into().as_str(),
            detail.to_string()
        )?;
        execute!(self.0.tx(), sqlx::query("INSERT INTO audit_pending (entry_id) VALUES ($1)"), id)?;
        Ok(())
    }

    /// Takes entries that wait, at most `limit`, into the chain. Returns how many.
    ///
    /// # Errors
    ///
    /// A database error if another process does so at the same time: one of the two does not commit.
    pub async fn seal(&mut self, limit: u32) -> Result<u32, StoreError> {
        let head = self.head().await?;
        let waiting: Vec<AuditEntry> = all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, EntryRow>(concat!(
                "SELECT ",
                entry_columns!(),
                " FROM audit_pending JOIN audit_entries ON id = entry_id ORDER BY id LIMIT $1"
            )),
            i64::from(limit)
        )?)?;
        let (mut seq, mut hash, mut sealed) = (head.entries, head.hash, 0);
        for entry in &waiting {
            (seq, hash, sealed) = (seq + 1, hash.followed_by(entry), sealed + 1);
            execute!(
                self.0.tx(),
                sqlx::query("INSERT INTO audit_chain (seq, entry_id, hash) VALUES ($1, $2, $3)"),
                i64::try_from(seq).unwrap_or(i64::MAX),
                entry.id,
                &hash.as_bytes()[..]
            )?;
            execute!(
                self.0.tx(),
                sqlx::query("DELETE FROM audit_pending WHERE entry_id = $1"),
                entry.id
            )?;
        }
        Ok(sealed)
    }

    /// Keeps a checkpoint of a head.
    pub async fn add_checkpoint(&mut self, head: &Head, note: &str) -> Result<(), StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO audit_checkpoints (seq, note, made_at) VALUES ($1, $2, $3)
                 ON CONFLICT DO NOTHING"
            ),
            i64::try_from(head.entries).unwrap_or(i64::MAX),
            note,
            now
        )?;
        Ok(())
    }
}
