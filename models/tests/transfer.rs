//! What a transfer promises: everything arrives as it was, an interrupted run goes on, what is not
//! sound stays behind, nothing is merged, and the source stays as it is.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where something is missing"
)]

#[path = "common/postgres.rs"]
mod postgres;
#[path = "common/rows.rs"]
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use futures::TryStreamExt;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::{JobMessage, JobState, RetryPolicy, Stage};
use huibao_models::domain::media::Rendition;
use huibao_models::domain::report::{FileKind, StoredFile};
use huibao_models::storage::{self, StorageKey};
use huibao_models::store::{
    Claim, Claimant, Completion, IngestResult, NewReport, Store, StoreError, TranscodeResult,
};
use huibao_models::transfer::{Moved, Side, TransferError, transfer};
use tempfile::TempDir;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::rows::{media, recognition, segment, transcript};

/// The video's bytes: more than one part of an upload.
const VIDEO: usize = 9 << 20;

struct Harness {
    from: Side,
    database_url: String,
    folder: TempDir,
    now: DateTime<Utc>,
}

impl Harness {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database_url = format!("sqlite://{}", folder.path().join("huibao.db").display());
        let files = url::Url::from_file_path(folder.path().join("files")).unwrap();
        let from = Side {
            store: Store::open(&database_url, 4).await.unwrap(),
            storage: storage::open(files.as_str()).await.unwrap(),
        };
        Self { from, database_url, folder, now: Utc::now() }
    }

    /// A report whose first stage is done, with one stage running, one waiting and one dead.
    async fn report(&self) -> Uuid {
        let store = &self.from.store;
        let id = Uuid::now_v7();
        let original = StorageKey::original(id, "mp4");
        let files = vec![self.put(FileKind::Original, &original, vec![7; VIDEO]).await];
        let new = NewReport {
            id,
            title: "第三季度思想汇报".into(),
            speaker: "李晓明".into(),
            language: "zh".into(),
            files,
        };
        store.submit(&new, self.now).await.unwrap();
        let ingest = self.claim(id, Stage::Ingest).await;
        let audio = StorageKey::output(id, ingest.token, "audio.wav");
        let copy = StorageKey::bag_file(id, ingest.token, "data/original.mp4");
        self.from.storage.copy(&original, &copy).await.unwrap();
        let mut twin = new.files[0].clone();
        (twin.kind, twin.key) = (FileKind::Bag, copy.to_string());
        let result = IngestResult {
            media: media(),
            written: None,
            files: vec![self.put(FileKind::Audio, &audio, vec![]).await, twin],
        };
        self.complete(&ingest, Completion::Ingest(Box::new(result))).await;

        let transcode = self.claim(id, Stage::Transcode).await;
        let dead = Failure::new(FailureCode::UnsupportedCodec, "x");
        store.fail(&transcode, &dead, &RetryPolicy::default(), self.now).await.unwrap().unwrap();
        let transcribe = self.claim(id, Stage::Transcribe).await;
        store.publish_partial(&transcribe, 0, &segment()).await.unwrap();
        id
    }

    async fn put(&self, kind: FileKind, key: &StorageKey, bytes: Vec<u8>) -> StoredFile {
        let body = Box::pin(std::io::Cursor::new(bytes));
        let stored = self.from.storage.put(key, body, u64::MAX).await.unwrap();
        StoredFile {
            kind,
            key: key.to_string(),
            name: "视频.mp4".into(),
            size_bytes: stored.size_bytes,
            sha256: stored.sha256,
        }
    }

    async fn claim(&self, report: Uuid, stage: Stage) -> Claim {
        let jobs = self.from.store.jobs(report).await.unwrap();
        let job = jobs.into_iter().find(|job| job.stage == stage).unwrap();
        let message = JobMessage { job_id: job.id, stage, token: job.token };
        let claimant = Claimant { worker: "old", lease: Duration::from_mins(1) };
        let policy = RetryPolicy::default();
        self.from.store.claim(&message, &claimant, &policy, self.now).await.unwrap().unwrap()
    }

    async fn complete(&self, claim: &Claim, made: Completion) {
        self.from.store.complete(claim, &made, 12, None, self.now).await.unwrap().unwrap();
    }

    /// The same source, opened as the command opens it.
    async fn read_only(&self) -> Side {
        let store = Store::open_to_read(&self.database_url, 2).await.unwrap();
        Side { store, storage: Arc::clone(&self.from.storage) }
    }

    async fn run(&self, to: &Side) -> Result<Moved, TransferError> {
        transfer(&self.read_only().await, to, self.now, Arc::new(|_| {})).await
    }
}

