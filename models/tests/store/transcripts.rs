//! Versions of transcripts: which one readers see is a decision, segments keep their ids, and what people correct is
//! kept with what it was before.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::comparison::{Comparison, compare};
use huibao_models::domain::correction::{Correction, ReadSegment};
use huibao_models::domain::ids::{PersonId, TranscriptId};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::transcript::{Recognition, Segment, Transcript, TranscriptOrigin};
use huibao_models::store::{ArchiveResult, Corrected, StoreError};

use crate::harness::{Harness, hand_in};
use crate::rows::{segment, transcript};

on_every_engine! {
    what_a_recognizer_made_has_an_author_a_parent_and_segment_ids
    a_correction_becomes_what_readers_see
    recognizing_again_does_not_override_a_correction
    a_correction_of_what_is_outdated_is_refused
    of_corrections_of_a_sentence_that_are_made_together_one_wins
    what_was_corrected_is_told_and_taken_back
    which_version_readers_see_can_be_decided_again
    each_version_keeps_its_comparison
    comparisons_that_are_kept_together_are_one
    a_comparison_of_another_algorithm_is_made_anew
}

/// What a recogniser hands over: without ids.
fn heard(texts: &[&str]) -> Transcript {
    let segments = (0..).zip(texts).map(|(second, text)| {
        let (start_ms, end_ms) = (second * 1000, second * 1000 + 900);
        Segment { id: 0, start_ms, end_ms, text: (*text).into(), ..segment() }
    });
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

    pub async fn make_readable(&self) {
        self.work(Stage::Ingest).await;
        self.recognize(&["一", "二"]).await;
        self.work(Stage::Transcode).await;
        self.work(Stage::Archive).await;
    }

    async fn current_id(&self) -> TranscriptId {
        self.submission().await.current_transcript.unwrap()
    }

    /// Puts something in place of segments, which the caller has read.
    pub async fn correct(
        &self,
        read: &[(u32, &str)],
        by: &[&str],
    ) -> Result<Corrected, StoreError> {
        let mut unit = self.store.begin(Actor::Person(self.person), self.now).await.unwrap();
        let correction = correction(read, by);
        let made = unit.transcripts().correct(self.report, self.submission, &correction).await?;
        unit.commit().await.unwrap();
        Ok(made)
    }

    async fn undo(&self, version: u32) -> Result<Corrected, StoreError> {
        let mut unit = self.store.begin(Actor::Person(self.person), self.now).await.unwrap();
        let made = unit.transcripts().undo(self.report, self.submission, version).await?;
        unit.commit().await.unwrap();
        Ok(made)
    }

    async fn text_of(&self, version: u32) -> Vec<(u32, String)> {
        let mut snapshot = self.snapshot().await;
        let text = snapshot.transcripts().of_version(self.submission, version).await.unwrap();
        text.unwrap().segments.into_iter().map(|it| (it.id, it.text)).collect()
    }
}

fn correction(read: &[(u32, &str)], by: &[&str]) -> Correction {
    let segment = |(id, text): &(u32, &str)| ReadSegment { id: *id, text: (*text).into() };
    let by = by.iter().map(|text| (*text).to_owned()).collect();
    Correction { replaced: read.iter().map(segment).collect(), by }
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
    let recognized = harness.current_id().await;
    let split = harness.correct(&[(1, "一")], &["零", "一"]).await.unwrap();
    assert_eq!((split.version, split.changes.len()), (3, 2));
    let text = harness.transcript().await.unwrap();
    assert_eq!(ids_and_texts(&text), [(1, "零"), (3, "一"), (2, "二")]);

    let versions = harness.versions().await;
    let newest = versions.last().unwrap();
    assert_eq!((newest.version, newest.current, newest.parent), (3, true, Some(recognized)));
    assert_eq!(newest.origin, TranscriptOrigin::Correction);
    assert_eq!(newest.author, Actor::Person(harness.person));
    assert_eq!(newest.recognizer, versions[1].recognizer);
    assert_eq!(versions.iter().filter(|version| version.current).count(), 1);

    // A correction of the correction, in which a segment is left out, and one with an id of its own.
    harness.correct(&[(3, "一")], &[]).await.unwrap();
    harness.correct(&[(2, "二")], &["二", "三"]).await.unwrap();
    let text = harness.transcript().await.unwrap();
    assert_eq!(ids_and_texts(&text), [(1, "零"), (2, "二"), (4, "三")]);
    // Everything that was there before can be read.
    let told = |texts: &[(u32, &str)]| -> Vec<(u32, String)> {
        texts.iter().map(|(id, text)| (*id, (*text).to_owned())).collect()
    };
    assert_eq!(harness.text_of(2).await, told(&[(1, "一"), (2, "二")]));
    assert_eq!(harness.text_of(3).await, told(&[(1, "零"), (3, "一"), (2, "二")]));
    assert_eq!(harness.text_of(4).await, told(&[(1, "零"), (2, "二")]));

    let same = harness.correct(&[(1, "零")], &["零"]).await.unwrap();
    assert_eq!(same, Corrected { version: 5, changes: vec![] }, "nothing is written for nothing");
    assert_eq!(harness.versions().await.len(), 5);
}

