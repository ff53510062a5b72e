//! What the database promises: claims are exclusive, stale tokens commit nothing, stages follow
//! each other, failures end somewhere.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use huibao_models::db::{
    Claim, Completion, Database, IngestResult, Lost, NewReport, TranscodeResult,
};
use huibao_models::failure::{Failure, FailureCode};
use huibao_models::media::{AudioTrack, MediaInfo, Rendition, VideoTrack};
use huibao_models::report::{FileKind, ReportState, StoredFile};
use huibao_models::task::{RetryPolicy, Stage, TaskState, Verdict};
use huibao_models::transcript::{RecognizerInfo, Segment, Transcript};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(30);

struct House {
    db: Database,
    report: Uuid,
    now: DateTime<Utc>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Database::open_sqlite(&folder.path().join("test.db")).await.unwrap();
        let report = Uuid::now_v7();
        let now = Utc::now();
        let files = vec![file(FileKind::Original, report, "original.mp4")];
        let new = NewReport {
            id: report,
            title: "第三季度思想汇报".into(),
            speaker: "李晓明".into(),
            language: "zh".into(),
            files,
        };
        db.submit(&new, now).await.unwrap();
        Self { db, report, now, _folder: folder }
    }

    async fn claim(&self, now: DateTime<Utc>) -> Option<Claim> {
        self.db.claim(&Stage::ALL, "test", LEASE, now).await.unwrap()
    }

    async fn claim_stage(&self, stage: Stage) -> Claim {
        self.db.claim(&[stage], "test", LEASE, self.now).await.unwrap().unwrap()
    }

    async fn complete(&self, claim: &Claim) -> Result<Vec<Stage>, Lost> {
        let made = completion(claim.stage, self.report);
        self.db.complete(claim, &made, 12, self.now).await.unwrap()
    }

    async fn state(&self) -> ReportState {
        self.db.report(self.report).await.unwrap().unwrap().state
    }
}

fn file(kind: FileKind, report: Uuid, name: &str) -> StoredFile {
    StoredFile {
        kind,
        key: format!("reports/{report}/{name}"),
        name: name.into(),
        size_bytes: 1,
        sha256: "00".into(),
    }
}

fn completion(stage: Stage, report: Uuid) -> Completion {
    match stage {
        Stage::Ingest => Completion::Ingest(Box::new(IngestResult {
            media: MediaInfo {
                duration_ms: 1000,
                container: "mov".into(),
                video: VideoTrack {
                    codec: "h264".into(),
                    width: 720,
                    height: 1280,
                    rotation_degrees: 90,
                    frame_rate: 30.0,
                    pixel_format: "yuv420p".into(),
                },
                audio: AudioTrack { codec: "aac".into(), sample_rate: 48_000, channels: 1 },
            },
            written: None,
            files: vec![file(FileKind::Audio, report, "audio.wav")],
        })),
        Stage::Transcode => Completion::Transcode(TranscodeResult {
            rendition: Rendition { width: 720, height: 1280, duration_ms: 1000, remuxed: false },
            file: file(FileKind::Rendition, report, "rendition.mp4"),
        }),
        Stage::Transcribe => Completion::Transcribe(transcript()),
        Stage::Archive => Completion::Archive(vec![file(FileKind::Bag, report, "bagit.txt")]),
    }
}

fn segment() -> Segment {
    Segment {
        start_ms: 0,
        end_ms: 900,
        text: "敬爱的党组织。".into(),
        raw_text: "敬愛的黨組織".into(),
        confidence: Some(0.9),
        words: vec![],
        flags: vec![],
    }
}

fn transcript() -> Transcript {
    Transcript {
        language: "zh".into(),
        no_speech: false,
        duration_ms: 1000,
        segments: vec![segment()],
        speech: vec![],
        recognizer: RecognizerInfo {
            engine: "test".into(),
            model: "none".into(),
            model_sha256: String::new(),
            parameters: serde_json::Value::Null,
        },
    }
}

#[tokio::test]
async fn a_report_goes_through_all_stages() {
    let house = House::new().await;
    assert_eq!(house.state().await, ReportState::Submitted);
    let ingest = house.claim(house.now).await.unwrap();
    assert_eq!((ingest.stage, ingest.attempt), (Stage::Ingest, 1));
    assert_eq!(house.state().await, ReportState::Processing);
    assert!(house.claim(house.now).await.is_none(), "the others wait");

    assert_eq!(house.complete(&ingest).await.unwrap(), [Stage::Transcode, Stage::Transcribe]);
    let transcribe = house.claim(house.now).await.unwrap();
    assert_eq!(transcribe.stage, Stage::Transcribe, "readers wait for text");
    house.db.publish_partial(&transcribe, 0, &segment()).await.unwrap();
    assert_eq!(house.db.partial(house.report).await.unwrap(), [segment()]);
    assert_eq!(house.complete(&transcribe).await.unwrap(), []);
    assert!(house.db.partial(house.report).await.unwrap().is_empty());
    let transcode = house.claim(house.now).await.unwrap();
    assert_eq!(house.complete(&transcode).await.unwrap(), [Stage::Archive]);
    let archive = house.claim(house.now).await.unwrap();
    assert_eq!(house.complete(&archive).await.unwrap(), []);

    assert_eq!(house.state().await, ReportState::Ready);
    assert_eq!(house.db.transcript(house.report).await.unwrap(), Some(transcript()));
    assert_eq!(house.db.files(house.report).await.unwrap().len(), 4);
}