/// PostgreSQL and S3, both empty.
async fn distributed() -> Side {
    let url = std::env::var("HUIBAO_TEST_STORAGE_URL").expect("run scripts/test");
    let mut url = url::Url::parse(&url).unwrap();
    url.set_path(&format!("/test-{}", Uuid::now_v7()));
    Side {
        store: Store::open(&postgres::postgres_schema().await, 4).await.unwrap(),
        storage: storage::open(url.as_str()).await.unwrap(),
    }
}

async fn keys(side: &Side) -> Vec<(String, u64)> {
    let objects: Vec<_> = side.storage.list("reports/").try_collect().await.unwrap();
    objects.into_iter().map(|object| (object.key.to_string(), object.size_bytes)).collect()
}

#[tokio::test]
async fn everything_arrives_as_it_was() {
    let harness = Harness::new().await;
    let first = harness.report().await;
    let second = harness.report().await;
    let claim = harness.claim_of(second, Stage::Transcribe).await;
    harness.complete(&claim, Completion::Transcribe(Box::new(recognition()))).await;
    let garbage = StorageKey::output(first, 1, "left.wav");
    harness.put(FileKind::Audio, &garbage, vec![1]).await;

    let to = distributed().await;
    let seen = Arc::new(AtomicU64::new(0));
    let progress = Arc::clone(&seen);
    let progress = Arc::new(move |bytes| {
        progress.fetch_add(bytes, Ordering::Relaxed);
    });
    let moved = transfer(&harness.read_only().await, &to, harness.now, progress).await.unwrap();
    let bytes = 4 * VIDEO as u64;
    assert_eq!(moved, Moved { reports: 2, files: 6, bytes, skipped: 0 });
    assert_eq!(seen.load(Ordering::Relaxed), bytes);

    let mut expected = keys(&harness.from).await;
    expected.retain(|(key, _)| key != garbage.as_str());
    assert_eq!(keys(&to).await, expected);
    assert_eq!(to.store.extent().await.unwrap(), harness.from.store.extent().await.unwrap());
    for id in [first, second] {
        let (source, target) = (harness.from.store.files(id), to.store.files(id));
        assert_eq!(source.await.unwrap(), target.await.unwrap());
        let report = to.store.report(id).await.unwrap().unwrap();
        assert_eq!(report.media, Some(media()));
        assert_eq!(report.created_at, harness.now.trunc_subsecs(6));
    }
    assert_eq!(to.store.transcript(second).await.unwrap(), Some(transcript()));
    let raw = to.store.raw_transcript(second).await.unwrap();
    assert_eq!(raw, Some(recognition().raw_transcript()));
    assert_eq!(to.store.partial(first).await.unwrap(), [segment()]);
    // Nothing is left to do, and the source is what it was.
    let again = harness.run(&to).await.unwrap();
    assert_eq!(again, Moved { skipped: 6, ..Moved::default() });
    assert!(harness.from.storage.size(&garbage).await.is_ok());
}

impl Harness {
    /// The claim that runs now.
    async fn claim_of(&self, report: Uuid, stage: Stage) -> Claim {
        let jobs = self.from.store.jobs(report).await.unwrap();
        let job = jobs.into_iter().find(|job| job.stage == stage).unwrap();
        Claim { job_id: job.id, report_id: report, stage, attempt: 1, token: job.token }
    }
}

