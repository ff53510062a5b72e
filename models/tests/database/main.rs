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
use huibao_models::db::{Claim, Completion, Database, DbError, Lost, TaskFilter};
use huibao_models::failure::{Failure, FailureCode};
use huibao_models::keepers::Keepers;
use huibao_models::report::{FileKind, ReportState};
use huibao_models::task::{Hint, RetryPolicy, Stage, TaskState, Verdict};
use huibao_models::{queue, storage};

use uuid::Uuid;

use crate::house::{House, LEASE, TEST, completion, new_report};
use crate::rows::{recognition, segment, transcript};

/// Every promise, on every engine.
macro_rules! on_every_engine {
    ($($promise:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::House::sqlite().await).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::House::postgres().await).await;
            })*
        }
    };
}

// Below the macro that it uses.
mod again;
mod house;
mod upgrade;

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
    what_the_queue_missed_is_hinted_again
    a_hint_that_was_not_published_is_due_at_once
    what_is_published_is_marked_unless_it_is_answered
    what_waits_in_a_long_queue_is_rarely_hinted_again
    the_relay_asks_the_queue_before_it_publishes_again
    a_dead_task_is_replayed
    what_was_written_is_read_back
    opening_an_embedded_database_recovers_its_tasks
}

async fn a_report_goes_through_all_stages(house: House) {
    assert_eq!(house.state().await, ReportState::Submitted);
    let ingest = house.claim(Stage::Ingest).await;
    assert_eq!((ingest.stage, ingest.attempt), (Stage::Ingest, 1));
    assert_eq!(house.state().await, ReportState::Processing);
    for stage in [Stage::Transcode, Stage::Transcribe, Stage::Archive] {
        assert!(house.try_claim(stage, house.now).await.is_none(), "{stage} waits");
    }

    let mut ready = house.complete(&ingest).await.unwrap();
    ready.sort();
    assert_eq!(ready, [Stage::Transcode, Stage::Transcribe]);
    let transcribe = house.claim(Stage::Transcribe).await;
    house.db.publish_partial(&transcribe, 0, &segment()).await.unwrap();
    assert_eq!(house.db.partial(house.report).await.unwrap(), [segment()]);
    assert_eq!(house.complete(&transcribe).await.unwrap(), []);
    assert!(house.db.partial(house.report).await.unwrap().is_empty());
    let transcode = house.claim(Stage::Transcode).await;
    assert_eq!(house.complete(&transcode).await.unwrap(), [Stage::Archive]);
    let archive = house.claim(Stage::Archive).await;
    assert_eq!(house.complete(&archive).await.unwrap(), []);

    assert_eq!(house.state().await, ReportState::Ready);
    assert_eq!(house.db.transcript(house.report).await.unwrap(), Some(transcript()));
    let raw = house.db.raw_transcript(house.report).await.unwrap();
    assert_eq!(raw, Some(recognition().raw_transcript()));
    assert_eq!(house.db.files(house.report).await.unwrap().len(), 4);
    assert_eq!(house.due(house.now + TimeDelta::days(30)).await, [], "nothing is hinted for ever");
}

async fn whoever_lost_the_lease_commits_nothing(house: House) {
    let first = house.claim(Stage::Ingest).await;
    assert!(house.try_claim(Stage::Ingest, house.now).await.is_none(), "it is held");
    let later = house.now + LEASE + TimeDelta::seconds(1);
    let second = house.try_claim(Stage::Ingest, later).await.unwrap();
    assert_eq!(second.task_id, first.task_id);
    assert_eq!(second.attempt, 2);

    let renewed = house.db.renew(&first, LEASE, 0.5, later).await.unwrap();
    assert_eq!(renewed, Err(Lost));
    assert_eq!(house.complete(&first).await, Err(Lost));
    let failure = Failure::internal("late");
    assert_eq!(house.db.fail(&first, &failure, &house.policy, later).await.unwrap(), Err(Lost));
    assert_eq!(house.db.hand_back(&first, later).await.unwrap(), Err(Lost));
    assert!(house.db.report(house.report).await.unwrap().unwrap().media.is_none());

    assert_eq!(house.db.renew(&second, LEASE, 0.5, later).await.unwrap(), Ok(()));
    assert!(house.complete(&second).await.is_ok());
}

