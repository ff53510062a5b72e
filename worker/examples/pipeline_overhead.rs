//! For `scripts/bench-pipeline`: how many reports a second pass through the pipeline when their
//! stages do nothing. Store, queue and their promises (claim, lease, token, outbox) are real.
//!
//! ```text
//! HUIBAO_DATABASE_URL=… HUIBAO_QUEUE_URL=… HUIBAO_STORAGE_URL=… pipeline_overhead REPORTS TASKS_AT_ONCE
//! ```
//!
//! The reports are submitted first. Time counts from the first message published to the last commit;
//! reports per second go to standard output.

#![expect(clippy::print_stdout, reason = "its figure goes to standard output")]

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::Utc;
use huibao_models::backends::Backends;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::{JobMessage, RetryPolicy, Urgency};
use huibao_models::domain::media::{AudioTrack, MediaInfo, MediaScan, Rendition, VideoTrack};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::domain::transcript::{Recognition, RecognizerInfo, Transcript};
use huibao_models::store::{
    ArchiveResult, IngestResult, NewReport, NewSubmission, Outcome, Store, TranscodeResult,
};
use huibao_models::{queue, storage};
use huibao_worker::jobs::{Attempt, JobKind, Kinds};
use huibao_worker::{ModelFolder, NoticeConfig, Worker, WorkerConfig};
use tokio_util::sync::CancellationToken;

/// Connections to the database, as the default configuration has them.
const CONNECTIONS: u32 = 8;

/// Messages published at once.
const BATCH: usize = 500;

/// A stage that does nothing. The last archive ends the run.
struct Nothing {
    stage: Stage,
    left: Arc<AtomicU64>,
    end: CancellationToken,
}

#[async_trait]
impl JobKind for Nothing {
    fn name(&self) -> &'static str {
        self.stage.as_str()
    }

    fn urgency(&self) -> Urgency {
        self.stage.urgency()
    }

    fn continues_with(&self) -> Option<&'static str> {
        self.stage.continues_with().map(Stage::as_str)
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let none = || Failure::internal("a stage without a submission");
        let submission = attempt.claim.submission.ok_or_else(none)?;
        if self.stage == Stage::Archive && self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.end.cancel();
        }
        Ok(made(self.stage, submission))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [reports, at_once] = &arguments[..] else {
        return Err("see the head of worker/examples/pipeline_overhead.rs".into());
    };
    let (reports, at_once): (u64, u32) = (reports.parse()?, at_once.parse()?);
    let url = |name| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let backends = Backends {
        store: Store::open(&url("HUIBAO_DATABASE_URL")?, CONNECTIONS).await?,
        storage: storage::open(&url("HUIBAO_STORAGE_URL")?).await?,
        queue: queue::open(&url("HUIBAO_QUEUE_URL")?).await?,
    };
    let messages = submit(&backends.store, reports).await?;

    let end = CancellationToken::new();
    let left = Arc::new(AtomicU64::new(reports));
    let nothing = |stage: &Stage| -> Arc<dyn JobKind> {
        Arc::new(Nothing { stage: *stage, left: Arc::clone(&left), end: end.clone() })
    };
    let kinds = Kinds::of(Stage::ALL.iter().map(nothing).collect());
    let scratch = std::env::temp_dir().join(format!("huibao-bench-{}", std::process::id()));
    let worker = Worker::with_kinds(backends.clone(), config(at_once, &scratch), kinds);
    let started = Instant::now();
    // All of them first: whoever uploads announces at once, but here the first may be due by now, and
    // the worker's relay would publish them as well.
    for batch in messages.chunks(BATCH) {
        backends.announce(batch.to_vec()).await;
    }
    tokio::spawn(worker.run(end)).await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = reports as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.1}");
    Ok(())
}

/// Submits reports as uploads do, several at once, and returns their messages.
async fn submit(store: &Store, reports: u64) -> Result<Vec<JobMessage>, Box<dyn Error>> {
    let mut jobs = tokio::task::JoinSet::new();
    for part in 0..u64::from(CONNECTIONS) {
        let store = store.clone();
        jobs.spawn(async move {
            let mut messages = Vec::new();
            for _ in (part..reports).step_by(CONNECTIONS as usize) {
                let (report_id, id) = (ReportId::new(), SubmissionId::new());
                let files = vec![file(FileKind::Original, id, "original.mp4")];
                let (title, speaker, language) = (String::new(), String::new(), "zh".to_owned());
                let mut unit = store.begin_durable(Actor::System, Utc::now()).await?;
                unit.reports().insert(&NewReport::anonymous(report_id, title, speaker)).await?;
                let new = NewSubmission { id, report_id, language, files };
                unit.submissions().hand_in(&new).await?;
                messages.extend(unit.commit().await?);
            }
            Ok::<_, huibao_models::store::StoreError>(messages)
        });
    }
    let mut messages = Vec::new();
    while let Some(part) = jobs.join_next().await {
        messages.extend(part??);
    }
    Ok(messages)
}

fn config(at_once: u32, scratch: &std::path::Path) -> WorkerConfig {
    WorkerConfig {
        scratch: scratch.to_owned(),
        stages: Stage::ALL.to_vec(),
        recurring: false,
        audit_key: None,
        notices: NoticeConfig::default(),
        cores: at_once,
        cores_per_task: 1,
        model: "none".into(),
        quick_model: None,
        keep_model: Duration::ZERO,
        models: ModelFolder { folder: "none".into() },
        vad_model: "none".into(),
        glossary: None,
        correct_homophones: false,
        kind_names: std::collections::HashMap::new(),
        libreoffice: None,
        max_duration_ms: 1,
        max_pixels: 1,
        max_written_bytes: 1,
        lease: Duration::from_secs(30),
        grace: Duration::from_secs(30),
        retry: RetryPolicy::default(),
    }
}

fn made(stage: Stage, submission: SubmissionId) -> Box<dyn Outcome> {
    match stage {
        Stage::Ingest => Box::new(IngestResult {
            media: MediaInfo {
                duration_ms: 1000,
                container: "mov".into(),
                video: VideoTrack {
                    codec: "h264".into(),
                    width: 720,
                    height: 1280,
                    rotation_degrees: 0,
                    frame_rate: 30.0,
                    pixel_format: "yuv420p".into(),
                },
                audio: AudioTrack { codec: "aac".into(), sample_rate: 48_000, channels: 1 },
                scan: MediaScan::default(),
            },
            written: None,
            files: Vec::new(),
        }),
        Stage::Transcode => Box::new(TranscodeResult {
            rendition: Rendition {
                width: 720,
                height: 1280,
                duration_ms: 1000,
                remuxed: true,
                lost_ms: 0,
            },
            file: file(FileKind::Rendition, submission, "rendition.mp4"),
        }),
        Stage::Transcribe => Box::new(Recognition {
            transcript: Transcript {
                language: "zh".into(),
                no_speech: true,
                duration_ms: 1000,
                segments: Vec::new(),
                speech: Vec::new(),
                recognizer: RecognizerInfo {
                    engine: "none".into(),
                    model: "none".into(),
                    model_sha256: String::new(),
                    parameters: serde_json::Value::Null,
                },
            },
            raw: Vec::new(),
        }),
        Stage::Archive => Box::new(ArchiveResult::default()),
    }
}

fn file(kind: FileKind, submission: SubmissionId, name: &str) -> StoredFile {
    StoredFile {
        kind,
        key: format!("submissions/{submission}/{name}"),
        name: name.into(),
        size_bytes: 1,
        sha256: String::new(),
    }
}
