//! The database backend: reports, files, jobs and transcripts. The database is the truth.
//!
//! SQLite and PostgreSQL run the same statements (`engine`). Time is a parameter of the functions
//! that need it.

mod again;
mod claim;
mod clock;
mod commit;
mod dead;
mod engine;
mod error;
mod jobs;
mod messages;
mod open;
mod references;
mod reports;
mod settle;
mod transcripts;
mod transfer;

pub use claim::{Claim, Claimant};
pub use commit::{Committed, Completion, IngestResult, TranscodeResult};
pub use dead::JobFilter;
pub use error::{Lost, StoreError};
pub use messages::Unanswered;
pub use references::References;
pub use reports::NewReport;
pub use transfer::{Extent, Reference, ReportRows};

use std::sync::Arc;

use clock::Clock;
use engine::Engine;

/// The rows of one installation.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    clock: Arc<Clock>,
}

impl Store {
    fn on(engine: Engine) -> Self {
        Self { engine, clock: Arc::new(Clock::of_this_machine()) }
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
