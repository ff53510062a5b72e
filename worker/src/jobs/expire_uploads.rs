//! Expire uploads: removes those that nobody has continued for a week, once an hour.

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::domain::upload::{KEPT, Upload};
use huibao_models::storage::{StorageKey, UploadId};
use huibao_models::store::{NoResult, Outcome};

use super::{Attempt, JobKind};

/// So many at once.
const BATCH: u32 = 500;

pub(super) struct ExpireUploads;

#[async_trait]
impl JobKind for ExpireUploads {
    fn name(&self) -> &'static str {
        "expire-uploads"
    }

    fn urgency(&self) -> Urgency {
        Urgency::Background
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_hours(1))
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let before = attempt.store.now() - KEPT;
        let mut removed = 0;
        loop {
            let mut snapshot = attempt.store.snapshot().await?;
            let expired = snapshot.uploads().untouched(before, BATCH).await?;
            drop(snapshot);
            for upload in &expired {
                remove(attempt, upload).await?;
                removed += 1;
            }
            if expired.len() < BATCH as usize {
                break;
            }
        }
        if removed > 0 {
            tracing::info!(removed, "gave up uploads that nobody continued");
        }
        Ok(Box::new(NoResult))
    }
}

/// The bytes first: without its row, nobody would find them.
async fn remove(attempt: &Attempt, upload: &Upload) -> Result<(), Failure> {
    attempt.storage.remove_upload(UploadId::from(upload.id)).await?;
    if upload.is_finished()
        && let Some(key) = StorageKey::parse(&upload.key)
    {
        attempt.storage.delete(&key).await?;
    }
    let worker = Actor::Worker(attempt.claim.worker.clone());
    let mut unit = attempt.store.begin(worker, attempt.store.now()).await?;
    unit.uploads().remove(upload.id).await?;
    unit.commit().await?;
    Ok(())
}
