//! Recognising again: a new version beside the old one, and a report that stays ready.

use chrono::TimeDelta;
use huibao_models::db::{Claim, Completion, TaskFilter};
use huibao_models::failure::{Failure, FailureCode};
use huibao_models::report::{FileKind, ReportState};
use huibao_models::task::{Hint, Stage, TaskState};
use huibao_models::transcript::{Recognition, Segment, Transcript, TranscriptOrigin};
use uuid::Uuid;

use crate::house::{House, LEASE, completion};
use crate::rows::{segment, transcript};

on_every_engine! {
    a_report_that_is_recognized_again_stays_ready
    recognizing_again_that_fails_changes_nothing_for_readers
    a_recognition_that_kills_every_worker_leaves_the_report_ready
    an_archive_that_cannot_be_made_anew_leaves_the_report_ready
    only_what_is_ready_and_rests_is_recognized_again
    an_archive_whose_answer_was_lost_stays_although_a_new_one_is_made
    many_that_ask_for_it_queue_it_once
}

impl House {
    async fn again(&self, model: &str) -> Option<Hint> {
        self.db.recognize_again(self.report, model, self.now).await.unwrap()
    }

    async fn die(&self, stage: Stage, failure: &Failure) -> Claim {
        let claim = self.claim(stage).await;
        self.db.fail(&claim, failure, &self.policy, self.now).await.unwrap().unwrap();
        claim
    }

    /// What readers are shown is what it was before.
    async fn assert_unchanged(&self) {
        let report = self.db.report(self.report).await.unwrap().unwrap();
        assert_eq!((report.state, report.failure), (ReportState::Ready, None));
        assert_eq!(self.db.transcript(self.report).await.unwrap(), Some(transcript()));
    }
}

/// What another model hears.
fn other() -> Transcript {
    let mut other = transcript();
    other.recognizer.model = "ggml-small".into();
    other.segments = vec![Segment { text: "敬爱的党组织：".into(), ..segment() }];
    other
}

async fn a_report_that_is_recognized_again_stays_ready(house: House) {
    house.make_ready().await;
    let before = house.task(Stage::Transcribe).await;
    assert_eq!(before.model, None);
    let hint = house.again("small").await.unwrap();
    assert_eq!(hint, house.hint(Stage::Transcribe).await);
    let task = house.task(Stage::Transcribe).await;
    assert_eq!((task.state, task.attempt, task.token), (TaskState::Queued, 0, before.token));
    assert_eq!((task.model.as_deref(), task.finished_at), (Some("small"), None));
    assert_eq!(house.task(Stage::Archive).await.state, TaskState::Waiting);
    assert_eq!(house.due(house.now + TimeDelta::seconds(1)).await, [], "the caller publishes");
    let later = house.now + TimeDelta::seconds(31);
    assert_eq!(house.due(later).await, [Stage::Transcribe], "and may have died in between");

    let claim = house.claim(Stage::Transcribe).await;
    assert_eq!((claim.attempt, claim.token), (1, before.token + 1));
    house.db.publish_partial(&claim, 0, &segment()).await.unwrap();
    house.assert_unchanged().await;
    let made =
        Completion::Transcribe(Box::new(Recognition { transcript: other(), raw: Vec::new() }));
    let ended = house.db.complete(&claim, &made, 12, None, house.now).await.unwrap().unwrap();
    assert_eq!(ended.hints.iter().map(|hint| hint.stage).collect::<Vec<_>>(), [Stage::Archive]);
    assert_eq!(house.state().await, ReportState::Ready);
    house.work(Stage::Archive).await;
    assert_eq!(house.state().await, ReportState::Ready);

    assert_eq!(house.db.transcript(house.report).await.unwrap(), Some(other()));
    assert_eq!(house.db.newest_recognition(house.report).await.unwrap(), Some(other()));
    let first = house.db.transcript_of_version(house.report, 2).await.unwrap();
    assert_eq!(first, Some(transcript()));
    assert_eq!(house.db.transcript_of_version(house.report, 5).await.unwrap(), None);
    let versions = house.db.transcript_versions(house.report).await.unwrap();
    let told: Vec<_> =
        versions.iter().map(|it| (it.version, it.origin, it.recognizer.model.as_str())).collect();
    let (raw, readable) = (TranscriptOrigin::Raw, TranscriptOrigin::Recognition);
    assert_eq!(
        told,
        [
            (1, raw, "none"),
            (2, readable, "none"),
            (3, raw, "ggml-small"),
            (4, readable, "ggml-small")
        ]
    );
    assert_eq!(versions[3].created_at, house.now);
    let files = house.db.files(house.report).await.unwrap();
    let bags = files.iter().filter(|file| file.kind == FileKind::Bag);
    assert_eq!(bags.count(), 2, "the old archive stays");
    assert_eq!(house.due(house.now + TimeDelta::days(30)).await, []);
}

