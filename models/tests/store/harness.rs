//! A report with a submission and its database, and what tests do with them.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::{PersonId, ReportId, SubmissionId};
use huibao_models::domain::job::{Job, JobMessage, RetryPolicy};
use huibao_models::domain::media::Rendition;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::submission::{FileKind, StoredFile, Submission, SubmissionState};
use huibao_models::domain::transcript::{Transcript, TranscriptVersion};
use huibao_models::store::{
    ArchiveResult, Claim, Claimant, INDEX_JOB, IngestResult, JobFilter, Lost, NewReport,
    NewSubmission, NoResult, Outcome, Snapshot, Store, StoreError, TranscodeResult, UnitOfWork,
};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::postgres;
use crate::rows::{media, recognition};

pub const LEASE: Duration = Duration::from_secs(30);
pub const TEST: Claimant<'static> = Claimant { worker: "test", lease: LEASE };

pub struct Harness {
    pub store: Store,
    pub url: String,
    pub report: ReportId,
    pub submission: SubmissionId,
    /// Somebody, without an account.
    pub person: PersonId,
    pub now: DateTime<Utc>,
    pub policy: RetryPolicy,
    _folder: tempfile::TempDir,
}

impl Harness {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::with(url, folder).await
    }

    /// In a schema of its own, so that tests do not see each other.
    pub async fn postgres() -> Self {
        Self::with(postgres::postgres_schema().await, tempfile::tempdir().unwrap()).await
    }

    async fn with(url: String, folder: tempfile::TempDir) -> Self {
        let store = Store::open(&url, 4).await.unwrap();
        // PostgreSQL keeps microseconds.
        let now = Utc::now().trunc_subsecs(6);
        let (report, submission, messages) = hand_in(&store, now).await;
        assert_eq!(stages(&messages), [Stage::Ingest]);
        Box::pin(forget_index_jobs(&store, now)).await;
        let (person, policy) = (PersonId::new(), RetryPolicy::default());
        Self { store, url, report, submission, person, now, policy, _folder: folder }
    }

    /// Runs a statement beside the store.
    pub async fn statement(&self, statement: &'static str) -> Result<(), sqlx::Error> {
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await?;
            sqlx::query(statement).execute(&mut connection).await?;
        } else {
            let mut connection = PgConnection::connect(&self.url).await?;
            sqlx::query(statement).execute(&mut connection).await?;
        }
        Ok(())
    }

    pub async fn begin(&self) -> UnitOfWork {
        self.store.begin(Actor::System, self.now).await.unwrap()
    }

    pub async fn snapshot(&self) -> Snapshot {
        self.store.snapshot().await.unwrap()
    }

    pub async fn submission(&self) -> Submission {
        let overview = self.snapshot().await.reports().overview(self.report).await.unwrap();
        overview.unwrap().submission.unwrap()
    }

    pub async fn files(&self) -> Vec<StoredFile> {
        self.snapshot().await.submissions().files(self.submission).await.unwrap()
    }

    pub async fn file(&self, kind: FileKind) -> Option<StoredFile> {
        self.snapshot().await.submissions().file(self.submission, kind).await.unwrap()
    }

    /// What readers see.
    pub async fn transcript(&self) -> Option<Transcript> {
        self.snapshot().await.transcripts().current(self.submission).await.unwrap()
    }

    pub async fn versions(&self) -> Vec<TranscriptVersion> {
        self.snapshot().await.transcripts().versions(self.submission).await.unwrap()
    }

    pub async fn jobs(&self) -> Vec<Job> {
        self.snapshot().await.jobs().of_submission(self.submission).await.unwrap()
    }

    pub async fn job(&self, stage: Stage) -> Job {
        self.jobs().await.into_iter().find(|job| job.kind == stage.as_str()).unwrap()
    }

    /// What a message about this stage would say now.
    pub async fn message(&self, stage: Stage) -> JobMessage {
        self.job(stage).await.message()
    }

    pub async fn try_claim(&self, stage: Stage, now: DateTime<Utc>) -> Option<Claim> {
        let message = self.message(stage).await;
        self.store.claim(&message, &TEST, &self.policy, now).await.unwrap()
    }

    /// Whether a worker gets a job at this time.
    pub async fn takes(&self, job: &Job, now: DateTime<Utc>) -> bool {
        self.store.claim(&job.message(), &TEST, &self.policy, now).await.unwrap().is_some()
    }

    pub async fn claim(&self, stage: Stage) -> Claim {
        self.try_claim(stage, self.now).await.unwrap()
    }

    pub async fn complete(&self, claim: &Claim) -> Result<Vec<Stage>, Lost> {
        let made = outcome(claim);
        let committed = self.store.complete(claim, &*made, 12, None, self.now).await.unwrap();
        committed.map(|committed| stages(&committed.messages))
    }

    /// Does one stage.
    pub async fn work(&self, stage: Stage) {
        let claim = self.claim(stage).await;
        self.complete(&claim).await.unwrap();
    }

    /// Does all stages.
    pub async fn make_ready(&self) {
        for stage in Stage::ALL {
            self.work(*stage).await;
        }
        assert_eq!(self.state().await, SubmissionState::Ready);
    }

    /// Replays a job and publishes nothing.
    pub async fn replay(&self, claim: &Claim) -> Option<JobMessage> {
        let mut unit = self.begin().await;
        if !unit.jobs().replay(claim.job_id).await.unwrap() {
            return None;
        }
        Some(one(unit.commit().await))
    }

    pub async fn due(&self, now: DateTime<Utc>) -> Vec<Stage> {
        stages(&self.store.due_messages(100, now).await.unwrap())
    }

    /// What is taken for lost, if so many messages wait for each urgency.
    pub async fn lost(&self, waiting: Option<u64>, now: DateTime<Utc>) -> Vec<Stage> {
        let mut lost = Vec::new();
        for due in self.store.unanswered(now).await.unwrap() {
            let lost_since = due.lost_since(waiting, now);
            let messages = self.store.lost_messages(&due, lost_since, 100, now).await.unwrap();
            lost.extend(stages(&messages));
        }
        lost
    }

    pub async fn state(&self) -> SubmissionState {
        self.submission().await.state
    }
}

