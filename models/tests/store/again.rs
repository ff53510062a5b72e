//! Recognising again: a new version beside the old one, and a report that stays ready.

use chrono::TimeDelta;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::{JobMessage, JobState, Stage};
use huibao_models::domain::report::{FileKind, ReportState};
use huibao_models::domain::transcript::{Recognition, Segment, Transcript, TranscriptOrigin};
use huibao_models::store::{Claim, Completion, JobFilter};
use uuid::Uuid;

use crate::harness::{Harness, LEASE, completion};
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

impl Harness {
    async fn again(&self, model: &str) -> Option<JobMessage> {
        self.store.recognize_again(self.report, model, self.now).await.unwrap()
    }

    async fn die(&self, stage: Stage, failure: &Failure) -> Claim {
        let claim = self.claim(stage).await;
        self.store.fail(&claim, failure, &self.policy, self.now).await.unwrap().unwrap();
        claim
    }

    /// What readers are shown is what it was before.
    async fn assert_unchanged(&self) {
        let report = self.store.report(self.report).await.unwrap().unwrap();
        assert_eq!((report.state, report.failure), (ReportState::Ready, None));
        assert_eq!(self.store.transcript(self.report).await.unwrap(), Some(transcript()));
    }
}

/// What another model hears.
fn other() -> Transcript {
    let mut other = transcript();
    other.recognizer.model = "ggml-small".into();
    other.segments = vec![Segment { text: "敬爱的党组织：".into(), ..segment() }];
    other
}

async fn a_report_that_is_recognized_again_stays_ready(harness: Harness) {
    harness.make_ready().await;
    let before = harness.job(Stage::Transcribe).await;
    assert_eq!(before.model, None);
    let message = harness.again("small").await.unwrap();
    assert_eq!(message, harness.message(Stage::Transcribe).await);
    let job = harness.job(Stage::Transcribe).await;
    assert_eq!((job.state, job.attempt, job.token), (JobState::Queued, 0, before.token));
    assert_eq!((job.model.as_deref(), job.finished_at), (Some("small"), None));
    assert_eq!(harness.job(Stage::Archive).await.state, JobState::Waiting);
    assert_eq!(harness.due(harness.now + TimeDelta::seconds(1)).await, [], "the caller publishes");
    let later = harness.now + TimeDelta::seconds(31);
    assert_eq!(harness.due(later).await, [Stage::Transcribe], "and may have died in between");

    let claim = harness.claim(Stage::Transcribe).await;
    assert_eq!((claim.attempt, claim.token), (1, before.token + 1));
    harness.store.publish_partial(&claim, 0, &segment()).await.unwrap();
    harness.assert_unchanged().await;
    let made =
        Completion::Transcribe(Box::new(Recognition { transcript: other(), raw: Vec::new() }));
    let ended =
        harness.store.complete(&claim, &made, 12, None, harness.now).await.unwrap().unwrap();
    assert_eq!(
        ended.messages.iter().map(|message| message.stage).collect::<Vec<_>>(),
        [Stage::Archive]
    );
    assert_eq!(harness.state().await, ReportState::Ready);
    harness.work(Stage::Archive).await;
    assert_eq!(harness.state().await, ReportState::Ready);

    assert_eq!(harness.store.transcript(harness.report).await.unwrap(), Some(other()));
    assert_eq!(harness.store.newest_recognition(harness.report).await.unwrap(), Some(other()));
    let first = harness.store.transcript_of_version(harness.report, 2).await.unwrap();
    assert_eq!(first, Some(transcript()));
    assert_eq!(harness.store.transcript_of_version(harness.report, 5).await.unwrap(), None);
    let versions = harness.store.transcript_versions(harness.report).await.unwrap();
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
    assert_eq!(versions[3].created_at, harness.now);
    let files = harness.store.files(harness.report).await.unwrap();
    let bags = files.iter().filter(|file| file.kind == FileKind::Bag);
    assert_eq!(bags.count(), 2, "the old archive stays");
    assert_eq!(harness.due(harness.now + TimeDelta::days(30)).await, []);
}

async fn recognizing_again_that_fails_changes_nothing_for_readers(harness: Harness) {
    harness.make_ready().await;
    harness.again("absent").await.unwrap();
    let missing = Failure::new(FailureCode::ModelMissing, "no such file");
    let claim = harness.die(Stage::Transcribe, &missing).await;
    harness.assert_unchanged().await;
    let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    let listed = harness.store.list_jobs(&dead, 10).await.unwrap();
    assert_eq!((listed[0].id, listed[0].error.as_ref()), (claim.job_id, Some(&missing)));

    harness.store.replay(claim.job_id, harness.now).await.unwrap().unwrap();
    harness.assert_unchanged().await;
    let job = harness.job(Stage::Transcribe).await;
    assert_eq!((job.state, job.model.as_deref()), (JobState::Queued, Some("absent")));
    harness.die(Stage::Transcribe, &missing).await;
    harness.assert_unchanged().await;

    harness.again("small").await.unwrap();
    let job = harness.job(Stage::Transcribe).await;
    assert_eq!((job.error, job.model.as_deref()), (None, Some("small")));
    harness.work(Stage::Transcribe).await;
    harness.work(Stage::Archive).await;
    assert_eq!(harness.store.transcript_versions(harness.report).await.unwrap().len(), 4);
}

