//! Collect: removes stored objects that nobody refers to, once an hour.

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::collector::{CollectError, Policy, SAFE_AGE, UPLOAD_AGE, collect};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::store::{NoResult, Outcome};

use super::{Attempt, JobKind};

pub(super) struct Collect;

#[async_trait]
impl JobKind for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }

    fn urgency(&self) -> Urgency {
        Urgency::Background
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_hours(1))
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let policy = Policy { min_age: SAFE_AGE, min_upload_age: UPLOAD_AGE, dry_run: false };
        let store = &attempt.store;
        match collect(store, &*attempt.storage, policy, store.now()).await {
            Ok(collected) if collected.objects.is_empty() && collected.uploads == 0 => {}
            Ok(collected) => tracing::info!(
                objects = collected.objects.len(),
                bytes = collected.bytes(),
                uploads = collected.uploads,
                "removed what nobody refers to"
            ),
            // No reason to alarm anybody: in a new installation, the first upload may be on its way.
            Err(error @ CollectError::Strangers) => tracing::warn!(%error, "nothing is removed"),
            Err(error) => return Err(error.into()),
        }
        Ok(Box::new(NoResult))
    }
}