/// The only message of a commit.
pub fn one(committed: Result<Vec<JobMessage>, StoreError>) -> JobMessage {
    let messages = committed.unwrap();
    assert_eq!(messages.len(), 1);
    messages[0]
}

/// The stages that messages are about: each has an urgency of its own.
pub fn stages(messages: &[JobMessage]) -> Vec<Stage> {
    let stage = |message: &JobMessage| {
        let mut all = Stage::ALL.iter().copied();
        all.find(|stage| stage.urgency() == message.urgency).unwrap()
    };
    messages.iter().map(stage).collect()
}

/// Adds a report and hands in a submission.
pub async fn hand_in(
    store: &Store,
    now: DateTime<Utc>,
) -> (ReportId, SubmissionId, Vec<JobMessage>) {
    let report = new_report();
    let submission = new_submission(report.id);
    let mut unit = store.begin_durable(Actor::System, now).await.unwrap();
    unit.reports().insert(&report).await.unwrap();
    unit.submissions().hand_in(&submission).await.unwrap();
    (report.id, submission.id, unit.commit().await.unwrap())
}

/// Removes the job that follows a hand-in, but not what it has to do: the report goes on waiting, so no other such job
/// comes between those that a test is about.
async fn forget_index_jobs(store: &Store, now: DateTime<Utc>) {
    let filter = JobFilter { kind: Some(INDEX_JOB.into()), ..JobFilter::default() };
    let later = now + TimeDelta::minutes(1);
    let jobs = store.snapshot().await.unwrap().jobs().list(&filter, 10).await.unwrap();
    for job in jobs {
        let policy = RetryPolicy::default();
        let claim = store.claim(&job.message(), &TEST, &policy, later).await.unwrap().unwrap();
        store.complete(&claim, &NoResult, 1, None, later).await.unwrap().unwrap();
    }
    let mut unit = store.begin(Actor::System, now).await.unwrap();
    unit.jobs().prune(later + TimeDelta::minutes(1)).await.unwrap();
    unit.commit().await.unwrap();
}

pub fn new_report() -> NewReport {
    let (title, speaker) = ("第三季度思想汇报".into(), "李晓明".into());
    NewReport::anonymous(ReportId::new(), title, speaker)
}

pub fn new_submission(report_id: ReportId) -> NewSubmission {
    let id = SubmissionId::new();
    let files = vec![file(FileKind::Original, id, "original.mp4")];
    NewSubmission { id, report_id, language: "zh".into(), files }
}

fn file(kind: FileKind, submission: SubmissionId, name: &str) -> StoredFile {
    StoredFile {
        kind,
        key: format!("submissions/{submission}/{name}"),
        name: name.into(),
        size_bytes: 1,
        sha256: "00".into(),
    }
}

/// The file of a claim's attempt; its key carries the token, as the real ones do.
fn output(claim: &Claim, kind: FileKind, name: &str) -> StoredFile {
    file(kind, claim.submission.unwrap(), &format!("{}-{name}", claim.token))
}

pub fn ingest_result(claim: &Claim) -> IngestResult {
    let files = vec![output(claim, FileKind::Audio, "audio.wav")];
    IngestResult { media: media(), written: None, files }
}

pub fn archive_result(claim: &Claim) -> ArchiveResult {
    let files = vec![output(claim, FileKind::Bag, "bagit.txt")];
    ArchiveResult { files, comparison: None }
}

/// What a stage makes.
pub fn outcome(claim: &Claim) -> Box<dyn Outcome> {
    match claim.kind.parse().unwrap() {
        Stage::Ingest => Box::new(ingest_result(claim)),
        Stage::Transcode => Box::new(TranscodeResult {
            rendition: Rendition {
                width: 720,
                height: 1280,
                duration_ms: 1000,
                remuxed: false,
                lost_ms: 0,
            },
            file: output(claim, FileKind::Rendition, "rendition.mp4"),
        }),
        Stage::Transcribe => Box::new(recognition()),
        Stage::Archive => Box::new(archive_result(claim)),
    }
}