#[tokio::test]
async fn what_ran_is_queued_at_the_target_and_the_old_worker_is_fenced_off() {
    let harness = Harness::new().await;
    let id = harness.report().await;
    let old = harness.claim_of(id, Stage::Transcribe).await;
    let to = distributed().await;
    harness.run(&to).await.unwrap();

    let job = to.store.job(old.job_id).await.unwrap().unwrap();
    assert_eq!((job.state, job.token, job.attempt), (JobState::Queued, 1, 1));
    assert_eq!(job.worker, None);
    let due = to.store.due_messages(10, harness.now).await.unwrap();
    assert_eq!(due, [JobMessage { job_id: old.job_id, stage: Stage::Transcribe, token: 1 }]);
    let claimant = Claimant { worker: "new", lease: Duration::from_mins(1) };
    let policy = RetryPolicy::default();
    let new = to.store.claim(&due[0], &claimant, &policy, harness.now).await.unwrap().unwrap();
    assert_eq!((new.token, new.attempt), (2, 2));
    let late = Completion::Transcribe(Box::new(recognition()));
    assert!(to.store.complete(&old, &late, 1, None, harness.now).await.unwrap().is_err());
    // At the source, it runs as before.
    let source = harness.from.store.job(old.job_id).await.unwrap().unwrap();
    assert_eq!(source.state, JobState::Running);
}

#[tokio::test]
async fn a_report_that_is_recognized_again_goes_along_with_its_model() {
    let harness = Harness::new().await;
    let id = harness.report().await;
    let store = &harness.from.store;
    let dead = harness.claim_of(id, Stage::Transcode).await;
    store.replay(dead.job_id, harness.now).await.unwrap().unwrap();
    let transcode = harness.claim(id, Stage::Transcode).await;
    let key = StorageKey::output(id, transcode.token, "rendition.mp4");
    let rendition =
        Rendition { width: 720, height: 1280, duration_ms: 1000, remuxed: false, lost_ms: 0 };
    let file = harness.put(FileKind::Rendition, &key, vec![3]).await;
    let made = Completion::Transcode(TranscodeResult { rendition, file });
    harness.complete(&transcode, made).await;
    let transcribe = harness.claim_of(id, Stage::Transcribe).await;
    harness.complete(&transcribe, Completion::Transcribe(Box::new(recognition()))).await;
    let archive = harness.claim(id, Stage::Archive).await;
    harness.complete(&archive, Completion::Archive(vec![])).await;
    let message = store.recognize_again(id, "small-q8_0", harness.now).await.unwrap().unwrap();

    let to = distributed().await;
    harness.run(&to).await.unwrap();
    let job = to.store.job(message.job_id).await.unwrap().unwrap();
    assert_eq!((job.state, job.model.as_deref()), (JobState::Queued, Some("small-q8_0")));
    assert_eq!(to.store.due_messages(10, harness.now).await.unwrap(), [message]);
}

#[tokio::test]
async fn an_interrupted_run_goes_on() {
    let harness = Harness::new().await;
    harness.report().await;
    let second = harness.report().await;
    let to = distributed().await;
    // Stops in the middle of the second report's video.
    let seen = AtomicU64::new(0);
    let reached = Arc::new(Notify::new());
    let reach = Arc::clone(&reached);
    let progress = Arc::new(move |bytes| {
        if seen.fetch_add(bytes, Ordering::Relaxed) + bytes > 2 * VIDEO as u64 {
            reach.notify_one();
        }
    });
    let from = harness.read_only().await;
    tokio::select! {
        biased;
        () = reached.notified() => {}
        done = transfer(&from, &to, harness.now, progress) => panic!("not interrupted: {done:?}"),
    }
    assert_eq!(to.store.report_ids(None, 10).await.unwrap().len(), 1);
    // What only seems to be the object: an earlier run was killed between storing and comparing.
    let wrong = StorageKey::original(second, "mp4");
    let body = Box::pin(std::io::Cursor::new(vec![8; VIDEO]));
    to.storage.put(&wrong, body, u64::MAX).await.unwrap();
    // And one that arrived.
    let audio = StorageKey::output(second, 1, "audio.wav");
    let _ = to.storage.put(&audio, Box::pin(tokio::io::empty()), 0).await;

    let moved = harness.run(&to).await.unwrap();
    assert_eq!(moved, Moved { reports: 1, files: 2, bytes: 2 * VIDEO as u64, skipped: 4 });
    let mut body = to.storage.open(&wrong, None).await.unwrap();
    let arrived = storage::hash_stream(&mut body).await.unwrap();
    let files = harness.from.store.files(second).await.unwrap();
    assert_eq!(arrived.sha256, files[0].sha256);
}