async fn recognizing_again_that_fails_changes_nothing_for_readers(house: House) {
    house.make_ready().await;
    house.again("absent").await.unwrap();
    let missing = Failure::new(FailureCode::ModelMissing, "no such file");
    let claim = house.die(Stage::Transcribe, &missing).await;
    house.assert_unchanged().await;
    let dead = TaskFilter { state: Some(TaskState::Dead), ..TaskFilter::default() };
    let listed = house.db.list_tasks(&dead, 10).await.unwrap();
    assert_eq!((listed[0].id, listed[0].error.as_ref()), (claim.task_id, Some(&missing)));

    house.db.replay(claim.task_id, house.now).await.unwrap().unwrap();
    house.assert_unchanged().await;
    let task = house.task(Stage::Transcribe).await;
    assert_eq!((task.state, task.model.as_deref()), (TaskState::Queued, Some("absent")));
    house.die(Stage::Transcribe, &missing).await;
    house.assert_unchanged().await;

    house.again("small").await.unwrap();
    let task = house.task(Stage::Transcribe).await;
    assert_eq!((task.error, task.model.as_deref()), (None, Some("small")));
    house.work(Stage::Transcribe).await;
    house.work(Stage::Archive).await;
    assert_eq!(house.db.transcript_versions(house.report).await.unwrap().len(), 4);
}

async fn a_recognition_that_kills_every_worker_leaves_the_report_ready(mut house: House) {
    house.policy.max_attempts = 1;
    house.make_ready().await;
    house.again("huge").await.unwrap();
    house.claim(Stage::Transcribe).await;
    let later = house.now + LEASE + TimeDelta::seconds(1);
    assert_eq!(house.try_claim(Stage::Transcribe, later).await, None);
    let task = house.task(Stage::Transcribe).await;
    assert_eq!(
        (task.state, task.error.unwrap().code),
        (TaskState::Dead, FailureCode::ChildCrashed)
    );
    house.assert_unchanged().await;
}

async fn an_archive_that_cannot_be_made_anew_leaves_the_report_ready(house: House) {
    house.make_ready().await;
    house.again("small").await.unwrap();
    house.work(Stage::Transcribe).await;
    let broken = Failure::new(FailureCode::KeeperUnavailable, "no bucket");
    let claim = house.die(Stage::Archive, &broken).await;
    house.assert_unchanged().await;
    house.db.replay(claim.task_id, house.now).await.unwrap().unwrap();
    house.die(Stage::Archive, &broken).await;
    house.again("medium").await.unwrap();
    assert_eq!(house.task(Stage::Archive).await.error, None);
    house.work(Stage::Transcribe).await;
    let archive = house.claim(Stage::Archive).await;
    assert_eq!(archive.attempt, 1, "with all its attempts before it");
    house.complete(&archive).await.unwrap();
    assert_eq!(house.db.transcript_versions(house.report).await.unwrap().len(), 6);
}

async fn only_what_is_ready_and_rests_is_recognized_again(house: House) {
    let unknown = house.db.recognize_again(Uuid::now_v7(), "small", house.now).await.unwrap();
    assert_eq!(unknown, None);
    assert_eq!(house.again("small").await, None, "it was only submitted");
    house.work(Stage::Ingest).await;
    house.work(Stage::Transcribe).await;
    assert_eq!(house.again("small").await, None, "it is not ready yet");
    let failure = Failure::new(FailureCode::EncoderMissing, "no libx264");
    let claim = house.die(Stage::Transcode, &failure).await;
    assert_eq!(house.again("small").await, None, "it has failed");
    house.db.replay(claim.task_id, house.now).await.unwrap().unwrap();
    house.work(Stage::Transcode).await;
    house.work(Stage::Archive).await;

    assert!(house.again("small").await.is_some());
    assert_eq!(house.again("medium").await, None, "it is queued");
    house.work(Stage::Transcribe).await;
    assert_eq!(house.again("medium").await, None, "its archive is queued");
    house.claim(Stage::Archive).await;
    assert_eq!(house.again("medium").await, None, "its archive is being made");
    assert_eq!(house.task(Stage::Transcribe).await.model.as_deref(), Some("small"));
}

async fn an_archive_whose_answer_was_lost_stays_although_a_new_one_is_made(house: House) {
    for stage in [Stage::Ingest, Stage::Transcode, Stage::Transcribe] {
        house.work(stage).await;
    }
    let first = house.claim(Stage::Archive).await;
    house.complete(&first).await.unwrap();
    house.again("small").await.unwrap();
    assert_eq!(house.complete(&first).await, Ok(vec![]), "its files are the archive");
    house.work(Stage::Transcribe).await;
    house.claim(Stage::Archive).await;
    assert_eq!(house.complete(&first).await, Ok(vec![]), "and stay the old one");
    let Completion::Archive(files) = completion(&first) else { unreachable!() };
    assert_eq!(house.db.file(house.report, FileKind::Bag).await.unwrap(), files.first().cloned());
}

async fn many_that_ask_for_it_queue_it_once(house: House) {
    house.make_ready().await;
    let mut set = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (db, report, now) = (house.db.clone(), house.report, house.now);
        set.spawn(async move {
            db.recognize_again(report, &format!("model-{number}"), now).await.unwrap()
        });
    }
    assert_eq!(set.join_all().await.into_iter().flatten().count(), 1);
}