async fn what_was_corrected_is_told_and_taken_back(harness: Harness) {
    harness.make_readable().await;
    assert_eq!(
        harness
            .snapshot()
            .await
            .transcripts()
            .corrections(harness.submission, None, 9)
            .await
            .unwrap(),
        []
    );
    let before = harness.transcript().await.unwrap();
    harness.correct(&[(1, "一"), (2, "二")], &["一二"]).await.unwrap();
    harness.correct(&[(1, "一二")], &["十二"]).await.unwrap();

    let mut snapshot = harness.snapshot().await;
    let told = snapshot.transcripts().corrections(harness.submission, None, 9).await.unwrap();
    let versions: Vec<_> = told.iter().map(|it| (it.version, it.person)).collect();
    assert_eq!(versions, [(4, Some(harness.person)), (3, Some(harness.person))]);
    let text = |segment: &Option<Segment>| segment.as_ref().map(|it| it.text.clone());
    let changes: Vec<_> =
        told[1].changes.iter().map(|it| (it.id, text(&it.before), text(&it.after))).collect();
    assert_eq!(
        changes,
        [(1, Some("一".into()), Some("一二".into())), (2, Some("二".into()), None)]
    );
    let older = snapshot.transcripts().corrections(harness.submission, Some(4), 1).await.unwrap();
    assert_eq!(older, told[1..]);
    drop(snapshot);

    // What was changed after it is not overwritten.
    let error = harness.undo(3).await.unwrap_err();
    assert!(matches!(error, StoreError::Outdated { .. }), "{error}");
    harness.undo(4).await.unwrap();
    harness.undo(3).await.unwrap();
    let mut snapshot = harness.snapshot().await;
    let told = snapshot.transcripts().corrections(harness.submission, None, 9).await.unwrap();
    let undoes: Vec<_> = told.iter().map(|it| it.undoes).collect();
    assert_eq!(undoes, [Some(3), Some(4), None, None]);
    drop(snapshot);
    assert_eq!(harness.transcript().await.unwrap(), before, "with every time and probability");
    // And taking back can be taken back.
    harness.undo(6).await.unwrap();
    assert_eq!(ids_and_texts(&harness.transcript().await.unwrap()), [(1, "一二")]);
    for none in [1, 2, 99] {
        let error = harness.undo(none).await.unwrap_err();
        assert!(matches!(error, StoreError::NoSuchRow { .. }), "{error}");
    }
}

async fn recognizing_again_does_not_override_a_correction(harness: Harness) {
    harness.make_readable().await;
    harness.correct(&[(1, "一")], &["壹"]).await.unwrap();
    let id = harness.current_id().await;

    let mut unit = harness.begin().await;
    assert!(unit.jobs().recognize_again(harness.submission, "small").await.unwrap());
    unit.commit().await.unwrap();
    harness.recognize(&["三", "四"]).await;
    let text = harness.transcript().await.unwrap();
    assert_eq!(ids_and_texts(&text), [(1, "壹"), (2, "二")]);
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
    harness.correct(&[(1, "一")], &["壹"]).await.unwrap();
    let id = harness.current_id().await;
    for read in [&[(1, "一")][..], &[(7, "一")], &[(2, "二"), (1, "壹")]] {
        let error = harness.correct(read, &["零"]).await.unwrap_err();
        assert!(matches!(error, StoreError::Outdated { .. }), "{error}");
    }
    assert_eq!(harness.versions().await.len(), 3);
    assert_eq!(harness.current_id().await, id);
    // Another sentence is not in the way.
    harness.correct(&[(2, "二")], &["贰"]).await.unwrap();
    assert_eq!(ids_and_texts(&harness.transcript().await.unwrap()), [(1, "壹"), (2, "贰")]);
}

