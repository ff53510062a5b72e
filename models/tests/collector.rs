//! What the collector promises, on a folder and on a bucket: what is referred to stays, what may
//! still be committed stays, what is young stays; the rest goes.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]
#![expect(clippy::expect_used, reason = "and say what to do about it")]

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;
use huibao_models::collector::{CollectError, Collected, Policy, SAFE_AGE, collect};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::export::{ExportFile, ExportFormat, ExportSubject, KEPT};
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::{JobMessage, RetryPolicy};
use huibao_models::domain::person::LoginName;
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::storage::{self, Storage, StorageKey, UploadId};
use huibao_models::store::{
    Claim, Claimant, ExportResult, NewPerson, NewReport, NewSubmission, Store,
};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

struct Harness {
    store: Store,
    storage: Arc<dyn Storage>,
    _folder: TempDir,
}

macro_rules! on_every_storage {
    ($($promise:ident)*) => {
        mod local {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::Harness::local().await).await;
            })*
        }
        mod s3 {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::Harness::s3().await).await;
            })*
        }
    };
}

on_every_storage! {
    only_what_nobody_refers_to_goes
    what_a_running_attempt_made_stays_until_it_ends
    what_is_young_stays
    looking_removes_nothing
    a_database_that_knows_nothing_is_not_believed
    uploads_stay_until_they_are_old
    files_of_exports_stay_until_they_expire
}

impl Harness {
    async fn local() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = Url::from_file_path(folder.path().join("files")).unwrap();
        Self::with(&url, folder).await
    }

    async fn s3() -> Self {
        let url = std::env::var("HUIBAO_TEST_STORAGE_URL").expect("run scripts/test");
        let mut url = Url::parse(&url).unwrap();
        url.set_path(&format!("/test-{}", Uuid::now_v7()));
        Self::with(&url, tempfile::tempdir().unwrap()).await
    }

    async fn with(url: &Url, folder: TempDir) -> Self {
        let store = Store::open_sqlite(&folder.path().join("test.db")).await.unwrap();
        let storage = storage::open(url.as_str()).await.unwrap();
        Self { store, storage, _folder: folder }
    }

    async fn put(&self, key: &StorageKey) -> StoredFile {
        let body = Box::pin(std::io::Cursor::new(b"abc"));
        let stored = self.storage.put(key, body, 3).await.unwrap();
        StoredFile {
            kind: FileKind::Original,
            key: key.to_string(),
            name: "x".into(),
            size_bytes: stored.size_bytes,
            sha256: stored.sha256,
        }
    }

    /// A submission with its video.
    async fn submission(&self) -> (SubmissionId, StorageKey) {
        let (id, report_id) = (SubmissionId::new(), ReportId::new());
        let key = StorageKey::original(id, "mp4");
        let files = vec![self.put(&key).await];
        let report = NewReport::anonymous(report_id, String::new(), String::new());
        let submission = NewSubmission { id, report_id, language: "zh".into(), files };
        let mut unit = self.store.begin_durable(Actor::System, Utc::now()).await.unwrap();
        unit.reports().insert(&report).await.unwrap();
        unit.submissions().hand_in(&submission).await.unwrap();
        unit.commit().await.unwrap();
        (id, key)
    }

    async fn claim(&self, submission: SubmissionId) -> Claim {
        let mut snapshot = self.store.snapshot().await.unwrap();
        let message = snapshot.jobs().of_submission(submission).await.unwrap()[0].message();
        drop(snapshot);
        self.claim_of(&message).await
    }

    async fn claim_of(&self, message: &JobMessage) -> Claim {
        let claimant = Claimant { worker: "test", lease: Duration::from_mins(1) };
        let policy = RetryPolicy::default();
        self.store.claim(message, &claimant, &policy, Utc::now()).await.unwrap().unwrap()
    }

    async fn collect(&self, now: DateTime<Utc>) -> Collected {
        let policy = Policy { min_age: SAFE_AGE, min_upload_age: SAFE_AGE, dry_run: false };
        collect(&self.store, &*self.storage, policy, now).await.unwrap()
    }

    async fn keys(&self) -> Vec<StorageKey> {
        let objects: Vec<_> = self.storage.list("").try_collect().await.unwrap();
        objects.into_iter().map(|object| object.key).collect()
    }
}

/// When everything that is stored now is old enough.
fn later() -> DateTime<Utc> {
    Utc::now() + SAFE_AGE + TimeDelta::minutes(1)
}

async fn only_what_nobody_refers_to_goes(harness: Harness) {
    let (first, kept) = harness.submission().await;
    let (_, also_kept) = harness.submission().await;
    let lost = StorageKey::output(first, 3, "audio.wav");
    let unknown = StorageKey::original(SubmissionId::new(), "mp4");
    let strange = StorageKey::parse("submissions/notes/readme.txt").unwrap();
    for key in [&lost, &unknown, &strange] {
        harness.put(key).await;
    }
    let collected = harness.collect(later()).await;
    let mut gone: Vec<_> = collected.objects.iter().map(|object| object.key.clone()).collect();
    gone.sort_by_key(ToString::to_string);
    assert_eq!(gone, [lost, unknown]);
    assert_eq!(collected.bytes(), 6);
    assert_eq!(harness.keys().await, [kept, also_kept, strange]);
    assert!(harness.collect(later()).await.objects.is_empty());
}