async fn many_claimers_share_without_overlap(house: House) {
    let hint = house.hint(Stage::Ingest).await;
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (db, now) = (house.db.clone(), house.now);
        set.spawn(
            async move { db.claim(&hint, &TEST, &RetryPolicy::default(), now).await.unwrap() },
        );
    }
    assert_eq!(set.join_all().await.into_iter().flatten().count(), 1);
}

async fn stages_that_end_together_queue_what_waits_for_both(house: House) {
    house.complete(&house.claim(Stage::Ingest).await).await.unwrap();
    let claims = [house.claim(Stage::Transcode).await, house.claim(Stage::Transcribe).await];
    let [one, other] = claims.each_ref().map(|claim| house.complete(claim));
    let (one, other) = tokio::join!(one, other);
    let ready = [one.unwrap(), other.unwrap()].concat();
    assert_eq!(ready, [Stage::Archive]);
}

async fn the_last_to_end_goes_on_with_archive(house: House) {
    let House { db, now, .. } = &house;
    let complete = async |claim: Claim| {
        let made = completion(&claim);
        db.complete(&claim, &made, 12, Some(&TEST), *now).await.unwrap().unwrap()
    };
    let ended = complete(house.claim(Stage::Ingest).await).await;
    assert_eq!((ended.hints.len(), ended.next), (2, None), "others may take what is long");
    let ended = complete(house.claim(Stage::Transcode).await).await;
    assert_eq!((ended.hints.len(), ended.next), (0, None), "archive waits for the text");
    let ended = complete(house.claim(Stage::Transcribe).await).await;
    let archive = ended.next.unwrap();
    assert_eq!((archive.stage, archive.attempt, archive.token), (Stage::Archive, 1, 1));
    let task = house.task(Stage::Archive).await;
    assert_eq!((task.state, task.worker.as_deref()), (TaskState::Running, Some(TEST.worker)));
    assert_eq!(house.due(*now + LEASE - TimeDelta::seconds(1)).await, [], "it is held");
    assert_eq!(house.due(*now + LEASE).await, [Stage::Archive], "and free if its holder vanishes");
    complete(archive).await;
    assert_eq!(house.state().await, ReportState::Ready);
}

async fn a_commit_whose_answer_was_lost_counts(house: House) {
    let ingest = house.claim(Stage::Ingest).await;
    house.complete(&ingest).await.unwrap();
    assert_eq!(house.complete(&ingest).await, Ok(vec![]), "it is ours");
    assert_eq!(house.db.files(house.report).await.unwrap().len(), 2, "and was done once");
}

async fn a_permanent_failure_ends_at_once_and_keeps_what_others_made(house: House) {
    house.complete(&house.claim(Stage::Ingest).await).await.unwrap();
    house.complete(&house.claim(Stage::Transcribe).await).await.unwrap();
    let transcode = house.claim(Stage::Transcode).await;
    let failure = Failure::new(FailureCode::UnsupportedCodec, "no decoder for xyz");
    let verdict = house.db.fail(&transcode, &failure, &house.policy, house.now).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::Dead));
    assert_eq!(house.state().await, ReportState::Failed);
    let report = house.db.report(house.report).await.unwrap().unwrap();
    assert_eq!(report.failure, Some(failure));
    assert!(house.db.transcript(house.report).await.unwrap().is_some());
}

