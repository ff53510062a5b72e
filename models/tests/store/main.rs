//! What the database promises: claims are exclusive, stale tokens commit nothing, stages follow
//! each other, failures end somewhere.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where something is missing"
)]

#[path = "../common/postgres.rs"]
mod postgres;
#[path = "../common/rows.rs"]
mod rows;

use std::time::Duration;

use chrono::TimeDelta;
use huibao_models::backends::Backends;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::{JobMessage, JobState, RetryPolicy, Urgency, Verdict};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::submission::{FileKind, SubmissionState};
use huibao_models::store::{Claim, Continuation, JobFilter, Lost, Store, StoreError};
use huibao_models::{queue, storage};

use crate::harness::{Harness, LEASE, TEST, hand_in, ingest_result, outcome};
use crate::rows::{recognition, segment, transcript};

/// Every promise, on every engine.
macro_rules! on_every_engine {
    ($($promise:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::Harness::sqlite().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::Harness::postgres().await).await;
            })*
        }
    };
}

// Below the macro that it uses.
mod again;
mod audit;
mod console;
mod counts;
mod examples;
mod exports;
mod harness;
mod jobs;
mod lifecycle;
mod notices;
mod old;
mod people;
mod reviews;
mod rounds;
mod rubrics;
mod samples;
mod schema;
mod search;
mod second_pass;
mod transcripts;
mod units;
mod upgrade;
mod uploads;

on_every_engine! {
    a_report_goes_through_all_stages
    whoever_lost_the_lease_commits_nothing
    many_claimers_share_without_overlap
    stages_that_end_together_queue_what_waits_for_both
    the_last_to_end_goes_on_with_archive
    a_commit_whose_answer_was_lost_counts
    a_permanent_failure_ends_at_once_and_keeps_what_others_made
    a_passing_failure_is_tried_again_later_and_not_for_ever
    handing_back_does_not_count_as_an_attempt
    a_file_that_kills_every_worker_is_buried
    what_the_queue_missed_is_published_again
    a_message_that_was_not_published_is_due_at_once
    what_is_published_is_marked_unless_it_is_answered
    what_waits_in_a_long_queue_is_rarely_published_again
    the_relay_asks_the_queue_before_it_publishes_again
    a_dead_job_is_replayed
    what_was_written_is_read_back
    opening_an_embedded_database_recovers_its_jobs
}

async fn a_report_goes_through_all_stages(harness: Harness) {
    assert_eq!(harness.state().await, SubmissionState::Submitted);
    let ingest = harness.claim(Stage::Ingest).await;
    assert_eq!((ingest.kind.as_str(), ingest.attempt), ("ingest", 1));
    assert_eq!(harness.state().await, SubmissionState::Processing);
    for stage in [Stage::Transcode, Stage::Transcribe, Stage::Archive] {
        assert!(harness.try_claim(stage, harness.now).await.is_none(), "{stage} waits");
    }

    let mut ready = harness.complete(&ingest).await.unwrap();
    ready.sort();
    assert_eq!(ready, [Stage::Transcode, Stage::Transcribe]);
    let transcribe = harness.claim(Stage::Transcribe).await;
    let partial =
        async || harness.snapshot().await.transcripts().partial(harness.submission).await.unwrap();
    harness.store.publish_partial(&transcribe, 0, &segment()).await.unwrap();
    assert_eq!(partial().await, [segment()]);
    assert_eq!(harness.complete(&transcribe).await.unwrap(), []);
    assert!(partial().await.is_empty());
    let transcode = harness.claim(Stage::Transcode).await;
    assert_eq!(harness.complete(&transcode).await.unwrap(), [Stage::Archive]);
    let archive = harness.claim(Stage::Archive).await;
    assert_eq!(harness.complete(&archive).await.unwrap(), []);

    assert_eq!(harness.state().await, SubmissionState::Ready);
    assert_eq!(harness.transcript().await, Some(transcript()));
    let raw = harness.snapshot().await.transcripts().newest_raw(harness.submission).await.unwrap();
    assert_eq!(raw, Some(recognition().raw_transcript()));
    assert_eq!(harness.files().await.len(), 4);
    assert_eq!(
        harness.due(harness.now + TimeDelta::days(30)).await,
        [],
        "nothing is published for ever"
    );
}

