//! What operators see of jobs and workers, and do with them.

use chrono::TimeDelta;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::JobState;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::submission::SubmissionState;
use huibao_models::domain::worker::WorkerInfo;
use huibao_models::store::JobFilter;

use crate::harness::{Harness, hand_in};

on_every_engine! {
    failures_are_grouped_by_their_cause
    a_dead_job_is_discarded_or_tried_again
    what_was_done_lately_is_counted
    jobs_are_listed_page_by_page
    workers_are_seen_and_told_to_pause
}

async fn die(harness: &Harness, stage: Stage, code: FailureCode) {
    let claim = harness.claim(stage).await;
    let failure = Failure::new(code, "for a reason");
    harness.store.fail(&claim, &failure, &harness.policy, harness.now).await.unwrap().unwrap();
}

async fn failures_are_grouped_by_their_cause(mut harness: Harness) {
    die(&harness, Stage::Ingest, FailureCode::NotMedia).await;
    for code in [FailureCode::UnsupportedCodec, FailureCode::NotMedia] {
        (harness.report, harness.submission, _) = hand_in(&harness.store, harness.now).await;
        die(&harness, Stage::Ingest, code).await;
    }
    let groups = harness.snapshot().await.jobs().failures().await.unwrap();
    let told: Vec<_> =
        groups.iter().map(|group| (group.kind.as_str(), group.code.as_str(), group.jobs)).collect();
    assert_eq!(told, [("ingest", "not_media", 2), ("ingest", "unsupported_codec", 1)]);
    assert_eq!(groups[0].newest, Some(harness.now));
    let (state, code) = (Some(JobState::Dead), Some("not_media".to_owned()));
    let filter = JobFilter { state, code, ..JobFilter::default() };
    assert_eq!(harness.snapshot().await.jobs().list(&filter, 9).await.unwrap().len(), 2);
}

async fn a_dead_job_is_discarded_or_tried_again(harness: Harness) {
    die(&harness, Stage::Ingest, FailureCode::NotMedia).await;
    let id = harness.job(Stage::Ingest).await.id;
    let discard = async || {
        let mut unit = harness.begin().await;
        let discarded = unit.jobs().discard(id).await.unwrap();
        unit.commit().await.unwrap();
        discarded
    };
    assert!(discard().await);
    assert!(!discard().await, "it is");
    let mut snapshot = harness.snapshot().await;
    assert_eq!(snapshot.jobs().failures().await.unwrap(), []);
    let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    assert_eq!(snapshot.jobs().list(&dead, 9).await.unwrap(), []);
    let backlog = snapshot.jobs().backlog().await.unwrap();
    assert!(backlog.iter().all(|counted| counted.state != JobState::Dead), "{backlog:?}");
    drop(snapshot);
    assert_eq!(harness.state().await, SubmissionState::Failed, "what it worked on stays");
    // Somebody who knows it can try it all the same; if it fails again, it is seen again.
    let mut unit = harness.begin().await;
    assert!(unit.jobs().replay(id).await.unwrap());
    unit.commit().await.unwrap();
    die(&harness, Stage::Ingest, FailureCode::NotMedia).await;
    assert_eq!(harness.snapshot().await.jobs().failures().await.unwrap().len(), 1);
}

async fn what_was_done_lately_is_counted(harness: Harness) {
    harness.work(Stage::Ingest).await;
    harness.work(Stage::Transcode).await;
    let since = async |time| harness.snapshot().await.jobs().throughput(time).await.unwrap();
    let lately = since(harness.now - TimeDelta::hours(1)).await;
    let told: Vec<_> =
        lately.iter().map(|done| (done.kind.as_str(), done.done, done.mean_work_ms)).collect();
    assert_eq!(told, [("ingest", 1, 12.0), ("transcode", 1, 12.0)]);
    assert_eq!(since(harness.now + TimeDelta::seconds(1)).await, []);
}

async fn jobs_are_listed_page_by_page(harness: Harness) {
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let filter = JobFilter { before, ..JobFilter::default() };
        let page = harness.snapshot().await.jobs().list(&filter, 3).await.unwrap();
        before = page.last().map(|job| job.id);
        seen.extend(page.into_iter().map(|job| job.id));
        if before.is_none() {
            break;
        }
    }
    let mut all: Vec<_> = harness.jobs().await.into_iter().map(|job| job.id).collect();
    all.reverse();
    assert_eq!(seen, all);
}

async fn workers_are_seen_and_told_to_pause(harness: Harness) {
    let Harness { store, now, .. } = &harness;
    let info = |name: &str, cores| WorkerInfo {
        name: name.into(),
        version: "1.0.0".into(),
        cores,
        kinds: vec!["ingest".into()],
        model: "base".into(),
    };
    let later = *now + TimeDelta::minutes(1);
    assert!(!store.worker_seen(&info("a/1", 2), *now, *now).await.unwrap());
    assert!(!store.worker_seen(&info("b/2", 4), *now, *now).await.unwrap());
    let mut unit = harness.begin().await;
    assert!(unit.workers().set_paused("a/1", true).await.unwrap());
    assert!(!unit.workers().set_paused("c/3", true).await.unwrap());
    unit.commit().await.unwrap();
    assert!(store.worker_seen(&info("a/1", 3), later, later).await.unwrap(), "it is to pause");
    let found = harness.snapshot().await.workers().since(later).await.unwrap();
    let [worker] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&worker.info, worker.paused), (&info("a/1", 3), true));
    assert_eq!((worker.started_at, worker.seen_at), (*now, later));
    let all = async || harness.snapshot().await.workers().since(*now).await.unwrap().len();
    assert_eq!(all().await, 2);
    store.worker_gone("b/2").await.unwrap();
    assert_eq!(all().await, 1);
    let mut unit = harness.begin().await;
    assert_eq!(unit.workers().prune(later + TimeDelta::seconds(1)).await.unwrap(), 1);
    unit.commit().await.unwrap();
    assert_eq!(all().await, 0);
}