#[tokio::test]
async fn whoever_lost_the_lease_commits_nothing() {
    let house = House::new().await;
    let first = house.claim(house.now).await.unwrap();
    let later = house.now + LEASE + TimeDelta::seconds(1);
    let second = house.claim(later).await.unwrap();
    assert_eq!(second.task_id, first.task_id);
    assert_eq!(second.attempt, 2);

    let renewed = house.db.renew(&first, LEASE, 0.5, later).await.unwrap();
    assert_eq!(renewed, Err(Lost));
    assert_eq!(house.complete(&first).await, Err(Lost));
    let failure = Failure::internal("late");
    let policy = RetryPolicy::default();
    assert_eq!(house.db.fail(&first, &failure, &policy, later).await.unwrap(), Err(Lost));
    house.db.hand_back(&first, later).await.unwrap();
    assert!(house.db.report(house.report).await.unwrap().unwrap().media.is_none());

    assert_eq!(house.db.renew(&second, LEASE, 0.5, later).await.unwrap(), Ok(()));
    assert!(house.complete(&second).await.is_ok());
}

#[tokio::test]
async fn many_claimers_share_without_overlap() {
    let house = House::new().await;
    let claims = futures_join(&house, 16).await;
    assert_eq!(claims.into_iter().flatten().count(), 1);
}

async fn futures_join(house: &House, n: usize) -> Vec<Option<Claim>> {
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..n {
        let (db, now) = (house.db.clone(), house.now);
        set.spawn(async move { db.claim(&Stage::ALL, "test", LEASE, now).await.unwrap() });
    }
    set.join_all().await
}

#[tokio::test]
async fn a_permanent_failure_ends_at_once_and_keeps_what_others_made() {
    let house = House::new().await;
    house.complete(&house.claim_stage(Stage::Ingest).await).await.unwrap();
    house.complete(&house.claim_stage(Stage::Transcribe).await).await.unwrap();
    let transcode = house.claim_stage(Stage::Transcode).await;
    let failure = Failure::new(FailureCode::UnsupportedCodec, "no decoder for xyz");
    let policy = RetryPolicy::default();
    let verdict = house.db.fail(&transcode, &failure, &policy, house.now).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::Dead));
    assert_eq!(house.state().await, ReportState::Failed);
    let report = house.db.report(house.report).await.unwrap().unwrap();
    assert_eq!(report.failure, Some(failure));
    assert!(house.db.transcript(house.report).await.unwrap().is_some());
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_later_and_not_for_ever() {
    let house = House::new().await;
    let policy = RetryPolicy { max_attempts: 2, ..RetryPolicy::default() };
    let full = Failure::new(FailureCode::DiskFull, "no space");
    let first = house.claim(house.now).await.unwrap();
    let verdict = house.db.fail(&first, &full, &policy, house.now).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::RetryAfter(policy.first_delay)));
    assert!(house.claim(house.now).await.is_none(), "not before its time");
    let later = house.now + policy.first_delay;
    let second = house.claim(later).await.unwrap();
    let verdict = house.db.fail(&second, &full, &policy, later).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::Dead));
}

#[tokio::test]
async fn handing_back_does_not_count_as_an_attempt() {
    let house = House::new().await;
    let first = house.claim(house.now).await.unwrap();
    house.db.hand_back(&first, house.now).await.unwrap();
    let second = house.claim(house.now).await.unwrap();
    assert_eq!(second.attempt, 1);
    assert!(second.token > first.token);
}

#[tokio::test]
async fn a_file_that_kills_every_worker_is_buried() {
    let house = House::new().await;
    let policy = RetryPolicy { max_attempts: 2, ..RetryPolicy::default() };
    let mut now = house.now;
    for _ in 0..policy.max_attempts {
        assert!(house.claim(now).await.is_some());
        assert_eq!(house.db.bury_abandoned(&policy, now).await.unwrap(), 0);
        now += LEASE + Duration::from_secs(1);
    }
    assert_eq!(house.db.bury_abandoned(&policy, now).await.unwrap(), 1);
    let tasks = house.db.tasks(house.report).await.unwrap();
    assert_eq!(tasks[0].state, TaskState::Dead);
    assert_eq!(house.state().await, ReportState::Failed);
}