async fn whoever_lost_the_lease_commits_nothing(harness: Harness) {
    let first = harness.claim(Stage::Ingest).await;
    assert!(harness.try_claim(Stage::Ingest, harness.now).await.is_none(), "it is held");
    let later = harness.now + LEASE + TimeDelta::seconds(1);
    let second = harness.try_claim(Stage::Ingest, later).await.unwrap();
    assert_eq!(second.job_id, first.job_id);
    assert_eq!(second.attempt, 2);

    let renewed = harness.store.renew(&first, LEASE, 0.5, later).await.unwrap();
    assert_eq!(renewed, Err(Lost));
    assert_eq!(harness.complete(&first).await, Err(Lost));
    let failure = Failure::internal("late");
    assert_eq!(
        harness.store.fail(&first, &failure, &harness.policy, later).await.unwrap(),
        Err(Lost)
    );
    assert_eq!(harness.store.hand_back(&first, later).await.unwrap(), Err(Lost));
    assert!(harness.submission().await.media.is_none());

    assert_eq!(harness.store.renew(&second, LEASE, 0.5, later).await.unwrap(), Ok(()));
    assert!(harness.complete(&second).await.is_ok());
}

async fn many_claimers_share_without_overlap(harness: Harness) {
    let message = harness.message(Stage::Ingest).await;
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (store, now) = (harness.store.clone(), harness.now);
        set.spawn(async move {
            store.claim(&message, &TEST, &RetryPolicy::default(), now).await.unwrap()
        });
    }
    assert_eq!(set.join_all().await.into_iter().flatten().count(), 1);
}

async fn stages_that_end_together_queue_what_waits_for_both(harness: Harness) {
    harness.complete(&harness.claim(Stage::Ingest).await).await.unwrap();
    let claims = [harness.claim(Stage::Transcode).await, harness.claim(Stage::Transcribe).await];
    let [one, other] = claims.each_ref().map(|claim| harness.complete(claim));
    let (one, other) = tokio::join!(one, other);
    let ready = [one.unwrap(), other.unwrap()].concat();
    assert_eq!(ready, [Stage::Archive]);
}

async fn the_last_to_end_goes_on_with_archive(harness: Harness) {
    let Harness { store, now, .. } = &harness;
    let complete = async |claim: Claim| {
        let next = claim.kind.parse::<Stage>().unwrap().continues_with();
        let next = next.map(|stage| Continuation { kind: stage.as_str(), claimant: TEST });
        let made = outcome(&claim);
        store.complete(&claim, &*made, 12, next.as_ref(), *now).await.unwrap().unwrap()
    };
    let ended = complete(harness.claim(Stage::Ingest).await).await;
    assert_eq!((ended.messages.len(), ended.next), (2, None), "others may take what is long");
    let ended = complete(harness.claim(Stage::Transcode).await).await;
    assert_eq!((ended.messages.len(), ended.next), (0, None), "archive waits for the text");
    let ended = complete(harness.claim(Stage::Transcribe).await).await;
    let archive = ended.next.unwrap();
    assert_eq!((archive.kind.as_str(), archive.attempt, archive.token), ("archive", 1, 1));
    let job = harness.job(Stage::Archive).await;
    assert_eq!((job.state, job.worker.as_deref()), (JobState::Running, Some(TEST.worker)));
    assert_eq!(harness.due(*now + LEASE - TimeDelta::seconds(1)).await, [], "it is held");
    assert_eq!(
        harness.due(*now + LEASE).await,
        [Stage::Archive],
        "and free if its holder vanishes"
    );
    complete(archive).await;
    assert_eq!(harness.state().await, SubmissionState::Ready);
}

async fn a_commit_whose_answer_was_lost_counts(harness: Harness) {
    let ingest = harness.claim(Stage::Ingest).await;
    harness.complete(&ingest).await.unwrap();
    assert_eq!(harness.complete(&ingest).await, Ok(vec![]), "it is ours");
    assert_eq!(harness.files().await.len(), 2, "and was done once");
}