async fn a_passing_failure_is_tried_again_later_and_not_for_ever(mut house: House) {
    house.policy.max_attempts = 2;
    let full = Failure::new(FailureCode::DiskFull, "no space");
    let first = house.claim(Stage::Ingest).await;
    let verdict = house.db.fail(&first, &full, &house.policy, house.now).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::RetryAfter(house.policy.first_delay)));
    assert!(house.try_claim(Stage::Ingest, house.now).await.is_none(), "not before its time");
    assert_eq!(house.due(house.now).await, [], "and not hinted before it");
    let later = house.now + house.policy.first_delay;
    assert_eq!(house.due(later).await, [Stage::Ingest]);
    let second = house.try_claim(Stage::Ingest, later).await.unwrap();
    let verdict = house.db.fail(&second, &full, &house.policy, later).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::Dead));
}

async fn handing_back_does_not_count_as_an_attempt(house: House) {
    let first = house.claim(Stage::Ingest).await;
    let hint = house.db.hand_back(&first, house.now).await.unwrap().unwrap();
    assert_eq!(hint, house.hint(Stage::Ingest).await);
    let second = house.claim(Stage::Ingest).await;
    assert_eq!(second.attempt, 1);
    assert!(second.token > first.token);
}

async fn a_file_that_kills_every_worker_is_buried(mut house: House) {
    house.policy.max_attempts = 2;
    let mut now = house.now;
    for _ in 0..house.policy.max_attempts {
        assert!(house.try_claim(Stage::Ingest, now).await.is_some());
        now += LEASE + Duration::from_secs(1);
    }
    assert!(house.try_claim(Stage::Ingest, now).await.is_none());
    let task = house.task(Stage::Ingest).await;
    assert_eq!((task.state, task.attempt), (TaskState::Dead, 2));
    assert_eq!(task.error.unwrap().code, FailureCode::ChildCrashed);
    assert_eq!(house.state().await, ReportState::Failed);
    assert_eq!(house.due(now + TimeDelta::days(30)).await, []);
}

async fn what_the_queue_missed_is_hinted_again(house: House) {
    let (soon, later) = (house.now + TimeDelta::seconds(1), house.now + TimeDelta::seconds(31));
    assert_eq!(house.due(soon).await, [], "whoever submitted has published");
    assert_eq!(house.due(later).await, [Stage::Ingest], "and may have died in between");
    assert_eq!(house.due(later).await, [], "one relay is enough");
    let again = later + TimeDelta::seconds(31);
    assert_eq!(house.due(again).await, [], "it is published now");
    assert_eq!(house.lost(Some(0), later).await, []);
    assert_eq!(house.lost(Some(0), again).await, [Stage::Ingest], "and may be lost");

    let claim = house.claim(Stage::Ingest).await;
    assert_eq!(house.due(house.now + LEASE - TimeDelta::seconds(1)).await, [], "it is held");
    house.db.renew(&claim, LEASE, 0.1, house.now + TimeDelta::seconds(10)).await.unwrap().unwrap();
    assert_eq!(house.due(house.now + LEASE).await, [], "the lease was renewed");
    let end = house.now + LEASE + TimeDelta::seconds(10);
    assert_eq!(house.due(end).await, [Stage::Ingest]);
    house.db.renew(&claim, LEASE, 0.2, end).await.unwrap().unwrap();
    assert_eq!(house.due(end + LEASE).await, [Stage::Ingest], "as soon the second time");
}

async fn a_hint_that_was_not_published_is_due_at_once(house: House) {
    let hint = house.hint(Stage::Ingest).await;
    house.db.hint_soon(&[hint], house.now).await.unwrap();
    assert_eq!(house.db.due_hints(100, house.now).await.unwrap(), [hint]);
    house.db.hint_soon(&[hint], house.now).await.unwrap();
    assert_eq!(house.db.due_hints(100, house.now).await.unwrap(), [hint], "nor the second time");
}

