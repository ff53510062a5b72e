//! Samples: what was done since the one before, and how large everything is.

use chrono::{DateTime, TimeDelta, Utc};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::sample::Sample;

use crate::harness::Harness;

on_every_engine! {
    a_sample_counts_what_was_done_since_the_one_before
    samples_are_pruned
}

impl Harness {
    async fn sample(&self, at: DateTime<Utc>) {
        let mut unit = self.store.begin(Actor::System, at).await.unwrap();
        unit.samples().take().await.unwrap();
        unit.commit().await.unwrap();
    }

    async fn samples(&self) -> Vec<Sample> {
        let since = self.now - TimeDelta::days(1);
        self.snapshot().await.samples().since(since).await.unwrap()
    }
}

async fn a_sample_counts_what_was_done_since_the_one_before(harness: Harness) {
    harness.sample(harness.now - TimeDelta::minutes(5)).await;
    harness.work(Stage::Ingest).await;
    let transcode = harness.claim(Stage::Transcode).await;
    let failure = Failure::new(FailureCode::UnsupportedCodec, "no decoder");
    harness.store.fail(&transcode, &failure, &harness.policy, harness.now).await.unwrap().unwrap();
    harness.sample(harness.now).await;
    harness.sample(harness.now + TimeDelta::minutes(5)).await;
    let samples = harness.samples().await;
    let counts: Vec<_> = samples.iter().map(|sample| (sample.done, sample.failed)).collect();
    assert_eq!(counts, [(0, 0), (1, 1), (0, 0)]);
    let files: u64 = harness.files().await.iter().map(|file| file.size_bytes).sum();
    assert_eq!(samples[1].storage_bytes, files);
    assert!(samples[1].database_bytes > 4096);
}

async fn samples_are_pruned(harness: Harness) {
    for minutes in [10, 5, 0] {
        harness.sample(harness.now - TimeDelta::minutes(minutes)).await;
    }
    let mut unit = harness.begin().await;
    let removed = unit.samples().prune(harness.now - TimeDelta::minutes(5)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!((removed, harness.samples().await.len()), (1, 2));
}