async fn a_permanent_failure_ends_at_once_and_keeps_what_others_made(harness: Harness) {
    harness.complete(&harness.claim(Stage::Ingest).await).await.unwrap();
    harness.complete(&harness.claim(Stage::Transcribe).await).await.unwrap();
    let transcode = harness.claim(Stage::Transcode).await;
    let failure = Failure::new(FailureCode::UnsupportedCodec, "no decoder for xyz");
    let verdict =
        harness.store.fail(&transcode, &failure, &harness.policy, harness.now).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::Dead));
    assert_eq!(harness.state().await, SubmissionState::Failed);
    assert_eq!(harness.submission().await.failure, Some(failure));
    assert!(harness.transcript().await.is_some());
}

async fn a_passing_failure_is_tried_again_later_and_not_for_ever(mut harness: Harness) {
    harness.policy.max_attempts = 2;
    let full = Failure::new(FailureCode::DiskFull, "no space");
    let first = harness.claim(Stage::Ingest).await;
    let verdict = harness.store.fail(&first, &full, &harness.policy, harness.now).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::RetryAfter(harness.policy.first_delay)));
    assert!(harness.try_claim(Stage::Ingest, harness.now).await.is_none(), "not before its time");
    assert_eq!(harness.due(harness.now).await, [], "and not published before it");
    let later = harness.now + harness.policy.first_delay;
    assert_eq!(harness.due(later).await, [Stage::Ingest]);
    let second = harness.try_claim(Stage::Ingest, later).await.unwrap();
    let verdict = harness.store.fail(&second, &full, &harness.policy, later).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::Dead));
}

async fn handing_back_does_not_count_as_an_attempt(harness: Harness) {
    let first = harness.claim(Stage::Ingest).await;
    let message = harness.store.hand_back(&first, harness.now).await.unwrap().unwrap();
    assert_eq!(message, harness.message(Stage::Ingest).await);
    let second = harness.claim(Stage::Ingest).await;
    assert_eq!(second.attempt, 1);
    assert!(second.token > first.token);
}

async fn a_file_that_kills_every_worker_is_buried(mut harness: Harness) {
    harness.policy.max_attempts = 2;
    let mut now = harness.now;
    for _ in 0..harness.policy.max_attempts {
        assert!(harness.try_claim(Stage::Ingest, now).await.is_some());
        now += LEASE + Duration::from_secs(1);
    }
    assert!(harness.try_claim(Stage::Ingest, now).await.is_none());
    let job = harness.job(Stage::Ingest).await;
    assert_eq!((job.state, job.attempt), (JobState::Dead, 2));
    assert_eq!(job.error.unwrap().code, FailureCode::ChildCrashed);
    assert_eq!(harness.state().await, SubmissionState::Failed);
    assert_eq!(harness.due(now + TimeDelta::days(30)).await, []);
}

async fn what_the_queue_missed_is_published_again(harness: Harness) {
    let (soon, later) = (harness.now + TimeDelta::seconds(1), harness.now + TimeDelta::seconds(31));
    assert_eq!(harness.due(soon).await, [], "whoever submitted has published");
    assert_eq!(harness.due(later).await, [Stage::Ingest], "and may have died in between");
    assert_eq!(harness.due(later).await, [], "one relay is enough");
    let again = later + TimeDelta::seconds(31);
    assert_eq!(harness.due(again).await, [], "it is published now");
    assert_eq!(harness.lost(Some(0), later).await, []);
    assert_eq!(harness.lost(Some(0), again).await, [Stage::Ingest], "and may be lost");

    let claim = harness.claim(Stage::Ingest).await;
    assert_eq!(harness.due(harness.now + LEASE - TimeDelta::seconds(1)).await, [], "it is held");
    harness
        .store
        .renew(&claim, LEASE, 0.1, harness.now + TimeDelta::seconds(10))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(harness.due(harness.now + LEASE).await, [], "the lease was renewed");
    let end = harness.now + LEASE + TimeDelta::seconds(10);
    assert_eq!(harness.due(end).await, [Stage::Ingest]);
    harness.store.renew(&claim, LEASE, 0.2, end).await.unwrap().unwrap();
    assert_eq!(harness.due(end + LEASE).await, [Stage::Ingest], "as soon the second time");
}

