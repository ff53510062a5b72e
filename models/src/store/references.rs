//! What the rows say about stored objects: who refers to them, and who may be about to.

use std::collections::HashSet;

use uuid::Uuid;

use super::engine::read;
use super::{Store, StoreError};

/// What a range of submissions and exports refers to.
#[derive(Debug, Clone, Default)]
pub struct References {
    /// The keys in their file rows, and in those of uploads that are to become files.
    pub keys: HashSet<String>,
    /// The tokens under which their jobs run now. What was stored under them may yet be committed.
    pub running: HashSet<(Uuid, i64)>,
}

impl Store {
    /// What the submissions and exports with ids from `oldest` to `newest`, both included, refer to.
    ///
    /// Ask this after looking at the storage. Then an object that is neither referred to nor of a
    /// running attempt never will be: only the newest token of a running job may commit.
    pub async fn references(&self, oldest: Uuid, newest: Uuid) -> Result<References, StoreError> {
        // In this order: an attempt that commits in between has left the first list, but is in the
        // second.
        let running = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, (Uuid, i64)>(
                "SELECT submission_id, token FROM jobs
                 WHERE submission_id BETWEEN $1 AND $2 AND state = 'running'
                 UNION ALL SELECT exports.id, token FROM exports JOIN jobs ON jobs.id = job_id
                 WHERE exports.id BETWEEN $1 AND $2 AND state = 'running'"
            ),
            oldest,
            newest
        )?;
        let keys = read!(
            self,
            fetch_all,
            sqlx::query_scalar::<_, String>(
                "SELECT key FROM files WHERE submission_id BETWEEN $1 AND $2
                 UNION ALL SELECT key FROM uploads WHERE submission_id BETWEEN $1 AND $2
                 UNION ALL SELECT key FROM exports WHERE id BETWEEN $1 AND $2 AND key IS NOT NULL"
            ),
            oldest,
            newest
        )?;
        Ok(References { keys: keys.into_iter().collect(), running: running.into_iter().collect() })
    }
}
