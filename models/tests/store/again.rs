//! Recognising again: a new version beside the old one, and a submission that stays ready.

use chrono::TimeDelta;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::SubmissionId;
use huibao_models::domain::job::{Job, JobMessage, JobState};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::submission::{FileKind, SubmissionState};
use huibao_models::domain::transcript::{Recognition, Segment, Transcript, TranscriptOrigin};
use huibao_models::store::{Claim, JobFilter, StoreError};

use crate::harness::{Harness, LEASE, archive_result, one, stages};
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
        let mut unit = self.begin().await;
        if !unit.jobs().recognize_again(self.submission, model).await.unwrap() {
            return None;
        }
        Some(one(unit.commit().await))
    }

    async fn die(&self, stage: Stage, failure: &Failure) -> Claim {
        let claim = self.claim(stage).await;
        self.store.fail(&claim, failure, &self.policy, self.now).await.unwrap().unwrap();
        claim
    }

    /// What readers are shown is what it was before.
    async fn assert_unchanged(&self) {
        let submission = self.submission().await;
        assert_eq!((submission.state, submission.failure), (SubmissionState::Ready, None));
        assert_eq!(self.transcript().await, Some(transcript()));
    }
}

/// The model that a job was given.
fn model(job: &Job) -> Option<&str> {
    job.payload.as_ref()?["model"].as_str()
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
    assert_eq!(model(&before), None);
    let message = harness.again("small").await.unwrap();
    assert_eq!(message, harness.message(Stage::Transcribe).await);
    let job = harness.job(Stage::Transcribe).await;
    assert_eq!((job.state, job.attempt, job.token), (JobState::Queued, 0, before.token));
    assert_eq!((model(&job), job.finished_at), (Some("small"), None));
    assert_eq!(harness.job(Stage::Archive).await.state, JobState::Waiting);
    assert_eq!(harness.due(harness.now + TimeDelta::seconds(1)).await, [], "the caller publishes");
    let later = harness.now + TimeDelta::seconds(31);
    assert_eq!(harness.due(later).await, [Stage::Transcribe], "and may have died in between");

    let claim = harness.claim(Stage::Transcribe).await;
    assert_eq!((claim.attempt, claim.token), (1, before.token + 1));
    harness.store.publish_partial(&claim, 0, &segment()).await.unwrap();
    harness.assert_unchanged().await;
    let made = Recognition { transcript: other(), raw: Vec::new() };
    let ended =
        harness.store.complete(&claim, &made, 12, None, harness.now).await.unwrap().unwrap();
    assert_eq!(stages(&ended.messages), [Stage::Archive]);
    assert_eq!(harness.state().await, SubmissionState::Ready);
    harness.work(Stage::Archive).await;
    assert_eq!(harness.state().await, SubmissionState::Ready);

    assert_eq!(harness.transcript().await, Some(other()));
    let (submission, mut snapshot) = (harness.submission, harness.snapshot().await);
    let newest = snapshot.transcripts().newest_recognition(submission).await.unwrap();
    assert_eq!(newest, Some(other()));
    let first = snapshot.transcripts().of_version(submission, 2).await.unwrap();
    assert_eq!(first, Some(transcript()));
    assert_eq!(snapshot.transcripts().of_version(submission, 5).await.unwrap(), None);
    let versions = harness.versions().await;
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
    let files = harness.files().await;
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
    let listed = harness.snapshot().await.jobs().list(&dead, 10).await.unwrap();
    assert_eq!((listed[0].id, listed[0].error.as_ref()), (claim.job_id, Some(&missing)));

    harness.replay(&claim).await.unwrap();
    harness.assert_unchanged().await;
    let job = harness.job(Stage::Transcribe).await;
    assert_eq!((job.state, model(&job)), (JobState::Queued, Some("absent")));
    harness.die(Stage::Transcribe, &missing).await;
    harness.assert_unchanged().await;

    harness.again("small").await.unwrap();
    let job = harness.job(Stage::Transcribe).await;
    assert_eq!((&job.error, model(&job)), (&None, Some("small")));
    harness.work(Stage::Transcribe).await;
    harness.work(Stage::Archive).await;
    assert_eq!(harness.versions().await.len(), 4);
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
    harness.replay(&claim).await.unwrap();
    harness.die(Stage::Archive, &broken).await;
    harness.again("medium").await.unwrap();
    assert_eq!(harness.job(Stage::Archive).await.error, None);
    harness.work(Stage::Transcribe).await;
    let archive = harness.claim(Stage::Archive).await;
    assert_eq!(archive.attempt, 1, "with all its attempts before it");
    harness.complete(&archive).await.unwrap();
    assert_eq!(harness.versions().await.len(), 6);
}

async fn only_what_is_ready_and_rests_is_recognized_again(harness: Harness) {
    let mut unit = harness.begin().await;
    let unknown = unit.jobs().recognize_again(SubmissionId::new(), "small").await;
    assert!(matches!(unknown, Err(StoreError::NoSuchRow { .. })), "{unknown:?}");
    drop(unit);
    assert_eq!(harness.again("small").await, None, "it was only submitted");
    harness.work(Stage::Ingest).await;
    harness.work(Stage::Transcribe).await;
    assert_eq!(harness.again("small").await, None, "it is not ready yet");
    let failure = Failure::new(FailureCode::EncoderMissing, "no libx264");
    let claim = harness.die(Stage::Transcode, &failure).await;
    assert_eq!(harness.again("small").await, None, "it has failed");
    harness.replay(&claim).await.unwrap();
    harness.work(Stage::Transcode).await;
    harness.work(Stage::Archive).await;

    assert!(harness.again("small").await.is_some());
    assert_eq!(harness.again("medium").await, None, "it is queued");
    harness.work(Stage::Transcribe).await;
    assert_eq!(harness.again("medium").await, None, "its archive is queued");
    harness.claim(Stage::Archive).await;
    assert_eq!(harness.again("medium").await, None, "its archive is being made");
    assert_eq!(model(&harness.job(Stage::Transcribe).await), Some("small"));
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
    assert_eq!(harness.file(FileKind::Bag).await.as_ref(), archive_result(&first).files.first());
}

async fn many_that_ask_for_it_queue_it_once(harness: Harness) {
    harness.make_ready().await;
    let mut set = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (store, submission, now) = (harness.store.clone(), harness.submission, harness.now);
        set.spawn(async move {
            let mut unit = store.begin(Actor::System, now).await.unwrap();
            let model = format!("model-{number}");
            let begun = unit.jobs().recognize_again(submission, &model).await.unwrap();
            unit.commit().await.unwrap();
            begun
        });
    }
    assert_eq!(set.join_all().await.into_iter().filter(|begun| *begun).count(), 1);
}
