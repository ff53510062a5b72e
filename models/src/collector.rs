//! Objects that nobody refers to: outputs of attempts that died, uploads that broke off.
//!
//! Whoever stores something removes it again if it is not committed. What a crash or an outage left
//! behind is found here, once it is so old that nobody can be at it any more. Uploads over several requests
//! are as old as their last change; the object of one that was finished stays while its upload is recorded.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt};

use crate::domain::failure::Failure;
use crate::domain::upload::KEPT;
use crate::storage::{Storage, StorageError, StorageKey, StoredObject};
use crate::store::{References, Store, StoreError};

/// Nothing younger is removed, unless an operator says otherwise.
pub const SAFE_AGE: Duration = Duration::from_hours(24);

/// No upload that is younger is removed: their rows say when they are given up, and expire before this.
pub const UPLOAD_AGE: Duration = KEPT.saturating_add(SAFE_AGE);

/// Objects looked up in the database at once.
const BATCH: usize = 1000;

/// What to remove.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Objects must be older than this. It must be longer than any upload takes: the rows of an
    /// upload come after its files.
    pub min_age: Duration,
    /// Uploads over several requests must have been idle for longer than this. Usually [`UPLOAD_AGE`]:
    /// people come back to them after days.
    pub min_upload_age: Duration,
    /// Only look.
    pub dry_run: bool,
}

/// What was removed, or would have been.
#[derive(Debug, Default)]
pub struct Collected {
    /// The objects.
    pub objects: Vec<StoredObject>,
    /// How many uploads were removed, unfinished ones and the records of finished ones; 0 if the policy was
    /// only to look.
    pub uploads: usize,
}

impl Collected {
    /// Size of the objects together, in bytes.
    pub fn bytes(&self) -> u64 {
        self.objects.iter().map(|object| object.size_bytes).sum()
    }
}

/// Why nothing more was removed.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] StoreError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The database knows no report, so every object would go. It is more likely that one of the
    /// two is the wrong one.
    #[error("the database holds no reports, but objects are stored: do these two belong together?")]
    Strangers,
}

impl From<CollectError> for Failure {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Db(error) => error.into(),
            CollectError::Storage(error) => error.into(),
            CollectError::Strangers => {
                Self::new(crate::domain::failure::FailureCode::BackendUnavailable, error)
            }
        }
    }
}

/// Removes what nobody refers to. Several processes may do so at the same time.
///
/// Storages by other clocks than `now`'s may be a little off, which [`Policy::min_age`] must cover.
pub async fn collect(
    store: &Store,
    storage: &dyn Storage,
    policy: Policy,
    now: DateTime<Utc>,
) -> Result<Collected, CollectError> {
    let mut collected = Collected::default();
    if !policy.dry_run {
        collected.uploads = storage.abort_leftovers(policy.min_upload_age).await?;
    }
    // Storages tell of some objects when they were begun, which may be days before they were finished.
    let uploads = storage.uploads().await?;
    let uploaded: HashSet<_> = uploads.into_iter().map(|upload| upload.key).collect();
    let born_before = TimeDelta::from_std(policy.min_age)
        .ok()
        .and_then(|age| now.checked_sub_signed(age))
        .unwrap_or(DateTime::<Utc>::MIN_UTC);
    for folder in StorageKey::FOLDERS {
        let mut batches = pin!(storage.list(folder).try_chunks(BATCH));
        while let Some(batch) = batches.next().await {
            let mut old = batch.map_err(|broken| broken.1)?;
            old.retain(|object| object.modified < born_before && !uploaded.contains(&object.key));
            for object in unreferenced(store, old).await? {
                if !policy.dry_run {
                    storage.delete(&object.key).await?;
                }
                collected.objects.push(object);
            }
        }
    }
    Ok(collected)
}

/// Those of the objects that are garbage by what the database says now.
async fn unreferenced(
    store: &Store,
    objects: Vec<StoredObject>,
) -> Result<Vec<StoredObject>, CollectError> {
    let owners = objects.iter().filter_map(|object| object.key.owner());
    let range = owners.fold(None, |range, id| match range {
        None => Some((id, id)),
        Some((oldest, newest)) => Some((id.min(oldest), id.max(newest))),
    });
    let Some((oldest, newest)) = range else { return Ok(Vec::new()) };
    let references = store.references(oldest, newest).await?;
    let garbage: Vec<_> =
        objects.into_iter().filter(|object| is_garbage(object, &references)).collect();
    if !garbage.is_empty() && store.report_ids(None, 1).await?.is_empty() {
        return Err(CollectError::Strangers);
    }
    Ok(garbage)
}

/// Whether an object that is old enough is referred to by nobody and never will be.
fn is_garbage(object: &StoredObject, references: &References) -> bool {
    // Where the key names no submission and no export, it is not ours to judge.
    let Some(owner) = object.key.owner() else { return false };
    let of_running_attempt =
        object.key.token().is_some_and(|token| references.running.contains(&(owner, token)));
    !references.keys.contains(object.key.as_str()) && !of_running_attempt
}

#[cfg(test)]
mod tests;