#[tokio::test]
async fn a_damaged_file_holds_back_its_report_alone() {
    let harness = Harness::new().await;
    let (damaged, missing, sound) =
        (harness.report().await, harness.report().await, harness.report().await);
    let file = harness.folder.path().join(format!("files/reports/{damaged}/original.mp4"));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[5] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let audio = StorageKey::output(missing, 1, "audio.wav");
    harness.from.storage.delete(&audio).await.unwrap();

    let to = distributed().await;
    let error = harness.run(&to).await.unwrap_err();
    assert!(matches!(error, TransferError::LeftBehind { count: 2, .. }), "{error}");
    assert!(error.to_string().contains("original.mp4"), "{error}");
    assert_eq!(to.store.report_ids(None, 10).await.unwrap(), [sound]);
    let original = StorageKey::original(damaged, "mp4");
    assert!(to.storage.size(&original).await.is_err(), "a damaged copy stays");
    assert_eq!(Failure::from(error).code, FailureCode::ChecksumMismatch);
}

#[tokio::test]
async fn installations_are_not_merged() {
    let (harness, other) = (Harness::new().await, Harness::new().await);
    harness.report().await;
    let strange = other.report().await;
    let to = distributed().await;
    other.run(&to).await.unwrap();
    let before = keys(&to).await;
    let error = harness.run(&to).await.unwrap_err();
    assert!(matches!(error, TransferError::Stranger(id) if id == strange), "{error}");
    assert_eq!(keys(&to).await, before);
}

#[tokio::test]
async fn a_target_that_works_already_is_noticed() {
    let harness = Harness::new().await;
    let id = harness.report().await;
    let to = distributed().await;
    harness.run(&to).await.unwrap();
    let message = to.store.due_messages(1, harness.now).await.unwrap().remove(0);
    let claimant = Claimant { worker: "new", lease: Duration::from_mins(1) };
    let policy = RetryPolicy::default();
    to.store.claim(&message, &claimant, &policy, harness.now).await.unwrap().unwrap();
    let error = harness.run(&to).await.unwrap_err();
    assert!(matches!(error, TransferError::Differs(found) if found == id), "{error}");
}

#[tokio::test]
async fn the_way_back_works_too() {
    let harness = Harness::new().await;
    harness.report().await;
    let there = distributed().await;
    harness.run(&there).await.unwrap();
    let back = Harness::new().await;
    let moved = transfer(&there, &back.from, harness.now, Arc::new(|_| {})).await.unwrap();
    assert_eq!((moved.reports, moved.files), (1, 3));
    assert_eq!(keys(&back.from).await, keys(&harness.from).await);
}

#[tokio::test]
async fn a_source_that_is_no_database_is_refused() {
    let harness = Harness::new().await;
    let missing = format!("{}.not", harness.database_url);
    let error = Store::open_to_read(&missing, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Nothing(_)), "{error}");
    let path = harness.folder.path().join("empty.db");
    std::fs::write(&path, "").unwrap();
    let empty = format!("sqlite://{}", path.display());
    let error = Store::open_to_read(&empty, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Nothing(_)), "{error}");
    let url = postgres::postgres_schema().await;
    Store::open(&url, 2).await.unwrap().close().await;
    postgres::pretend_newer(&url).await;
    let error = Store::open_to_read(&url, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer(9999)), "{error}");
}
