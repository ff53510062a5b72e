//! Versions of transcripts: which one readers see is a decision, and segments keep their ids.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::{PersonId, TranscriptId};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::transcript::{Recognition, Segment, Transcript, TranscriptOrigin};
use huibao_models::store::StoreError;

use crate::harness::{Harness, hand_in};
use crate::rows::{segment, transcript};

on_every_engine! {
    what_a_recognizer_made_has_an_author_a_parent_and_segment_ids
    a_correction_becomes_what_readers_see
    recognizing_again_does_not_override_a_correction
    a_correction_of_what_is_outdated_is_refused
    of_corrections_that_are_made_together_one_wins
    which_version_readers_see_can_be_decided_again
}

/// What a recogniser hands over: without ids.
fn heard(texts: &[&str]) -> Transcript {
    let segments = texts.iter().map(|text| Segment { id: 0, text: (*text).into(), ..segment() });
    Transcript { segments: segments.collect(), ..transcript() }
}

fn ids_and_texts(transcript: &Transcript) -> Vec<(u32, &str)> {
    transcript.segments.iter().map(|segment| (segment.id, segment.text.as_str())).collect()
}

impl Harness {
    /// Recognises, with these segments as what is readable and one more in what is raw.
    async fn recognize(&self, texts: &[&str]) {
        let claim = self.claim(Stage::Transcribe).await;
        let transcript = heard(texts);
        let mut raw = transcript.segments.clone();
        raw.push(Segment { id: 0, ..segment() });
        let made = Recognition { transcript, raw };
        self.store.complete(&claim, &made, 1, None, self.now).await.unwrap().unwrap();
    }

    async fn make_readable(&self) {
        self.work(Stage::Ingest).await;
        self.recognize(&["一", "二"]).await;
        self.work(Stage::Transcode).await;
        self.work(Stage::Archive).await;
    }

    async fn current_id(&self) -> TranscriptId {
        self.submission().await.current_transcript.unwrap()
    }

    async fn correct(
        &self,
        who: &Actor,
        parent: TranscriptId,
        corrected: &Transcript,
    ) -> Result<TranscriptId, StoreError> {
        let mut unit = self.store.begin(who.clone(), self.now).await.unwrap();
        let id = unit.transcripts().add_correction(self.submission, parent, corrected).await?;
        unit.commit().await.unwrap();
        Ok(id)
    }
}

async fn what_a_recognizer_made_has_an_author_a_parent_and_segment_ids(harness: Harness) {
    harness.make_readable().await;
    let versions = harness.versions().await;
    let worker = Actor::Worker("test".into());
    let told: Vec<_> = versions.iter().map(|it| (it.version, it.origin, it.current)).collect();
    let expected = [(1, TranscriptOrigin::Raw, false), (2, TranscriptOrigin::Recognition, true)];
    assert_eq!(told, expected);
    assert!(versions.iter().all(|version| version.author == worker));
    assert_eq!((versions[0].parent, versions[1].parent), (None, Some(versions[0].id)));
    assert_eq!(harness.current_id().await, versions[1].id);
    let text = harness.transcript().await.unwrap();
    assert_eq!(ids_and_texts(&text), [(1, "一"), (2, "二")]);
    let raw = harness.snapshot().await.transcripts().newest_raw(harness.submission).await;
    let ids: Vec<_> = raw.unwrap().unwrap().segments.iter().map(|segment| segment.id).collect();
    assert_eq!(ids, [1, 2, 3]);
}

async fn a_correction_becomes_what_readers_see(harness: Harness) {
    harness.make_readable().await;
    let (parent, person) = (harness.current_id().await, Actor::Person(PersonId::new()));
    let mut corrected = harness.transcript().await.unwrap();
    corrected.segments[1].text = "两".into();
    // One that was split off comes before the others.
    corrected.segments.insert(0, Segment { id: 0, text: "零".into(), ..segment() });
    let first = harness.correct(&person, parent, &corrected).await.unwrap();

    let text = harness.transcript().await.unwrap();
    assert_eq!(ids_and_texts(&text), [(3, "零"), (1, "一"), (2, "两")]);
    let versions = harness.versions().await;
    let newest = versions.last().unwrap();
    assert_eq!((newest.id, newest.version, newest.current), (first, 3, true));
    assert_eq!((newest.origin, newest.parent), (TranscriptOrigin::Correction, Some(parent)));
    assert_eq!(newest.author, person);
    assert_eq!(versions.iter().filter(|version| version.current).count(), 1);
    // What was corrected is still there.
    let old = harness.snapshot().await.transcripts().of_version(harness.submission, 2).await;
    assert_eq!(ids_and_texts(&old.unwrap().unwrap()), [(1, "一"), (2, "二")]);

    // A correction of the correction, in which a segment is left out.
    let mut corrected = text;
    corrected.segments.remove(1);
    let second = harness.correct(&person, first, &corrected).await.unwrap();
    assert_eq!(ids_and_texts(&harness.transcript().await.unwrap()), [(3, "零"), (2, "两")]);
    assert_eq!(harness.current_id().await, second);
}