async fn a_recognition_that_kills_every_worker_leaves_the_report_ready(mut harness: Harness) {
    harness.policy.max_attempts = 1;
    harness.make_ready().await;
    harness.again("huge").await.unwrap();
    harness.claim(Stage::Transcribe).await;
    let later = harness.now + LEASE + TimeDelta::seconds(1);
    assert_eq!(harness.try_claim(Stage::Transcribe, later).await, None);
    let job = harness.job(Stage::Transcribe).await;
    assert_eq!((job.state, job.error.unwrap().code), (JobState::Dead, FailureCode::ChildCrashed));
    harness.assert_unchanged().await;
}

async fn an_archive_that_cannot_be_made_anew_leaves_the_report_ready(harness: Harness) {
    harness.make_ready().await;
    harness.again("small").await.unwrap();
    harness.work(Stage::Transcribe).await;
    let broken = Failure::new(FailureCode::BackendUnavailable, "no bucket");
    let claim = harness.die(Stage::Archive, &broken).await;
    harness.assert_unchanged().await;
    harness.store.replay(claim.job_id, harness.now).await.unwrap().unwrap();
    harness.die(Stage::Archive, &broken).await;
    harness.again("medium").await.unwrap();
    assert_eq!(harness.job(Stage::Archive).await.error, None);
    harness.work(Stage::Transcribe).await;
    let archive = harness.claim(Stage::Archive).await;
    assert_eq!(archive.attempt, 1, "with all its attempts before it");
    harness.complete(&archive).await.unwrap();
    assert_eq!(harness.store.transcript_versions(harness.report).await.unwrap().len(), 6);
}

async fn only_what_is_ready_and_rests_is_recognized_again(harness: Harness) {
    let unknown =
        harness.store.recognize_again(Uuid::now_v7(), "small", harness.now).await.unwrap();
    assert_eq!(unknown, None);
    assert_eq!(harness.again("small").await, None, "it was only submitted");
    harness.work(Stage::Ingest).await;
    harness.work(Stage::Transcribe).await;
    assert_eq!(harness.again("small").await, None, "it is not ready yet");
    let failure = Failure::new(FailureCode::EncoderMissing, "no libx264");
    let claim = harness.die(Stage::Transcode, &failure).await;
    assert_eq!(harness.again("small").await, None, "it has failed");
    harness.store.replay(claim.job_id, harness.now).await.unwrap().unwrap();
    harness.work(Stage::Transcode).await;
    harness.work(Stage::Archive).await;

    assert!(harness.again("small").await.is_some());
    assert_eq!(harness.again("medium").await, None, "it is queued");
    harness.work(Stage::Transcribe).await;
    assert_eq!(harness.again("medium").await, None, "its archive is queued");
    harness.claim(Stage::Archive).await;
    assert_eq!(harness.again("medium").await, None, "its archive is being made");
    assert_eq!(harness.job(Stage::Transcribe).await.model.as_deref(), Some("small"));
}

async fn an_archive_whose_answer_was_lost_stays_although_a_new_one_is_made(harness: Harness) {
    for stage in [Stage::Ingest, Stage::Transcode, Stage::Transcribe] {
        harness.work(stage).await;
    }
    let first = harness.claim(Stage::Archive).await;
    harness.complete(&first).await.unwrap();
    harness.again("small").await.unwrap();
    assert_eq!(harness.complete(&first).await, Ok(vec![]), "its files are the archive");
    harness.work(Stage::Transcribe).await;
    harness.claim(Stage::Archive).await;
    assert_eq!(harness.complete(&first).await, Ok(vec![]), "and stay the old one");
    let Completion::Archive(files) = completion(&first) else { unreachable!() };
    assert_eq!(
        harness.store.file(harness.report, FileKind::Bag).await.unwrap(),
        files.first().cloned()
    );
}

async fn many_that_ask_for_it_queue_it_once(harness: Harness) {
    harness.make_ready().await;
    let mut set = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (store, report, now) = (harness.store.clone(), harness.report, harness.now);
        set.spawn(async move {
            store.recognize_again(report, &format!("model-{number}"), now).await.unwrap()
        });
    }
    assert_eq!(set.join_all().await.into_iter().flatten().count(), 1);
}