async fn a_message_that_was_not_published_is_due_at_once(harness: Harness) {
    let message = harness.message(Stage::Ingest).await;
    harness.store.publish_soon(&[message], harness.now).await.unwrap();
    assert_eq!(harness.store.due_messages(100, harness.now).await.unwrap(), [message]);
    harness.store.publish_soon(&[message], harness.now).await.unwrap();
    assert_eq!(
        harness.store.due_messages(100, harness.now).await.unwrap(),
        [message],
        "nor the second time"
    );
}

async fn what_is_published_is_marked_unless_it_is_answered(harness: Harness) {
    let late = harness.now + TimeDelta::minutes(1);
    let message = harness.message(Stage::Ingest).await;
    harness
        .store
        .messages_published(&[JobMessage { token: 5, ..message }], harness.now)
        .await
        .unwrap();
    assert_eq!(harness.lost(Some(0), late).await, [], "the mark is about another attempt");
    harness.store.messages_published(&[message], harness.now).await.unwrap();
    assert_eq!(harness.due(late).await, []);
    assert_eq!(harness.lost(Some(0), late).await, [Stage::Ingest]);
    harness.claim(Stage::Ingest).await;
    harness.store.messages_published(&[message], harness.now).await.unwrap();
    assert_eq!(harness.due(late).await, [Stage::Ingest], "its lease ran out");
}

async fn what_waits_in_a_long_queue_is_rarely_published_again(harness: Harness) {
    harness
        .store
        .messages_published(&[harness.message(Stage::Ingest).await], harness.now)
        .await
        .unwrap();
    let mut now = harness.now + TimeDelta::seconds(30);
    for minutes in [10, 40, 160, 640, 640] {
        let longer = now + TimeDelta::minutes(minutes);
        let earlier = longer - TimeDelta::seconds(1);
        assert_eq!(harness.lost(Some(1), earlier).await, [], "after {minutes} minutes");
        assert_eq!(harness.lost(Some(1), longer).await, [Stage::Ingest], "after {minutes} minutes");
        now = longer + TimeDelta::seconds(30);
        assert_eq!(harness.due(now).await, []);
    }
    assert_eq!(harness.lost(None, now).await, [], "a queue that cannot tell is not flooded either");
    assert_eq!(harness.lost(None, now + TimeDelta::minutes(32)).await, [Stage::Ingest]);
    now += TimeDelta::minutes(33);
    assert_eq!(harness.lost(Some(0), now).await, [Stage::Ingest], "the queue was purged");
}

async fn the_relay_asks_the_queue_before_it_publishes_again(harness: Harness) {
    let folder = tempfile::tempdir().unwrap();
    let storage = format!("file://{}", folder.path().display());
    let backends = Backends {
        store: harness.store.clone(),
        storage: storage::open(&storage).await.unwrap(),
        queue: queue::open("embedded").await.unwrap(),
    };
    let waiting = async || backends.queue.waiting(Urgency::Highest).await.unwrap();
    let message = harness.message(Stage::Ingest).await;
    backends.announce(vec![message]).await;
    let late = harness.now + TimeDelta::minutes(1);
    backends.publish_due(late).await.unwrap();
    assert_eq!(waiting().await, 1, "it waits in the queue");

    let other = hand_in(&harness.store, harness.now).await.2[0];
    backends.publish_due(late).await.unwrap();
    assert_eq!(waiting().await, 2, "what was never published does not wait for others");

    let mut subscription = backends.queue.subscribe(Urgency::ALL, 1).await.unwrap();
    let received = [subscription.next().await.message, subscription.next().await.message];
    assert_eq!(received, [message, other]);
    backends.publish_due(late).await.unwrap();
    assert_eq!(waiting().await, 1, "the first is lost, of the second nobody knows yet");
    assert_eq!(subscription.next().await.message, message);
    backends.publish_due(late + TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(waiting().await, 2);
}

async fn a_dead_job_is_replayed(harness: Harness) {
    harness.complete(&harness.claim(Stage::Ingest).await).await.unwrap();
    let claim = harness.claim(Stage::Transcode).await;
    assert_eq!(harness.replay(&claim).await, None, "it is not dead");
    let failure = Failure::new(FailureCode::EncoderMissing, "no libx264");
    harness.store.fail(&claim, &failure, &harness.policy, harness.now).await.unwrap().unwrap();

    let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    let listed = harness.snapshot().await.jobs().list(&dead, 10).await.unwrap();
    assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [claim.job_id]);
    assert_eq!(listed[0].error, Some(failure));

    let message = harness.replay(&claim).await.unwrap();
    assert_eq!(message, harness.message(Stage::Transcode).await);
    let submission = harness.submission().await;
    assert_eq!((submission.state, submission.failure), (SubmissionState::Processing, None));
    let again = harness.claim(Stage::Transcode).await;
    assert_eq!(again.attempt, 1, "with all its attempts before it");
    harness.complete(&again).await.unwrap();
}