async fn what_a_running_attempt_made_stays_until_it_ends(harness: Harness) {
    let (submission, _) = harness.submission().await;
    let claim = harness.claim(submission).await;
    let output = StorageKey::output(submission, claim.token, "audio.wav");
    harness.put(&output).await;
    assert!(harness.collect(later()).await.objects.is_empty());
    harness.store.hand_back(&claim, Utc::now()).await.unwrap().unwrap();
    let again = harness.claim(submission).await;
    assert!(again.token > claim.token);
    assert_eq!(harness.collect(later()).await.objects.len(), 1);
    assert!(harness.storage.size(&output).await.is_err());
}

async fn what_is_young_stays(harness: Harness) {
    harness.submission().await;
    // An upload whose rows are still to come.
    harness.put(&StorageKey::original(SubmissionId::new(), "mp4")).await;
    let soon = Utc::now() + SAFE_AGE - TimeDelta::minutes(1);
    assert!(harness.collect(soon).await.objects.is_empty());
    assert_eq!(harness.keys().await.len(), 2);
}

async fn looking_removes_nothing(harness: Harness) {
    harness.submission().await;
    harness.put(&StorageKey::original(SubmissionId::new(), "mp4")).await;
    let policy = Policy { min_age: SAFE_AGE, min_upload_age: SAFE_AGE, dry_run: true };
    let collected = collect(&harness.store, &*harness.storage, policy, later()).await.unwrap();
    assert_eq!(collected.objects.len(), 1);
    assert_eq!(harness.keys().await.len(), 2);
}

async fn a_database_that_knows_nothing_is_not_believed(harness: Harness) {
    harness.put(&StorageKey::original(SubmissionId::new(), "mp4")).await;
    let policy = Policy { min_age: SAFE_AGE, min_upload_age: SAFE_AGE, dry_run: false };
    let error = collect(&harness.store, &*harness.storage, policy, later()).await.unwrap_err();
    assert!(matches!(error, CollectError::Strangers), "{error}");
    assert_eq!(harness.keys().await.len(), 1);
}

async fn uploads_stay_until_they_are_old(harness: Harness) {
    let (_, kept) = harness.submission().await;
    let (open, finished) = (UploadId::new(), UploadId::new());
    let key = StorageKey::original(SubmissionId::new(), "mp4");
    for id in [open, finished] {
        harness.storage.create_upload(id, &key).await.unwrap();
        // With a part, which is an unfinished upload of the storage.
        let body = Box::pin(std::io::Cursor::new(vec![7; 9 * 1024 * 1024]));
        harness.storage.append(id, 0, body, u64::MAX).await.unwrap();
    }
    harness.storage.finish_upload(finished).await.unwrap();
    // The object may be older than its end, and its row is still to come.
    let collected = harness.collect(later()).await;
    assert_eq!((collected.objects.len(), collected.uploads), (0, 0));
    let body = Box::pin(std::io::Cursor::new(b"x"));
    harness.storage.append(open, 9 * 1024 * 1024, body, u64::MAX).await.unwrap();
    // Without its upload's record, the object is like any other.
    harness.storage.remove_upload(finished).await.unwrap();
    let collected = harness.collect(later()).await;
    assert_eq!(collected.objects.len(), 0, "the other upload will have this key");
    let policy = Policy { min_age: Duration::ZERO, min_upload_age: Duration::ZERO, dry_run: false };
    let collected = collect(&harness.store, &*harness.storage, policy, later()).await.unwrap();
    assert_eq!((collected.objects.len(), collected.uploads), (1, 1));
    assert_eq!(harness.storage.uploads().await.unwrap(), []);
    assert_eq!(harness.keys().await, [kept]);
}

async fn files_of_exports_stay_until_they_expire(harness: Harness) {
    let (submission, _) = harness.submission().await;
    let of = harness.store.snapshot().await.unwrap().submissions().get(submission).await.unwrap();
    let report = of.unwrap().report_id;
    let somebody = NewPerson::named(LoginName::parse("wang").unwrap());
    let person = somebody.id;
    let mut unit = harness.store.begin(Actor::System, Utc::now()).await.unwrap();
    assert!(unit.people().insert(&somebody).await.unwrap());
    let subject = ExportSubject::Report(report);
    let export = unit.exports().request(person, subject, &[], ExportFormat::Docx).await.unwrap();
    let messages = unit.commit().await.unwrap();

    let claim = harness.claim_of(&messages[0]).await;
    let key = StorageKey::export(export, claim.token, "docx");
    let lost = StorageKey::export(export, claim.token + 1, "docx");
    let stored = harness.put(&key).await;
    harness.put(&lost).await;
    let gone = harness.collect(later()).await.objects;
    assert_eq!(
        gone.iter().map(|object| &object.key).collect::<Vec<_>>(),
        [&lost],
        "one is at work"
    );
    let StoredFile { key: stored_at, name, size_bytes, sha256, .. } = stored;
    let file = ExportFile { key: stored_at, name, size_bytes, sha256 };
    let made = ExportResult { export, person, file, reports: vec![report] };
    harness.store.complete(&claim, &made, 1, None, Utc::now()).await.unwrap().unwrap();
    assert!(harness.collect(later()).await.objects.is_empty(), "a row refers to it");

    let expired = Utc::now() + KEPT + Duration::from_secs(1);
    let mut unit = harness.store.begin(Actor::System, expired).await.unwrap();
    assert_eq!(unit.exports().prune().await.unwrap(), 1);
    unit.commit().await.unwrap();
    assert_eq!(harness.collect(later()).await.objects.len(), 1);
    assert!(harness.storage.size(&key).await.is_err());
}