async fn of_corrections_of_a_sentence_that_are_made_together_one_wins(harness: Harness) {
    harness.make_readable().await;
    let mut set = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (store, now) = (harness.store.clone(), harness.now);
        let (report, submission) = (harness.report, harness.submission);
        set.spawn(async move {
            let read = if number % 2 == 0 { (1, "一") } else { (2, "二") };
            let correction = correction(&[read], &[&format!("第{number}")]);
            let mut unit = store.begin(Actor::Person(PersonId::new()), now).await.unwrap();
            let made = unit.transcripts().correct(report, submission, &correction).await;
            if made.is_ok() {
                unit.commit().await.unwrap();
            }
            made.is_ok()
        });
    }
    assert_eq!(set.join_all().await.into_iter().filter(|made| *made).count(), 2, "one of each");
    assert_eq!(harness.versions().await.len(), 4);
}

async fn which_version_readers_see_can_be_decided_again(harness: Harness) {
    harness.make_readable().await;
    let recognized = harness.current_id().await;
    harness.correct(&[(1, "一")], &["壹"]).await.unwrap();
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

impl Harness {
    async fn kept(&self, of: TranscriptId) -> Option<Comparison> {
        self.snapshot().await.transcripts().comparison(of).await.unwrap()
    }

    async fn keep(&self, of: TranscriptId, comparison: &Comparison) {
        let mut unit = self.begin().await;
        unit.transcripts().keep_comparison(of, comparison).await.unwrap();
        unit.commit().await.unwrap();
    }
}

async fn each_version_keeps_its_comparison(harness: Harness) {
    harness.work(Stage::Ingest).await;
    harness.recognize(&["一", "二"]).await;
    harness.work(Stage::Transcode).await;
    let recognized = harness.current_id().await;
    assert_eq!(harness.kept(recognized).await, None);

    // The archive compares what it puts into the bag.
    let made = compare(&harness.transcript().await.unwrap(), "一三").unwrap();
    let claim = harness.claim(Stage::Archive).await;
    let result = ArchiveResult { comparison: Some((recognized, made.clone())), files: vec![] };
    harness.store.complete(&claim, &result, 1, None, harness.now).await.unwrap().unwrap();
    assert_eq!(harness.kept(recognized).await, Some(made.clone()));

    // A correction is another version.
    harness.correct(&[(1, "一")], &["三"]).await.unwrap();
    let corrected = harness.current_id().await;
    assert_eq!(harness.kept(corrected).await, None);
    let other = compare(&harness.transcript().await.unwrap(), "一三").unwrap();
    harness.keep(corrected, &other).await;
    assert_eq!(harness.kept(corrected).await, Some(other));
    assert_eq!(harness.kept(recognized).await, Some(made));

    // Of what is gone, nothing is kept.
    let gone = TranscriptId::new();
    let nothing = Comparison { written: vec![], said: vec![] };
    harness.keep(gone, &nothing).await;
    assert_eq!(harness.kept(gone).await, None);
}

async fn comparisons_that_are_kept_together_are_one(harness: Harness) {
    harness.make_readable().await;
    let id = harness.current_id().await;
    let made = compare(&harness.transcript().await.unwrap(), "一三").unwrap();
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, now, made) = (harness.store.clone(), harness.now, made.clone());
        set.spawn(async move {
            let mut unit = store.begin(Actor::System, now).await.unwrap();
            unit.transcripts().keep_comparison(id, &made).await.unwrap();
            unit.commit().await.unwrap();
        });
    }
    set.join_all().await;
    assert_eq!(harness.kept(id).await, Some(made));
}

async fn a_comparison_of_another_algorithm_is_made_anew(harness: Harness) {
    harness.make_readable().await;
    let id = harness.current_id().await;
    let made = compare(&harness.transcript().await.unwrap(), "一三").unwrap();
    harness.keep(id, &made).await;
    harness.statement("UPDATE comparisons SET format = 0, body = '{}'").await.unwrap();
    assert_eq!(harness.kept(id).await, None);
    harness.keep(id, &made).await;
    assert_eq!(harness.kept(id).await, Some(made.clone()));

    // Nor does an older program replace what a newer one has made.
    harness.statement("UPDATE comparisons SET format = 9999, body = '{}'").await.unwrap();
    harness.keep(id, &made).await;
    assert_eq!(harness.kept(id).await, None);
}
