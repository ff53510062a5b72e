//! Uploads: one writer at a time, what replaces what, and what nobody continues.

use chrono::TimeDelta;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::{PersonId, ReportId, SubmissionId};
use huibao_models::domain::person::LoginName;
use huibao_models::domain::submission::FileKind;
use huibao_models::domain::upload::{Purpose, Upload, UploadRole};
use huibao_models::storage::Stored;
use huibao_models::store::{NewPerson, WRITER_LEASE};
use uuid::Uuid;

use crate::harness::{Harness, new_report};

on_every_engine! {
    one_writes_at_a_time
    a_finished_file_replaces_the_one_before
    pages_stay_side_by_side_in_their_order
    what_is_handed_in_is_taken_once
    what_nobody_continues_is_found
    objects_of_uploads_are_referred_to
}

struct Draft {
    person: PersonId,
    report: ReportId,
    submission: SubmissionId,
}

async fn draft(harness: &Harness) -> Draft {
    let person = NewPerson {
        display_name: "李晓明".into(),
        ..NewPerson::named(LoginName::parse("li").unwrap())
    };
    let report = new_report();
    let mut unit = harness.begin().await;
    unit.people().insert(&person).await.unwrap();
    unit.reports().insert(&report).await.unwrap();
    let submission = unit.reports().begin_submission(report.id).await.unwrap();
    unit.commit().await.unwrap();
    Draft { person: person.id, report: report.id, submission }
}

async fn add(harness: &Harness, draft: &Draft, role: Option<UploadRole>) -> Upload {
    let id = Uuid::now_v7();
    let report = draft.report;
    let upload = Upload {
        id,
        person: draft.person,
        purpose: role.map_or(Purpose::Part, |role| Purpose::File { report, role }),
        submission: draft.submission,
        filename: "录像.mp4".into(),
        key: format!("submissions/{}/original-{id}.mp4", draft.submission),
        length: Some(10),
        parts: None,
        sha256: None,
        touched_at: harness.now,
    };
    let mut unit = harness.begin().await;
    unit.uploads().insert(&upload).await.unwrap();
    unit.commit().await.unwrap();
    upload
}

async fn finish(harness: &Harness, upload: &Upload) -> Vec<Uuid> {
    let stored = Stored { size_bytes: 10, sha256: "aa".into() };
    let mut unit = harness.begin().await;
    let replaced = unit.uploads().finish(upload, &stored).await.unwrap();
    unit.commit().await.unwrap();
    replaced.into_iter().map(|upload| upload.id).collect()
}

async fn one_writes_at_a_time(harness: Harness) {
    let draft = draft(&harness).await;
    let upload = add(&harness, &draft, Some(UploadRole::Video)).await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let lease = TimeDelta::from_std(WRITER_LEASE).unwrap();
    let claim = async |writer, after: TimeDelta| {
        let mut unit = harness.store.begin(Actor::System, harness.now + after).await.unwrap();
        let claimed = unit.uploads().claim(upload.id, writer).await.unwrap();
        unit.commit().await.unwrap();
        claimed
    };
    let second = TimeDelta::seconds(1);
    assert!(claim(one, TimeDelta::zero()).await);
    assert!(!claim(other, second).await);
    assert!(claim(one, second * 5).await, "it is renewed");
    assert!(!claim(other, lease).await);
    assert!(claim(other, lease + second * 5).await, "who stands still is taken over");
    assert!(!claim(one, lease + second * 6).await);
    let mut unit = harness.begin().await;
    unit.uploads().release(upload.id, one).await.unwrap();
    assert!(!unit.uploads().claim(upload.id, one).await.unwrap(), "it is another's");
    unit.uploads().release(upload.id, other).await.unwrap();
    assert!(unit.uploads().claim(upload.id, one).await.unwrap());
}

