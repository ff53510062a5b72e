//! Second passes: which submissions a better model hears again, and when.

use std::time::Duration;

use huibao_models::domain::job::{Job, JobState};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::ReportState;
use huibao_models::domain::submission::SubmissionState;

use crate::harness::{Harness, hand_in};

on_every_engine! {
    what_a_quick_pass_wrote_is_heard_again_once
    second_passes_wait_for_whatever_is_handed_in
    what_people_have_decided_or_taken_back_is_left_alone
    a_text_that_people_have_corrected_is_left_alone
    a_second_pass_waits_for_the_archive
    how_much_speech_waits_is_known_once_it_was_looked_at
}

impl Harness {
    /// Notes that a quick pass wrote the text.
    async fn await_second_pass(&self) {
        let mut unit = self.begin().await;
        unit.jobs().await_second_pass(self.submission).await.unwrap();
        unit.commit().await.unwrap();
    }

    async fn begin_second_passes(&self, at_once: u32) -> u32 {
        let mut unit = self.begin().await;
        let queued = unit.jobs().begin_second_passes(at_once).await.unwrap();
        unit.commit().await.unwrap();
        queued
    }

    async fn awaits(&self) -> bool {
        let mut unit = self.begin().await;
        let awaited = unit.jobs().is_second_pass_awaited().await.unwrap();
        assert_eq!(self.submission().await.awaits_second_pass, awaited);
        awaited
    }
}

fn is_second(job: &Job) -> bool {
    job.payload.as_ref().is_some_and(|payload| payload["second_pass"] == true)
}

async fn what_a_quick_pass_wrote_is_heard_again_once(harness: Harness) {
    harness.make_ready().await;
    assert!(!harness.awaits().await);
    assert_eq!(harness.begin_second_passes(9).await, 0);
    harness.await_second_pass().await;
    assert!(harness.awaits().await);
    assert_eq!(harness.begin_second_passes(0).await, 0, "nobody recognises");
    assert_eq!(harness.begin_second_passes(1).await, 1);
    assert!(!harness.awaits().await);
    let job = harness.job(Stage::Transcribe).await;
    assert!(job.state == JobState::Queued && is_second(&job), "{job:?}");
    assert_eq!(harness.state().await, SubmissionState::Ready);
    assert_eq!(harness.begin_second_passes(9).await, 0);
    harness.work(Stage::Transcribe).await;
    harness.work(Stage::Archive).await;
    assert_eq!((harness.versions().await.len(), harness.awaits().await), (4, false));
    assert_eq!(harness.begin_second_passes(9).await, 0);
}

async fn second_passes_wait_for_whatever_is_handed_in(harness: Harness) {
    harness.make_ready().await;
    harness.await_second_pass().await;
    let (_, other, _) = hand_in(&harness.store, harness.now).await;
    assert_eq!(harness.begin_second_passes(1).await, 0, "its video is not looked at yet");
    let handed_in = harness.snapshot().await.jobs().of_submission(other).await.unwrap();
    let ingest = handed_in.iter().find(|job| job.kind == Stage::Ingest.as_str()).unwrap();
    assert!(harness.takes(ingest, harness.now).await);
    assert_eq!(harness.begin_second_passes(1).await, 0, "it is being looked at");
    assert_eq!(harness.begin_second_passes(2).await, 1, "two workers recognise");
}

async fn what_people_have_decided_or_taken_back_is_left_alone(harness: Harness) {
    use ReportState::{Accepted, InReview, Submitted, Withdrawn};
    harness.make_ready().await;
    for (steps, expected) in [
        (&[Withdrawn][..], 0),
        (&[Submitted, InReview, Accepted], 0),
        // A decision is taken back.
        (&[InReview], 1),
    ] {
        harness.await_second_pass().await;
        let mut unit = harness.begin().await;
        for state in steps {
            unit.reports().set_state(harness.report, *state).await.unwrap();
        }
        unit.commit().await.unwrap();
        assert_eq!(harness.begin_second_passes(1).await, expected, "{steps:?}");
        assert!(!harness.awaits().await);
    }
}

async fn a_text_that_people_have_corrected_is_left_alone(harness: Harness) {
    harness.make_readable().await;
    harness.await_second_pass().await;
    harness.correct(&[(1, "一")], &["壹"]).await.unwrap();
    assert_eq!(harness.begin_second_passes(1).await, 0);
    assert!(!harness.awaits().await);
}

async fn a_second_pass_waits_for_the_archive(harness: Harness) {
    for stage in [Stage::Ingest, Stage::Transcode, Stage::Transcribe] {
        harness.work(stage).await;
    }
    harness.await_second_pass().await;
    assert_eq!(harness.begin_second_passes(9).await, 0);
    assert!(harness.awaits().await);
    harness.work(Stage::Archive).await;
    assert_eq!(harness.begin_second_passes(9).await, 1);
}

async fn how_much_speech_waits_is_known_once_it_was_looked_at(harness: Harness) {
    let waiting = async || harness.snapshot().await.jobs().waiting_speech().await.unwrap();
    assert_eq!(waiting().await, (0, Duration::ZERO), "its video is not looked at yet");
    harness.work(Stage::Ingest).await;
    let media = harness.submission().await.media.unwrap();
    assert_eq!(waiting().await, (1, Duration::from_millis(media.duration_ms)));
    harness.claim(Stage::Transcribe).await;
    assert_eq!(waiting().await, (0, Duration::ZERO), "it is being recognised");
}
