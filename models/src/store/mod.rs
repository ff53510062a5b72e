//! The store: rows on SQLite or PostgreSQL. The database is the truth.
//!
//! What a person or a program changes is a [`UnitOfWork`] that an actor begins; what is shown together
//! is read in one [`Snapshot`]. Both lead to the repositories: one file for each aggregate. How workers
//! claim and end jobs is in `jobs`, each step a transaction of its own.
//!
//! Both engines run the same statements (`engine`). Time is a parameter of the functions that need it.

mod audit;
mod changes;
mod channels;
mod clock;
mod comments;
mod engine;
mod error;
mod examples;
mod exports;
mod idempotency;
mod identities;
mod jobs;
mod notices;
mod open;
mod people;
mod references;
mod reports;
mod repositories;
mod results;
mod reviews;
mod rounds;
mod rows;
mod rubrics;
mod samples;
mod search;
mod sessions;
mod sign_in;
mod submissions;
mod time;
mod tokens;
mod transcripts;
mod transfer;
mod unit;
mod uploads;
mod workers;

pub use audit::{Audit, AuditFilter, Link};
pub use changes::{Change, Changes};
pub use channels::{Channels, POST_JOB};
pub use comments::{Comments, NewComment};
pub use error::{Lost, StoreError};
pub use examples::Examples;
pub use exports::{EXPORT_JOB, ExportFilter, Exports};
pub use idempotency::{IdempotencyKeys, KeptAnswer, Repeated};
pub use identities::Identities;
pub use jobs::{
    Backlog, Claim, Claimant, Committed, Continuation, FailureGroup, JobFilter, Jobs, Outcome,
    Throughput, Unanswered,
};
pub use notices::{MAIL_JOB, NewNotice, Notices};
pub use people::{NewPerson, People, PeopleFilter, PersonOverview};
pub use references::References;
pub use reports::{
    DraftVersion, NewReport, ReportContent, ReportCounts, ReportFilter, ReportOverview, Reports,
};
pub use results::{ArchiveResult, ExportResult, IngestResult, NoResult, TranscodeResult};
pub use reviews::{NewDecision, Reviews};
pub use rounds::{ANNOUNCE_ROUND_JOB, RoundContent, Rounds};
pub use rubrics::{NewAnswer, Rubrics};
pub use samples::Samples;
pub use search::{Found, INDEX_JOB, Search, SearchQuery, Unindexed};
pub use sessions::{IDLE as SESSION_IDLE, LIFETIME as SESSION_LIFETIME, Sessions, SignedIn};
pub use sign_in::{SETUP_LIFETIME, SignIns};
pub use submissions::{NewSubmission, Submissions};
pub use tokens::{NewToken, Token, Tokens};
pub use transcripts::{Corrected, CorrectionRecord, NumberedTranscript, Transcripts};
pub use transfer::{AccountRows, Extent, Reference, ReportRows};
pub use unit::{Session, Snapshot, UnitOfWork};
pub use uploads::{Uploads, WRITER_LEASE};
pub use workers::Workers;

use std::sync::Arc;

use clock::Clock;
use engine::Engine;

/// The rows of one installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    clock: Arc<Clock>,
    changes: Changes,
}

impl Store {
    fn on(engine: Engine) -> Self {
        let clock = Arc::new(Clock::of_this_machine());
        Self { engine, clock, changes: Changes::default() }
    }

    /// Announcements of what is committed.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Whether a query is answered now.
    pub async fn health(&self) -> Result<(), StoreError> {
        engine::read!(self, fetch_one, sqlx::query_scalar::<_, i32>("SELECT 1"))?;
        Ok(())
    }

    /// Closes all connections, so that a SQLite file may be moved or removed.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Engine::Postgres(pool) => pool.close().await,
        }
    }
}