async fn what_is_published_is_marked_unless_it_is_answered(house: House) {
    let late = house.now + TimeDelta::minutes(1);
    let hint = house.hint(Stage::Ingest).await;
    house.db.hints_published(&[Hint { token: 5, ..hint }], house.now).await.unwrap();
    assert_eq!(house.lost(Some(0), late).await, [], "the mark is about another attempt");
    house.db.hints_published(&[hint], house.now).await.unwrap();
    assert_eq!(house.due(late).await, []);
    assert_eq!(house.lost(Some(0), late).await, [Stage::Ingest]);
    house.claim(Stage::Ingest).await;
    house.db.hints_published(&[hint], house.now).await.unwrap();
    assert_eq!(house.due(late).await, [Stage::Ingest], "its lease ran out");
}

async fn what_waits_in_a_long_queue_is_rarely_hinted_again(house: House) {
    house.db.hints_published(&[house.hint(Stage::Ingest).await], house.now).await.unwrap();
    let mut now = house.now + TimeDelta::seconds(30);
    for minutes in [10, 40, 160, 640, 640] {
        let longer = now + TimeDelta::minutes(minutes);
        let earlier = longer - TimeDelta::seconds(1);
        assert_eq!(house.lost(Some(1), earlier).await, [], "after {minutes} minutes");
        assert_eq!(house.lost(Some(1), longer).await, [Stage::Ingest], "after {minutes} minutes");
        now = longer + TimeDelta::seconds(30);
        assert_eq!(house.due(now).await, []);
    }
    assert_eq!(house.lost(None, now).await, [], "a queue that cannot tell is not flooded either");
    assert_eq!(house.lost(None, now + TimeDelta::minutes(32)).await, [Stage::Ingest]);
    now += TimeDelta::minutes(33);
    assert_eq!(house.lost(Some(0), now).await, [Stage::Ingest], "the queue was purged");
}