async fn a_finished_file_replaces_the_one_before(harness: Harness) {
    let draft = draft(&harness).await;
    let first = add(&harness, &draft, Some(UploadRole::Video)).await;
    let second = add(&harness, &draft, Some(UploadRole::Video)).await;
    let written = add(&harness, &draft, Some(UploadRole::Written)).await;
    let part = add(&harness, &draft, None).await;
    for upload in [&written, &part, &first] {
        assert!(finish(&harness, upload).await.is_empty());
    }
    assert_eq!(finish(&harness, &second).await, [first.id]);
    assert!(finish(&harness, &second).await.is_empty(), "again, after a crash");
    let mut snapshot = harness.snapshot().await;
    let kept = snapshot.uploads().of_report(draft.report).await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(|upload| upload.id).collect();
    assert_eq!(kept, [second.id, written.id]);
    let part = snapshot.uploads().get(part.id).await.unwrap().unwrap();
    assert!(part.is_finished());
}

async fn pages_stay_side_by_side_in_their_order(harness: Harness) {
    let draft = draft(&harness).await;
    let first = add(&harness, &draft, Some(UploadRole::Page)).await;
    let second = add(&harness, &draft, Some(UploadRole::Page)).await;
    // A small page arrives before a large one that was begun earlier.
    assert!(finish(&harness, &second).await.is_empty());
    assert!(finish(&harness, &first).await.is_empty());
    let mut unit = harness.begin().await;
    let files = unit.uploads().take_finished(draft.report).await.unwrap();
    let taken: Vec<_> = files.into_iter().map(|file| (file.kind, file.key)).collect();
    assert_eq!(taken, [(FileKind::Page, first.key), (FileKind::Page, second.key)]);
}

async fn what_is_handed_in_is_taken_once(harness: Harness) {
    let draft = draft(&harness).await;
    let video = add(&harness, &draft, Some(UploadRole::Video)).await;
    let unfinished = add(&harness, &draft, Some(UploadRole::Written)).await;
    finish(&harness, &video).await;
    let mut unit = harness.begin().await;
    let files = unit.uploads().take_finished(draft.report).await.unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!((files[0].kind, files[0].key.as_str()), (FileKind::Original, video.key.as_str()));
    assert_eq!((files[0].name.as_str(), files[0].size_bytes), ("录像.mp4", 10));
    assert_eq!(unit.uploads().take_finished(draft.report).await.unwrap(), []);
    unit.commit().await.unwrap();
    let left = harness.snapshot().await.uploads().of_report(draft.report).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].id, unfinished.id);
}

async fn what_nobody_continues_is_found(harness: Harness) {
    let draft = draft(&harness).await;
    let finished = add(&harness, &draft, Some(UploadRole::Video)).await;
    let part = add(&harness, &draft, None).await;
    let continued = add(&harness, &draft, Some(UploadRole::Video)).await;
    let idle = add(&harness, &draft, Some(UploadRole::Written)).await;
    finish(&harness, &finished).await;
    finish(&harness, &part).await;
    let later = harness.now + TimeDelta::days(1);
    let mut unit = harness.store.begin(Actor::System, later).await.unwrap();
    assert!(unit.uploads().claim(continued.id, Uuid::now_v7()).await.unwrap());
    unit.commit().await.unwrap();
    let mut snapshot = harness.snapshot().await;
    let found = snapshot.uploads().untouched(harness.now, 10).await.unwrap();
    let mut found: Vec<_> = found.into_iter().map(|upload| upload.id).collect();
    found.sort_unstable();
    assert_eq!(found, [part.id, idle.id]);
    assert_eq!(snapshot.uploads().untouched(later, 10).await.unwrap().len(), 3);
    assert_eq!(snapshot.uploads().untouched(later, 2).await.unwrap().len(), 2);
}

async fn objects_of_uploads_are_referred_to(harness: Harness) {
    let draft = draft(&harness).await;
    let upload = add(&harness, &draft, Some(UploadRole::Video)).await;
    let (oldest, newest) = (draft.submission, draft.submission);
    let references = harness.store.references(oldest.uuid(), newest.uuid()).await.unwrap();
    assert!(references.keys.contains(&upload.key));
}
