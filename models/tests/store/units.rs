//! Units of work, snapshots, and announcements of what was committed.

use std::time::Duration;

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::{JobState, NewJob, Urgency};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::ReportState;
use huibao_models::domain::submission::SubmissionState;
use huibao_models::store::{Change, JobFilter, Store};
use tokio::sync::broadcast::error::TryRecvError;

use crate::harness::{Harness, hand_in, new_report, new_submission};
use crate::rows::segment;

on_every_engine! {
    a_unit_of_work_that_is_dropped_changes_nothing
    what_a_unit_of_work_writes_is_seen_once_it_is_committed
    a_snapshot_sees_one_moment
    a_snapshot_does_not_hold_up_those_who_write
    a_commit_is_announced_to_followers
}

/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

async fn a_unit_of_work_that_is_dropped_changes_nothing(harness: Harness) {
    let mut follower = harness.store.changes().follow();
    let mut unit = harness.begin().await;
    let report = new_report();
    unit.reports().insert(&report).await.unwrap();
    unit.submissions().hand_in(&new_submission(report.id)).await.unwrap();
    assert!(unit.jobs().insert(&NewJob::new("mail", Urgency::Background)).await.unwrap());
    unit.reports().set_state(harness.report, ReportState::InReview).await.unwrap();
    // In the unit, it is there.
    assert!(unit.reports().overview(report.id).await.unwrap().unwrap().submission.is_some());
    drop(unit);

    let mut snapshot = harness.snapshot().await;
    assert!(snapshot.reports().get(report.id).await.unwrap().is_none());
    let kept = snapshot.reports().newest(None, 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].report.state, ReportState::Submitted);
    let jobs = snapshot.jobs().list(&JobFilter::default(), 100).await.unwrap();
    assert_eq!(jobs.len(), Stage::ALL.len());
    assert_eq!(follower.try_recv(), Err(TryRecvError::Empty));
    // Whoever comes next is not kept waiting.
    harness.work(Stage::Ingest).await;
}

async fn what_a_unit_of_work_writes_is_seen_once_it_is_committed(harness: Harness) {
    let mut unit = harness.begin().await;
    let report = new_report();
    unit.reports().insert(&report).await.unwrap();
    assert!(harness.snapshot().await.reports().get(report.id).await.unwrap().is_none());
    assert_eq!(unit.commit().await.unwrap(), [], "a draft has no jobs");
    let overview = harness.snapshot().await.reports().overview(report.id).await.unwrap().unwrap();
    assert_eq!(overview.report.state, ReportState::Draft);
    assert!(overview.submission.is_none());
}

async fn a_snapshot_sees_one_moment(harness: Harness) {
    let ingest = harness.claim(Stage::Ingest).await;
    let mut snapshot = harness.snapshot().await;
    let of = harness.submission;
    let before = snapshot.jobs().of_submission(of).await.unwrap();
    assert_eq!(before[0].state, JobState::Running);

    let failure = Failure::new(FailureCode::NotMedia, "text");
    harness.store.fail(&ingest, &failure, &harness.policy, harness.now).await.unwrap().unwrap();
    let (other, ..) = hand_in(&harness.store, harness.now).await;

    let submission = snapshot.submissions().get(of).await.unwrap().unwrap();
    assert_eq!((submission.state, submission.failure), (SubmissionState::Processing, None));
    assert_eq!(snapshot.jobs().of_submission(of).await.unwrap(), before);
    assert!(snapshot.reports().get(other).await.unwrap().is_none());
    assert_eq!(snapshot.reports().newest(None, 10).await.unwrap().len(), 1);
    drop(snapshot);

    let submission = harness.submission().await;
    assert_eq!((submission.state, submission.failure), (SubmissionState::Failed, Some(failure)));
    assert!(harness.snapshot().await.reports().get(other).await.unwrap().is_some());
}

async fn a_snapshot_does_not_hold_up_those_who_write(harness: Harness) {
    let mut snapshot = harness.snapshot().await;
    snapshot.reports().newest(None, 10).await.unwrap();
    harness.make_ready().await;
    let submission = snapshot.submissions().get(harness.submission).await.unwrap().unwrap();
    assert_eq!(submission.state, SubmissionState::Submitted);
}

async fn a_commit_is_announced_to_followers(harness: Harness) {
    let mut follower = harness.store.changes().follow();
    let mut announced = || {
        let mut changes = Vec::new();
        while let Ok(change) = follower.try_recv() {
            changes.push(change);
        }
        changes
    };
    let (report, submission, _) = hand_in(&harness.store, harness.now).await;
    let mut changes = announced();
    changes.sort();
    assert_eq!(changes, [Change::Report(report), Change::Submission(submission)]);

    // Whatever a reader of the submission can see.
    let ours = Change::Submission(harness.submission);
    let ingest = harness.claim(Stage::Ingest).await;
    assert_eq!(announced(), [ours]);
    let (store, now) = (&harness.store, harness.now);
    store.renew(&ingest, Duration::from_secs(30), 0.5, now).await.unwrap().unwrap();
    assert_eq!(announced(), [ours]);
    harness.complete(&ingest).await.unwrap();
    assert_eq!(announced(), [ours]);
    let transcribe = harness.claim(Stage::Transcribe).await;
    store.publish_partial(&transcribe, 0, &segment()).await.unwrap();
    assert_eq!(announced(), [ours, ours]);
    store.hand_back(&transcribe, now).await.unwrap().unwrap();
    assert_eq!(announced(), [ours]);
    let transcode = harness.claim(Stage::Transcode).await;
    announced();
    let failure = Failure::new(FailureCode::EncoderMissing, "no libx264");
    store.fail(&transcode, &failure, &harness.policy, now).await.unwrap().unwrap();
    assert!(announced().contains(&ours));
    harness.replay(&transcode).await.unwrap();
    assert_eq!(announced(), [ours]);
    harness.work(Stage::Transcode).await;
    harness.work(Stage::Transcribe).await;
    harness.work(Stage::Archive).await;
    announced();
    let mut unit = harness.begin().await;
    assert!(unit.jobs().recognize_again(harness.submission, "small").await.unwrap());
    assert_eq!(announced(), []);
    unit.commit().await.unwrap();
    assert_eq!(announced(), [ours]);
    let mut unit = harness.begin().await;
    unit.reports().set_state(harness.report, ReportState::InReview).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(announced(), [Change::Report(harness.report)]);
}

#[tokio::test]
async fn a_commit_is_announced_to_other_processes() {
    let harness = Harness::postgres().await;
    let other = Store::open(&harness.url, 4).await.unwrap();
    let mut follower = other.changes().follow();
    let (store, receiving) = (harness.store.clone(), other.clone());
    let sharing = tokio::spawn(async move { store.share_changes().await });
    let receiving = tokio::spawn(async move { receiving.receive_changes().await });
    let wanted = Change::Report(harness.report);
    let heard = async {
        loop {
            // Until the other one listens.
            let mut unit = harness.begin().await;
            let next = match unit.reports().get(harness.report).await.unwrap().unwrap().state {
                ReportState::InReview => ReportState::Returned,
                ReportState::Returned => ReportState::Submitted,
                _ => ReportState::InReview,
            };
            unit.reports().set_state(harness.report, next).await.unwrap();
            unit.commit().await.unwrap();
            let soon = tokio::time::timeout(Duration::from_millis(500), follower.recv()).await;
            if let Ok(change) = soon {
                // Other tests share the database.
                if change.unwrap() == wanted {
                    break;
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
    sharing.abort();
    receiving.abort();
}
