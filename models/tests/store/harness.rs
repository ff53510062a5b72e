//! A report and its database, and what tests do with them.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use huibao_models::domain::job::{Job, JobMessage, RetryPolicy, Stage};
use huibao_models::domain::media::Rendition;
use huibao_models::domain::report::{FileKind, ReportState, StoredFile};
use huibao_models::store::{
    Claim, Claimant, Completion, IngestResult, Lost, NewReport, Store, TranscodeResult,
};
use uuid::Uuid;

use crate::postgres;
use crate::rows::{media, recognition};

pub const LEASE: Duration = Duration::from_secs(30);
pub const TEST: Claimant<'static> = Claimant { worker: "test", lease: LEASE };

pub struct Harness {
    pub store: Store,
    pub report: Uuid,
    pub now: DateTime<Utc>,
    pub policy: RetryPolicy,
    _folder: tempfile::TempDir,
}

impl Harness {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::with(Store::open(&url, 4).await.unwrap(), folder).await
    }

    /// In a schema of its own, so that tests do not see each other.
    pub async fn postgres() -> Self {
        let url = postgres::postgres_schema().await;
        let folder = tempfile::tempdir().unwrap();
        Self::with(Store::open(&url, 4).await.unwrap(), folder).await
    }

    async fn with(store: Store, folder: tempfile::TempDir) -> Self {
        let report = Uuid::now_v7();
        // PostgreSQL keeps microseconds.
        let now = Utc::now().trunc_subsecs(6);
        let messages = store.submit(&new_report(report), now).await.unwrap();
        assert_eq!(
            messages.iter().map(|message| message.stage).collect::<Vec<_>>(),
            [Stage::Ingest]
        );
        Self { store, report, now, policy: RetryPolicy::default(), _folder: folder }
    }

    pub async fn job(&self, stage: Stage) -> Job {
        let jobs = self.store.jobs(self.report).await.unwrap();
        jobs.into_iter().find(|job| job.stage == stage).unwrap()
    }

    /// What a message about this stage would say now.
    pub async fn message(&self, stage: Stage) -> JobMessage {
        let job = self.job(stage).await;
        JobMessage { job_id: job.id, stage, token: job.token }
    }

    pub async fn try_claim(&self, stage: Stage, now: DateTime<Utc>) -> Option<Claim> {
        let message = self.message(stage).await;
        self.store.claim(&message, &TEST, &self.policy, now).await.unwrap()
    }

    pub async fn claim(&self, stage: Stage) -> Claim {
        self.try_claim(stage, self.now).await.unwrap()
    }

    pub async fn complete(&self, claim: &Claim) -> Result<Vec<Stage>, Lost> {
        let made = completion(claim);
        let committed = self.store.complete(claim, &made, 12, None, self.now).await.unwrap();
        committed.map(|committed| committed.messages.iter().map(|message| message.stage).collect())
    }

    /// Does one stage.
    pub async fn work(&self, stage: Stage) {
        let claim = self.claim(stage).await;
        self.complete(&claim).await.unwrap();
    }

    /// Does all stages.
    pub async fn make_ready(&self) {
        for stage in Stage::ALL {
            self.work(stage).await;
        }
        assert_eq!(self.state().await, ReportState::Ready);
    }

    pub async fn due(&self, now: DateTime<Utc>) -> Vec<Stage> {
        let due = self.store.due_messages(100, now).await.unwrap();
        due.into_iter().map(|message| message.stage).collect()
    }

    /// What is taken for lost, if so many messages wait for each stage.
    pub async fn lost(&self, waiting: Option<u64>, now: DateTime<Utc>) -> Vec<Stage> {
        let mut stages = Vec::new();
        for due in self.store.unanswered(now).await.unwrap() {
            let lost_since = due.lost_since(waiting, now);
            let messages = self.store.lost_messages(&due, lost_since, 100, now).await.unwrap();
            stages.extend(messages.into_iter().map(|message| message.stage));
        }
        stages
    }

    pub async fn state(&self) -> ReportState {
        self.store.report(self.report).await.unwrap().unwrap().state
    }
}

pub fn new_report(id: Uuid) -> NewReport {
    NewReport {
        id,
        title: "第三季度思想汇报".into(),
        speaker: "李晓明".into(),
        language: "zh".into(),
        files: vec![file(FileKind::Original, id, "original.mp4")],
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

/// What a stage makes; keys carry the token, as the real ones do.
pub fn completion(claim: &Claim) -> Completion {
    let file = |kind, name| file(kind, claim.report_id, &format!("{}-{name}", claim.token));
    match claim.stage {
        Stage::Ingest => Completion::Ingest(Box::new(IngestResult {
            media: media(),
            written: None,
            files: vec![file(FileKind::Audio, "audio.wav")],
        })),
        Stage::Transcode => Completion::Transcode(TranscodeResult {
            rendition: Rendition {
                width: 720,
                height: 1280,
                duration_ms: 1000,
                remuxed: false,
                lost_ms: 0,
            },
            file: file(FileKind::Rendition, "rendition.mp4"),
        }),
        Stage::Transcribe => Completion::Transcribe(Box::new(recognition())),
        Stage::Archive => Completion::Archive(vec![file(FileKind::Bag, "bagit.txt")]),
    }
}
