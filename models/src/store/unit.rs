//! Units of work and snapshots: the two ways to the repositories.
//!
//! A [`UnitOfWork`] is a transaction that an actor has begun. All that belongs to a change is written
//! in one, and commits together. A [`Snapshot`] only reads: what is shown together is read in one, so
//! that no commit comes in between.

use std::collections::BTreeSet;
use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::changes::Change;
use super::engine::{Engine, Tx};
use super::{Store, StoreError};
use crate::domain::actor::Actor;
use crate::domain::ids::{PersonId, SubmissionId};
use crate::domain::job::JobMessage;
use crate::domain::submission::SubmissionState;
use crate::metrics::DatabaseTimer;

mod sealed {
    /// Where a session keeps its transaction.
    pub trait HasTx: Send {
        fn tx(&mut self) -> &mut super::Tx;
    }
}
pub(super) use sealed::HasTx;

/// A unit of work or a snapshot: what repositories read from.
pub trait Session: HasTx {}

/// A transaction that reads: everything in it is seen as it was at one moment.
pub struct Snapshot {
    tx: Tx,
    _timer: DatabaseTimer,
}

/// A transaction that writes. Dropped without [`commit`](Self::commit), it changes nothing.
pub struct UnitOfWork {
    tx: Tx,
    store: Store,
    actor: Actor,
    person: Option<PersonId>,
    address: Option<IpAddr>,
    now: DateTime<Utc>,
    messages: Vec<JobMessage>,
    changes: BTreeSet<Change>,
    locked: Option<(SubmissionId, SubmissionState)>,
    _timer: DatabaseTimer,
}

impl HasTx for Snapshot {
    fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

impl HasTx for UnitOfWork {
    fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

impl Session for Snapshot {}
impl Session for UnitOfWork {}

impl UnitOfWork {
    /// Who makes the change.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The person behind the actor: of a token, its owner.
    pub const fn person(&self) -> Option<PersonId> {
        self.person
    }

    /// Where the request came from.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Says whose token the actor is.
    #[must_use]
    pub const fn of_person(mut self, person: PersonId) -> Self {
        self.person = Some(person);
        self
    }

    /// Says where the request comes from.
    #[must_use]
    pub const fn from_address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The time of the change.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Commits. Returns the messages of the jobs that this made ready, which the caller publishes.
    pub async fn commit(self) -> Result<Vec<JobMessage>, StoreError> {
        match self.tx {
            Tx::Sqlite(tx) => tx.commit().await?,
            Tx::Postgres(tx) => tx.commit().await?,
        }
        self.store.changes.announce(self.changes);
        Ok(self.messages)
    }

    /// The state of a submission that this unit of work has locked.
    pub(super) fn locked(&self, id: SubmissionId) -> Option<SubmissionState> {
        self.locked.filter(|(locked, _)| *locked == id).map(|(_, state)| state)
    }

    /// Remembers that this unit of work has locked a submission, and its state.
    pub(super) fn set_locked(&mut self, id: SubmissionId, state: SubmissionState) {
        self.locked = Some((id, state));
    }

    /// Publishes this when the change is committed.
    pub(super) fn publish(&mut self, message: JobMessage) {
        self.messages.push(message);
    }

    /// Tells followers of this when the change is committed.
    pub(super) fn changed(&mut self, change: Change) {
        self.changes.insert(change);
    }
}

impl Store {
    /// Begins a unit of work.
    pub async fn begin(&self, actor: Actor, now: DateTime<Utc>) -> Result<UnitOfWork, StoreError> {
        self.begin_with("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE", actor, now).await
    }

    /// Begins a unit of work whose commit survives a power cut at once, on SQLite too.
    pub async fn begin_durable(
        &self,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<UnitOfWork, StoreError> {
        self.begin_with("PRAGMA synchronous = FULL; BEGIN IMMEDIATE", actor, now).await
    }

    /// Begins to read everything as it is at one moment.
    pub async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let timer = DatabaseTimer::start("snapshot");
        let tx = match &self.engine {
            Engine::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Engine::Postgres(pool) => Tx::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?,
            ),
        };
        Ok(Snapshot { tx, _timer: timer })
    }

    /// SQLite takes the write lock at once: a transaction that reads first and writes later would
    /// fail, not wait, when another writer came between.
    async fn begin_with(
        &self,
        sqlite: &'static str,
        actor: Actor,
        now: DateTime<Utc>,
    ) -> Result<UnitOfWork, StoreError> {
        let timer = DatabaseTimer::start("transaction");
        let tx = match &self.engine {
            Engine::Sqlite { write, .. } => Tx::Sqlite(write.begin_with(sqlite).await?),
            Engine::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        };
        let person = match &actor {
            Actor::Person(person) => Some(*person),
            Actor::Token(_) | Actor::Worker(_) | Actor::System => None,
        };
        Ok(UnitOfWork {
            tx,
            store: self.clone(),
            actor,
            person,
            address: None,
            now,
            messages: Vec::new(),
            changes: BTreeSet::new(),
            locked: None,
            _timer: timer,
        })
    }
}
