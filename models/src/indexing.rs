//! Keeps the search index true: reads the texts of reports that have changed, and writes what finds them.

use crate::domain::actor::Actor;
use crate::domain::ids::ReportId;
use crate::store::{Store, StoreError};

/// So many ids are read at once.
const BATCH: u32 = 500;

/// A report whose texts change while it is indexed is read again so often; then it waits for the next job.
const TRIES: u32 = 3;

/// Brings the index up to date about a report, if it is not. Says whether it is now.
pub async fn index(store: &Store, actor: &Actor, report: ReportId) -> Result<bool, StoreError> {
    for _ in 0..TRIES {
        // Long texts are read and taken apart before anything is locked.
        let Some(new) = store.snapshot().await?.search().unindexed(report).await? else {
            return Ok(true);
        };
        let mut unit = store.begin(actor.clone(), store.now()).await?;
        let written = unit.search().write(&new).await?;
        unit.commit().await?;
        if written {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Brings the index up to date about all reports that wait now, and says after each how many that makes. What changes
/// meanwhile has a job of its own.
pub async fn index_waiting(
    store: &Store,
    actor: &Actor,
    mut done: impl FnMut(u32),
) -> Result<(), StoreError> {
    let (now, mut count) = (store.now(), 0);
    let mut after: Option<ReportId> = None;
    loop {
        let reports = store.snapshot().await?.search().waiting(now, after, BATCH).await?;
        let Some(last) = reports.last() else { return Ok(()) };
        after = Some(*last);
        for report in reports {
            index(store, actor, report).await?;
            count += 1;
            done(count);
        }
    }
}