async fn what_was_written_is_read_back(harness: Harness) {
    let report = harness.snapshot().await.reports().get(harness.report).await.unwrap().unwrap();
    assert_eq!((report.title.as_str(), report.created_at), ("第三季度思想汇报", harness.now));
    let claim = harness.claim(Stage::Ingest).await;
    let made = ingest_result(&claim);
    harness.complete(&claim).await.unwrap();
    let submission = harness.submission().await;
    assert_eq!((submission.media, submission.created_at), (Some(made.media), harness.now));
    assert_eq!(harness.file(FileKind::Audio).await.as_ref(), made.files.first());
    let job = harness.job(Stage::Ingest).await;
    assert_eq!((job.work_ms, job.worker.as_deref()), (Some(12), Some("test")));
    let mut snapshot = harness.snapshot().await;
    assert_eq!(snapshot.reports().newest(None, 10).await.unwrap().len(), 1);
    assert!(snapshot.reports().newest(Some(harness.report), 10).await.unwrap().is_empty());
    let mut submissions = snapshot.submissions();
    let with = submissions.with_file(FileKind::Audio, &[harness.submission]).await;
    assert!(with.unwrap().contains(&harness.submission));
}

async fn opening_an_embedded_database_recovers_its_jobs(harness: Harness) {
    let first = harness.claim(Stage::Ingest).await;
    let soon = harness.now + TimeDelta::seconds(1);
    harness.store.recover(soon).await.unwrap();
    assert_eq!(harness.due(soon).await, [Stage::Ingest], "its holder is gone with its process");
    let second = harness.try_claim(Stage::Ingest, soon).await.unwrap();
    assert_eq!((second.attempt, second.token), (2, first.token + 1));
    harness.complete(&second).await.unwrap();
    harness.store.recover(soon).await.unwrap();
    let mut due = harness.due(soon).await;
    due.sort();
    assert_eq!(due, [Stage::Transcode, Stage::Transcribe], "the queue was in memory");
}

#[tokio::test]
async fn processes_that_start_together_migrate_once() {
    let url = postgres::postgres_schema().await;
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let url = url.clone();
        set.spawn(async move { Store::open(&url, 2).await.map(drop) });
    }
    for opened in set.join_all().await {
        opened.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_why() {
    let url = postgres::postgres_url();
    let password = url.split([':', '@']).nth(2).unwrap().to_owned();
    let wrong = Store::open(&url.replace(&password, "wrong"), 2).await.unwrap_err();
    assert!(!wrong.is_passing(), "{wrong}");
    assert!(wrong.to_string().contains("password"), "{wrong}");
    let nobody = Store::open("postgres://huibao@127.0.0.1:1/huibao", 2).await.unwrap_err();
    assert!(nobody.is_passing() && nobody.to_string().contains("127.0.0.1:1"), "{nobody}");
    let scheme = Store::open("mysql://x", 2).await.unwrap_err();
    assert!(matches!(scheme, StoreError::Url(_)));
}

#[tokio::test]
async fn a_schema_that_is_newer_is_refused() {
    let url = postgres::postgres_schema().await;
    Store::open(&url, 2).await.unwrap().close().await;
    postgres::pretend_newer(&url).await;
    let error = Store::open(&url, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer(9999)), "{error}");
}
