//! Moving an installation to other backends: every row and every object that rows refer to.
//!
//! A report is moved whole: its objects first, each checked on the way, then its rows in one
//! transaction. So whoever reads the target sees a report with everything or not at all, and a run
//! that was interrupted goes on where it stopped. The source is only read.

mod error;
mod objects;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use error::{BackendError, TransferError};

use crate::domain::ids::ReportId;
use crate::storage::Storage;
use crate::store::{ReportRows, Store};

/// Ids read at once.
const PAGE: u32 = 1000;

/// Rows and files of an installation.
#[derive(Clone)]
pub struct Side {
    /// Rows.
    pub store: Store,
    /// Files.
    pub storage: Arc<dyn Storage>,
}

/// What one run has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Reports whose rows were added.
    pub reports: u64,
    /// Objects that were stored.
    pub files: u64,
    /// Size of these objects together, in bytes.
    pub bytes: u64,
    /// Objects that were there already.
    pub skipped: u64,
}

/// Told of each number of bytes that needs no more work. In the end they add up to the size of all
/// files, unless a report stays behind.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// Moves everything that `from` holds to `to`, and compares both in the end.
///
/// Nobody may work with either of them meanwhile. Running jobs are queued at the target; their messages
/// are due at `now` at the soonest.
///
/// # Errors
///
/// [`TransferError::Stranger`] before anything is written, if the target holds other reports. After
/// any other error, calling this again goes on.
pub async fn transfer(
    from: &Side,
    to: &Side,
    now: DateTime<Utc>,
    progress: Progress,
) -> Result<Moved, TransferError> {
    let ids = all_ids(&from.store).await.map_err(TransferError::source)?;
    let there = all_ids(&to.store).await.map_err(TransferError::target)?;
    // Ids come in order from every engine.
    if let Some(id) = there.iter().find(|id| ids.binary_search(id).is_err()) {
        return Err(TransferError::Stranger(*id));
    }
    // First: reports belong to people.
    Box::pin(move_accounts(from, to, now)).await?;
    let mut moved = Moved::default();
    let mut left_behind = Vec::new();
    for id in &ids {
        let transport = Transport { from, to, now, progress: &progress };
        let there = there.binary_search(id).is_ok();
        match Box::pin(transport.report(*id, there, &mut moved)).await {
            Err(error) if error.is_of_one_report() => {
                tracing::error!(%error, "a report stays behind");
                left_behind.push(error);
            }
            done => done?,
        }
    }
    let count = left_behind.len();
    if let Some(first) = left_behind.into_iter().next() {
        return Err(TransferError::LeftBehind { count, first: Box::new(first) });
    }
    Box::pin(compare(from, to, &ids)).await?;
    Ok(moved)
}

async fn move_accounts(from: &Side, to: &Side, now: DateTime<Utc>) -> Result<(), TransferError> {
    let accounts = from.store.account_rows().await.map_err(TransferError::source)?;
    to.store.adopt_accounts(&accounts, now).await.map_err(TransferError::target)
}

struct Transport<'a> {
    from: &'a Side,
    to: &'a Side,
    now: DateTime<Utc>,
    progress: &'a Progress,
}

impl Transport<'_> {
    /// Moves a report. `there`: its rows came in an earlier run, so its objects did as well.
    async fn report(
        &self,
        id: ReportId,
        there: bool,
        moved: &mut Moved,
    ) -> Result<(), TransferError> {
        let rows = rows(&self.from.store, id, TransferError::source).await?;
        self.objects(&rows, there, moved).await?;
        if self.to.store.adopt(&rows, self.now).await.map_err(TransferError::target)? {
            moved.reports += 1;
        }
        Ok(())
    }
}

async fn all_ids(store: &Store) -> Result<Vec<ReportId>, crate::store::StoreError> {
    let mut all = Vec::new();
    loop {
        let page = store.report_ids(all.last().copied(), PAGE).await?;
        let last = page.len() < PAGE as usize;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

/// The rows of a report that was there a moment ago.
async fn rows(
    store: &Store,
    id: ReportId,
    side: fn(crate::store::StoreError) -> TransferError,
) -> Result<ReportRows, TransferError> {
    store.report_rows(id).await.map_err(side)?.ok_or(TransferError::Differs(id))
}

/// Whether both sides hold the same.
async fn compare(from: &Side, to: &Side, ids: &[ReportId]) -> Result<(), TransferError> {
    for id in ids {
        let source = rows(&from.store, *id, TransferError::source).await?;
        let target = rows(&to.store, *id, TransferError::target).await?;
        if !source.same_as(&target) {
            return Err(TransferError::Differs(*id));
        }
    }
    let source_extent = from.store.extent().await.map_err(TransferError::source)?;
    let target_extent = to.store.extent().await.map_err(TransferError::target)?;
    if source_extent != target_extent {
        return Err(TransferError::Counts { source_extent, target_extent });
    }
    Ok(())
}
