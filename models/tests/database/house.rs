//! A report and its database, and what tests do with them.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use huibao_models::db::{
    Claim, Claimant, Completion, Database, IngestResult, Lost, NewReport, TranscodeResult,
};
use huibao_models::media::Rendition;
use huibao_models::report::{FileKind, ReportState, StoredFile};
use huibao_models::task::{Hint, RetryPolicy, Stage, Task};
use uuid::Uuid;

use crate::postgres;
use crate::rows::{media, recognition};

pub const LEASE: Duration = Duration::from_secs(30);
pub const TEST: Claimant<'static> = Claimant { worker: "test", lease: LEASE };

pub struct House {
    pub db: Database,
    pub report: Uuid,
    pub now: DateTime<Utc>,
    pub policy: RetryPolicy,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::with(Database::open(&url, 4).await.unwrap(), folder).await
    }

    /// In a schema of its own, so that tests do not see each other.
    pub async fn postgres() -> Self {
        let url = postgres::postgres_schema().await;
        let folder = tempfile::tempdir().unwrap();
        Self::with(Database::open(&url, 4).await.unwrap(), folder).await
    }

    async fn with(db: Database, folder: tempfile::TempDir) -> Self {
        let report = Uuid::now_v7();
        // PostgreSQL keeps microseconds.
        let now = Utc::now().trunc_subsecs(6);
        let hints = db.submit(&new_report(report), now).await.unwrap();
        assert_eq!(hints.iter().map(|hint| hint.stage).collect::<Vec<_>>(), [Stage::Ingest]);
        Self { db, report, now, policy: RetryPolicy::default(), _folder: folder }
    }

    pub async fn task(&self, stage: Stage) -> Task {
        let tasks = self.db.tasks(self.report).await.unwrap();
        tasks.into_iter().find(|task| task.stage == stage).unwrap()
    }

    /// What a message about this stage would say now.
    pub async fn hint(&self, stage: Stage) -> Hint {
        let task = self.task(stage).await;
        Hint { task_id: task.id, stage, token: task.token }
    }

    pub async fn try_claim(&self, stage: Stage, now: DateTime<Utc>) -> Option<Claim> {
        let hint = self.hint(stage).await;
        self.db.claim(&hint, &TEST, &self.policy, now).await.unwrap()
    }

    pub async fn claim(&self, stage: Stage) -> Claim {
        self.try_claim(stage, self.now).await.unwrap()
    }

    pub async fn complete(&self, claim: &Claim) -> Result<Vec<Stage>, Lost> {
        let made = completion(claim);
        let committed = self.db.complete(claim, &made, 12, None, self.now).await.unwrap();
        committed.map(|committed| committed.hints.iter().map(|hint| hint.stage).collect())
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
        let due = self.db.due_hints(100, now).await.unwrap();
        due.into_iter().map(|hint| hint.stage).collect()
    }

    /// What is taken for lost, if so many hints wait for each stage.
    pub async fn lost(&self, waiting: Option<u64>, now: DateTime<Utc>) -> Vec<Stage> {
        let mut stages = Vec::new();
        for due in self.db.unanswered(now).await.unwrap() {
            let lost_since = due.lost_since(waiting, now);
            let hints = self.db.lost_hints(&due, lost_since, 100, now).await.unwrap();
            stages.extend(hints.into_iter().map(|hint| hint.stage));
        }
        stages
    }

    pub async fn state(&self) -> ReportState {
        self.db.report(self.report).await.unwrap().unwrap().state
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
            rendition: Rendition { width: 720, height: 1280, duration_ms: 1000, remuxed: false },
            file: file(FileKind::Rendition, "rendition.mp4"),
        }),
        Stage::Transcribe => Completion::Transcribe(Box::new(recognition())),
        Stage::Archive => Completion::Archive(vec![file(FileKind::Bag, "bagit.txt")]),
    }
}