async fn recognizing_again_does_not_override_a_correction(harness: Harness) {
    harness.make_readable().await;
    let mut corrected = harness.transcript().await.unwrap();
    corrected.segments[0].text = "壹".into();
    let person = Actor::Person(PersonId::new());
    let id = harness.correct(&person, harness.current_id().await, &corrected).await.unwrap();

    let mut unit = harness.begin().await;
    assert!(unit.jobs().recognize_again(harness.submission, "small").await.unwrap());
    unit.commit().await.unwrap();
    harness.recognize(&["三", "四"]).await;
    assert_eq!(harness.transcript().await, Some(corrected));
    assert_eq!(harness.current_id().await, id);
    let newest =
        harness.snapshot().await.transcripts().newest_recognition(harness.submission).await;
    assert_eq!(ids_and_texts(&newest.unwrap().unwrap()), [(1, "三"), (2, "四")]);
    let current: Vec<_> = harness.versions().await.iter().map(|it| it.current).collect();
    assert_eq!(current, [false, false, true, false, false]);
    harness.work(Stage::Archive).await;
    assert_eq!(harness.current_id().await, id);
}

async fn a_correction_of_what_is_outdated_is_refused(harness: Harness) {
    harness.make_readable().await;
    let (parent, corrected) = (harness.current_id().await, harness.transcript().await.unwrap());
    let person = Actor::Person(PersonId::new());
    let id = harness.correct(&person, parent, &corrected).await.unwrap();
    for outdated in [parent, harness.versions().await[0].id, TranscriptId::new()] {
        let error = harness.correct(&person, outdated, &corrected).await.unwrap_err();
        assert!(matches!(error, StoreError::Outdated { .. }), "{error}");
    }
    assert_eq!(harness.versions().await.len(), 3);
    assert_eq!(harness.current_id().await, id);
}

async fn of_corrections_that_are_made_together_one_wins(harness: Harness) {
    harness.make_readable().await;
    let (parent, corrected) = (harness.current_id().await, harness.transcript().await.unwrap());
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (store, now) = (harness.store.clone(), harness.now);
        let (submission, corrected) = (harness.submission, corrected.clone());
        set.spawn(async move {
            let actor = Actor::Person(PersonId::new());
            let mut unit = store.begin(actor, now).await.unwrap();
            let added = unit.transcripts().add_correction(submission, parent, &corrected).await;
            if added.is_ok() {
                unit.commit().await.unwrap();
            }
            added.is_ok()
        });
    }
    assert_eq!(set.join_all().await.into_iter().filter(|added| *added).count(), 1);
    assert_eq!(harness.versions().await.len(), 3);
}

async fn which_version_readers_see_can_be_decided_again(harness: Harness) {
    harness.make_readable().await;
    let recognized = harness.current_id().await;
    let mut corrected = harness.transcript().await.unwrap();
    corrected.segments[0].text = "壹".into();
    harness.correct(&Actor::System, recognized, &corrected).await.unwrap();
    let mut unit = harness.begin().await;
    unit.transcripts().set_current(harness.submission, recognized).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(harness.current_id().await, recognized);
    let text = harness.transcript().await.unwrap();
    assert_eq!(ids_and_texts(&text), [(1, "一"), (2, "二")]);

    // Not one of another submission.
    let (_, other, _) = hand_in(&harness.store, harness.now).await;
    let mut unit = harness.begin().await;
    let error = unit.transcripts().set_current(other, recognized).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchRow { what: "transcript", .. }), "{error}");
}
