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
use huibao_models::credentials::NewSecret;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::comparison::compare;
use huibao_models::domain::correction::{Correction, ReadSegment};
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::{JobId, PersonId, ReportId, SubmissionId};
use huibao_models::domain::job::{Job, JobMessage, JobState, RetryPolicy};
use huibao_models::domain::media::Rendition;
use huibao_models::domain::person::{Grant, LoginName, Role};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::review::Anchor;
use huibao_models::domain::scope::Scopes;
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::storage::{self, StorageKey};
use huibao_models::store::{
    ArchiveResult, Claim, Claimant, IngestResult, NewComment, NewPerson, NewReport, NewSubmission,
    NewToken, Outcome, Store, StoreError, TranscodeResult,
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

    /// A report's submission, whose first stage is done, with one stage running, one waiting and one
    /// dead.
    async fn submission(&self) -> SubmissionId {
        Box::pin(self.make_submission()).await
    }

    async fn make_submission(&self) -> SubmissionId {
        let store = &self.from.store;
        let (id, report_id) = (SubmissionId::new(), ReportId::new());
        let original = StorageKey::original(id, "mp4");
        let files = vec![self.put(FileKind::Original, &original, vec![7; VIDEO]).await];
        let (title, speaker) = ("第三季度思想汇报".into(), "李晓明".into());
        let new = NewSubmission { id, report_id, language: "zh".into(), files };
        let mut unit = store.begin_durable(Actor::System, self.now).await.unwrap();
        unit.reports().insert(&NewReport::anonymous(report_id, title, speaker)).await.unwrap();
        unit.submissions().hand_in(&new).await.unwrap();
        unit.commit().await.unwrap();
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
        self.complete(&ingest, &result).await;

        let transcode = self.claim(id, Stage::Transcode).await;
        let dead = Failure::new(FailureCode::UnsupportedCodec, "x");
        store.fail(&transcode, &dead, &RetryPolicy::default(), self.now).await.unwrap().unwrap();
        let transcribe = self.claim(id, Stage::Transcribe).await;
        store.publish_partial(&transcribe, 0, &segment()).await.unwrap();
        id
    }

    /// Corrects a transcript and says something about it.
    async fn review(&self, submission: SubmissionId) {
        let report = report_of(&self.from, submission).await;
        let replaced = vec![ReadSegment { id: 1, text: segment().text }];
        let correction = Correction { replaced, by: vec!["一".into(), "二".into()] };
        let comment = NewComment {
            report,
            submission,
            parent: None,
            text: "请补充".into(),
            anchor: Anchor::Report,
            shared: false,
        };
        let reviewer = Actor::Person(PersonId::new());
        let mut unit = self.from.store.begin(reviewer, self.now).await.unwrap();
        unit.transcripts().correct(report, submission, &correction).await.unwrap();
        unit.comments().add(&comment).await.unwrap();
        let current = unit.transcripts().current_version(submission).await.unwrap().unwrap();
        let comparison = compare(&current.transcript, "一").unwrap();
        unit.transcripts().keep_comparison(current.id, &comparison).await.unwrap();
        unit.commit().await.unwrap();
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

    async fn claim(&self, submission: SubmissionId, stage: Stage) -> Claim {
        let message = self.job_of(submission, stage).await.message();
        let claimant = Claimant { worker: "old", lease: Duration::from_mins(1) };
        let policy = RetryPolicy::default();
        self.from.store.claim(&message, &claimant, &policy, self.now).await.unwrap().unwrap()
    }

    async fn job_of(&self, submission: SubmissionId, stage: Stage) -> Job {
        let mut snapshot = self.from.store.snapshot().await.unwrap();
        let jobs = snapshot.jobs().of_submission(submission).await.unwrap();
        jobs.into_iter().find(|job| job.kind == stage.as_str()).unwrap()
    }

    /// The claim that runs now.
    async fn claim_of(&self, submission: SubmissionId, stage: Stage) -> Claim {
        self.job_of(submission, stage).await.into()
    }

    async fn complete(&self, claim: &Claim, made: &dyn Outcome) {
        self.from.store.complete(claim, made, 12, None, self.now).await.unwrap().unwrap();
    }

    /// The same source, opened as the command opens it.
    async fn read_only(&self) -> Side {
        let store = Store::open_to_read(&self.database_url, 2).await.unwrap();
        Side { store, storage: Arc::clone(&self.from.storage) }
    }

    async fn run(&self, to: &Side) -> Result<Moved, TransferError> {
        let from = self.read_only().await;
        Box::pin(transfer(&from, to, self.now, Arc::new(|_| {}))).await
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

async fn job(side: &Side, id: JobId) -> Job {
    side.store.snapshot().await.unwrap().jobs().get(id).await.unwrap().unwrap()
}

/// The report that a submission belongs to.
async fn report_of(side: &Side, submission: SubmissionId) -> ReportId {
    let mut snapshot = side.store.snapshot().await.unwrap();
    snapshot.submissions().get(submission).await.unwrap().unwrap().report_id
}

async fn files(side: &Side, submission: SubmissionId) -> Vec<StoredFile> {
    side.store.snapshot().await.unwrap().submissions().files(submission).await.unwrap()
}

async fn keys(side: &Side) -> Vec<(String, u64)> {
    let objects: Vec<_> = side.storage.list("").try_collect().await.unwrap();
    objects.into_iter().map(|object| (object.key.to_string(), object.size_bytes)).collect()
}

#[tokio::test]
async fn everything_arrives_as_it_was() {
    let harness = Harness::new().await;
    let first = harness.submission().await;
    let second = harness.submission().await;
    let claim = harness.claim_of(second, Stage::Transcribe).await;
    harness.complete(&claim, &recognition()).await;
    harness.review(second).await;
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
        assert_eq!(files(&harness.from, id).await, files(&to, id).await);
        let mut snapshot = to.store.snapshot().await.unwrap();
        let submission = snapshot.submissions().get(id).await.unwrap().unwrap();
        assert_eq!(submission.media, Some(media()));
        assert_eq!(submission.created_at, harness.now.trunc_subsecs(6));
        let report = snapshot.reports().get(submission.report_id).await.unwrap().unwrap();
        assert_eq!(report.current_submission, Some(id));
    }
    let mut snapshot = to.store.snapshot().await.unwrap();
    let mut transcripts = snapshot.transcripts();
    assert_eq!(transcripts.of_version(second, 2).await.unwrap(), Some(transcript()));
    let corrected = transcripts.current_version(second).await.unwrap().unwrap();
    assert_eq!((corrected.version, corrected.transcript.text().as_str()), (3, "一\n二"));
    let comparison = transcripts.comparison(corrected.id).await.unwrap();
    assert_eq!(comparison, compare(&corrected.transcript, "一"));
    let raw = transcripts.newest_raw(second).await.unwrap();
    assert_eq!(raw, Some(recognition().raw_transcript()));
    assert_eq!(transcripts.partial(first).await.unwrap(), [segment()]);
    let report = report_of(&to, second).await;
    assert_eq!(snapshot.comments().of(report).await.unwrap().len(), 1);
    drop(snapshot);
    // Nothing is left to do, and the source is what it was.
    let again = harness.run(&to).await.unwrap();
    assert_eq!(again, Moved { skipped: 6, ..Moved::default() });
    assert!(harness.from.storage.size(&garbage).await.is_ok());
}

#[tokio::test]
async fn people_come_along_with_what_they_are() {
    let harness = Harness::new().await;
    let person = NewPerson {
        display_name: "李晓明".into(),
        password_hash: Some("$argon2id$".into()),
        ..NewPerson::named(LoginName::parse("li").unwrap())
    };
    let secret = NewSecret::token().unwrap();
    let mut unit = harness.from.store.begin(Actor::System, harness.now).await.unwrap();
    unit.people().insert(&person).await.unwrap();
    let grant = Grant { role: Role::Reviewer, branch: "/校/院".parse().unwrap() };
    unit.people().grant(person.id, &grant).await.unwrap();
    unit.tokens()
        .insert(
            NewToken { person: person.id, name: "t", scopes: Scopes::all(), expires_at: None },
            &secret.digest(),
        )
        .await
        .unwrap();
    unit.sessions().insert(person.id, &NewSecret::new().unwrap().digest(), "").await.unwrap();
    unit.commit().await.unwrap();
    let to = distributed().await;
    harness.run(&to).await.unwrap();
    harness.run(&to).await.unwrap();

    let mut snapshot = to.store.snapshot().await.unwrap();
    let principal = snapshot.people().principal(person.id).await.unwrap();
    assert_eq!(principal.grants, [grant]);
    let hash = snapshot.people().password_hash(person.id).await.unwrap();
    assert_eq!(hash, person.password_hash);
    let token = snapshot.tokens().find(&secret.digest(), harness.now).await.unwrap();
    assert_eq!(token.map(|token| token.person), Some(person.id));
    let sessions = snapshot.sessions().of(person.id, harness.now).await.unwrap();
    assert!(sessions.is_empty(), "they sign in again");
}

#[tokio::test]
async fn what_ran_is_queued_at_the_target_and_the_old_worker_is_fenced_off() {
    let harness = Harness::new().await;
    let id = harness.submission().await;
    let old = harness.claim_of(id, Stage::Transcribe).await;
    let to = distributed().await;
    harness.run(&to).await.unwrap();

    let job = job(&to, old.job_id).await;
    assert_eq!((job.state, job.token, job.attempt), (JobState::Queued, 1, 1));
    assert_eq!(job.worker, None);
    let due = to.store.due_messages(10, harness.now).await.unwrap();
    assert_eq!(due, [JobMessage { job_id: old.job_id, urgency: old.urgency, token: 1 }]);
    let claimant = Claimant { worker: "new", lease: Duration::from_mins(1) };
    let policy = RetryPolicy::default();
    let new = to.store.claim(&due[0], &claimant, &policy, harness.now).await.unwrap().unwrap();
    assert_eq!((new.token, new.attempt), (2, 2));
    assert!(to.store.complete(&old, &recognition(), 1, None, harness.now).await.unwrap().is_err());
    // At the source, it runs as before.
    let source = harness.job_of(id, Stage::Transcribe).await;
    assert_eq!(source.state, JobState::Running);
}

#[tokio::test]
async fn a_report_that_is_recognized_again_goes_along_with_its_model() {
    let harness = Harness::new().await;
    let id = harness.submission().await;
    let store = &harness.from.store;
    let dead = harness.claim_of(id, Stage::Transcode).await;
    let mut unit = store.begin(Actor::System, harness.now).await.unwrap();
    assert!(unit.jobs().replay(dead.job_id).await.unwrap());
    unit.commit().await.unwrap();
    let transcode = harness.claim(id, Stage::Transcode).await;
    let key = StorageKey::output(id, transcode.token, "rendition.mp4");
    let rendition =
        Rendition { width: 720, height: 1280, duration_ms: 1000, remuxed: false, lost_ms: 0 };
    let file = harness.put(FileKind::Rendition, &key, vec![3]).await;
    harness.complete(&transcode, &TranscodeResult { rendition, file }).await;
    let transcribe = harness.claim_of(id, Stage::Transcribe).await;
    harness.complete(&transcribe, &recognition()).await;
    let archive = harness.claim(id, Stage::Archive).await;
    harness.complete(&archive, &ArchiveResult::default()).await;
    let mut unit = store.begin(Actor::System, harness.now).await.unwrap();
    assert!(unit.jobs().recognize_again(id, "small-q8_0").await.unwrap());
    let message = unit.commit().await.unwrap()[0];

    let to = distributed().await;
    harness.run(&to).await.unwrap();
    let job = job(&to, message.job_id).await;
    let payload = serde_json::json!({ "model": "small-q8_0" });
    assert_eq!((job.state, job.payload), (JobState::Queued, Some(payload)));
    assert_eq!(to.store.due_messages(10, harness.now).await.unwrap(), [message]);
}

#[tokio::test]
async fn an_interrupted_run_goes_on() {
    let harness = Harness::new().await;
    harness.submission().await;
    let second = harness.submission().await;
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
    let files = files(&harness.from, second).await;
    assert_eq!(arrived.sha256, files[0].sha256);
}

#[tokio::test]
async fn a_damaged_file_holds_back_its_report_alone() {
    let harness = Harness::new().await;
    let (damaged, missing, sound) =
        (harness.submission().await, harness.submission().await, harness.submission().await);
    let file = harness.folder.path().join(format!("files/submissions/{damaged}/original.mp4"));
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[5] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let audio = StorageKey::output(missing, 1, "audio.wav");
    harness.from.storage.delete(&audio).await.unwrap();

    let to = distributed().await;
    let error = harness.run(&to).await.unwrap_err();
    assert!(matches!(error, TransferError::LeftBehind { count: 2, .. }), "{error}");
    assert!(error.to_string().contains("original.mp4"), "{error}");
    assert_eq!(
        to.store.report_ids(None, 10).await.unwrap(),
        [report_of(&harness.from, sound).await]
    );
    let original = StorageKey::original(damaged, "mp4");
    assert!(to.storage.size(&original).await.is_err(), "a damaged copy stays");
    assert_eq!(Failure::from(error).code, FailureCode::ChecksumMismatch);
}

#[tokio::test]
async fn installations_are_not_merged() {
    let (harness, other) = (Harness::new().await, Harness::new().await);
    harness.submission().await;
    let strange = other.submission().await;
    let strange = report_of(&other.from, strange).await;
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
    let id = harness.submission().await;
    let to = distributed().await;
    harness.run(&to).await.unwrap();
    let message = to.store.due_messages(1, harness.now).await.unwrap().remove(0);
    let claimant = Claimant { worker: "new", lease: Duration::from_mins(1) };
    let policy = RetryPolicy::default();
    to.store.claim(&message, &claimant, &policy, harness.now).await.unwrap().unwrap();
    let error = harness.run(&to).await.unwrap_err();
    let id = report_of(&harness.from, id).await;
    assert!(matches!(error, TransferError::Differs(found) if found == id), "{error}");
}

#[tokio::test]
async fn the_way_back_works_too() {
    let harness = Harness::new().await;
    harness.submission().await;
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