async fn the_relay_asks_the_queue_before_it_publishes_again(house: House) {
    let folder = tempfile::tempdir().unwrap();
    let storage = format!("file://{}", folder.path().display());
    let keepers = Keepers {
        db: house.db.clone(),
        storage: storage::open(&storage).await.unwrap(),
        queue: queue::open("embedded").await.unwrap(),
    };
    let waiting = async || keepers.queue.waiting(Stage::Ingest).await.unwrap();
    let hint = house.hint(Stage::Ingest).await;
    keepers.announce(vec![hint]).await;
    let late = house.now + TimeDelta::minutes(1);
    keepers.publish_due(late).await.unwrap();
    assert_eq!(waiting().await, 1, "it waits in the queue");

    let other = house.db.submit(&new_report(Uuid::now_v7()), house.now).await.unwrap()[0];
    keepers.publish_due(late).await.unwrap();
    assert_eq!(waiting().await, 2, "what was never published does not wait for others");

    let mut subscription = keepers.queue.subscribe(&Stage::ALL, 1).await.unwrap();
    let received = [subscription.next().await.hint, subscription.next().await.hint];
    assert_eq!(received, [hint, other]);
    keepers.publish_due(late).await.unwrap();
    assert_eq!(waiting().await, 1, "the first is lost, of the second nobody knows yet");
    assert_eq!(subscription.next().await.hint, hint);
    keepers.publish_due(late + TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(waiting().await, 2);
}

async fn a_dead_task_is_replayed(house: House) {
    house.complete(&house.claim(Stage::Ingest).await).await.unwrap();
    let claim = house.claim(Stage::Transcode).await;
    assert_eq!(house.db.replay(claim.task_id, house.now).await.unwrap(), None, "it is not dead");
    let failure = Failure::new(FailureCode::EncoderMissing, "no libx264");
    house.db.fail(&claim, &failure, &house.policy, house.now).await.unwrap().unwrap();

    let dead = TaskFilter { state: Some(TaskState::Dead), ..TaskFilter::default() };
    let listed = house.db.list_tasks(&dead, 10).await.unwrap();
    assert_eq!(listed.iter().map(|task| task.id).collect::<Vec<_>>(), [claim.task_id]);
    assert_eq!(listed[0].error, Some(failure));

    let hint = house.db.replay(claim.task_id, house.now).await.unwrap().unwrap();
    assert_eq!(hint, house.hint(Stage::Transcode).await);
    let report = house.db.report(house.report).await.unwrap().unwrap();
    assert_eq!((report.state, report.failure), (ReportState::Processing, None));
    let again = house.claim(Stage::Transcode).await;
    assert_eq!(again.attempt, 1, "with all its attempts before it");
    house.complete(&again).await.unwrap();
}

async fn what_was_written_is_read_back(house: House) {
    let report = house.db.report(house.report).await.unwrap().unwrap();
    assert_eq!((report.title.as_str(), report.created_at), ("第三季度思想汇报", house.now));
    let claim = house.claim(Stage::Ingest).await;
    let Completion::Ingest(made) = completion(&claim) else { unreachable!() };
    house.complete(&claim).await.unwrap();
    let report = house.db.report(house.report).await.unwrap().unwrap();
    assert_eq!(report.media, Some(made.media));
    let audio = house.db.file(house.report, FileKind::Audio).await.unwrap();
    assert_eq!(audio.as_ref(), made.files.first());
    let task = house.task(Stage::Ingest).await;
    assert_eq!((task.work_ms, task.worker.as_deref()), (Some(12), Some("test")));
    assert_eq!(house.db.reports(None, 10).await.unwrap().len(), 1);
    assert!(house.db.reports(Some(house.report), 10).await.unwrap().is_empty());
    let with = house.db.reports_with_file(FileKind::Audio, house.report, house.report).await;
    assert!(with.unwrap().contains(&house.report));
}

async fn opening_an_embedded_database_recovers_its_tasks(house: House) {
    let first = house.claim(Stage::Ingest).await;
    let soon = house.now + TimeDelta::seconds(1);
    house.db.recover(soon).await.unwrap();
    assert_eq!(house.due(soon).await, [Stage::Ingest], "its holder is gone with its process");
    let second = house.try_claim(Stage::Ingest, soon).await.unwrap();
    assert_eq!((second.attempt, second.token), (2, first.token + 1));
    house.complete(&second).await.unwrap();
    house.db.recover(soon).await.unwrap();
    let mut due = house.due(soon).await;
    due.sort();
    assert_eq!(due, [Stage::Transcode, Stage::Transcribe], "the queue was in memory");
}

#[tokio::test]
async fn processes_that_start_together_migrate_once() {
    let url = postgres::postgres_schema().await;
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let url = url.clone();
        set.spawn(async move { Database::open(&url, 2).await.map(drop) });
    }
    for opened in set.join_all().await {
        opened.unwrap();
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_why() {
    let url = postgres::postgres_url();
    let password = url.split([':', '@']).nth(2).unwrap().to_owned();
    let wrong = Database::open(&url.replace(&password, "wrong"), 2).await.unwrap_err();
    assert!(!wrong.is_passing(), "{wrong}");
    assert!(wrong.to_string().contains("password"), "{wrong}");
    let nobody = Database::open("postgres://huibao@127.0.0.1:1/huibao", 2).await.unwrap_err();
    assert!(nobody.is_passing() && nobody.to_string().contains("127.0.0.1:1"), "{nobody}");
    let scheme = Database::open("mysql://x", 2).await.unwrap_err();
    assert!(matches!(scheme, DbError::Url(_)));
}

#[tokio::test]
async fn a_schema_that_is_newer_is_refused() {
    let url = postgres::postgres_schema().await;
    Database::open(&url, 2).await.unwrap().close().await;
    postgres::pretend_newer(&url).await;
    let error = Database::open(&url, 2).await.unwrap_err();
    assert!(matches!(error, DbError::Newer(9999)), "{error}");
}
