//! A server with its backends in a temporary folder, and what tests do with it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use huibao_api::{ApiConfig, Readiness, UploadLimits, router, serve};
use huibao_models::backends::Backends;
use huibao_models::credentials::NewSecret;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::{PersonId, ReportId, SubmissionId};
use huibao_models::domain::job::{JobState, RetryPolicy, Urgency};
use huibao_models::domain::media::{AudioTrack, MediaInfo, MediaScan, Rendition, VideoTrack};
use huibao_models::domain::person::{Grant, LoginName, Role};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::scope::Scopes;
use huibao_models::domain::submission::{FileKind, StoredFile, WrittenContent};
use huibao_models::domain::transcript::{
    Recognition, RecognizerInfo, Segment, SegmentFlag, Transcript,
};
use huibao_models::queue::{EmbeddedQueue, Queue};
use huibao_models::storage::{LocalStorage, Storage, StorageKey};
use huibao_models::store::{
    ArchiveResult, Claim, Claimant, IngestResult, JobFilter, NewPerson, NewToken, Outcome, Store,
    TranscodeResult,
};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longest wait for something that should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Begins as an MP4 does. Nobody looks further here.
pub const VIDEO: &[u8] = b"\0\0\0\x18ftypmp42 this is no video, but nobody looks here";

/// The branch of the harness's activist.
pub const BRANCH: &str = "/a/b";

pub struct Harness {
    pub store: Store,
    pub storage: Arc<LocalStorage>,
    pub queue: Arc<EmbeddedQueue>,
    pub address: SocketAddr,
    /// Sends the token of an activist of [`BRANCH`].
    pub client: Client,
    /// That token, as a header.
    pub bearer: String,
    pub activist: PersonId,
    pub shutdown: CancellationToken,
    pub server: JoinHandle<std::io::Result<()>>,
    pub folder: tempfile::TempDir,
}

pub fn config() -> ApiConfig {
    ApiConfig {
        limits: UploadLimits {
            max_video_bytes: 100_000,
            max_written_bytes: 1_000,
            max_duration_seconds: 600,
        },
        languages: ["zh", "auto", "en"].map(String::from).to_vec(),
        upload_idle: PATIENCE,
        public_url: None,
        trusted_proxies: vec![],
        kinds: vec![],
        max_person_bytes: None,
        max_branch_bytes: None,
        media_links: None,
        sign_on: huibao_api::SignOnConfig::default(),
    }
}

impl Harness {
    pub async fn new() -> Self {
        Self::with(config(), Arc::new(())).await
    }

    pub async fn with(config: ApiConfig, readiness: Arc<dyn Readiness>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(&folder.path().join("test.db")).await.unwrap();
        let storage = Arc::new(LocalStorage::open(folder.path().join("files")).await.unwrap());
        let queue = Arc::new(EmbeddedQueue::default());
        let backends =
            Backends { store: store.clone(), storage: storage.clone(), queue: queue.clone() };
        let app = router(backends, config, readiness);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(listener, app, PATIENCE, shutdown.clone()));
        // The workspace's reqwest brings no cryptography of its own; a second install may fail.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (activist, bearer) = person(&store, "act", &[(Role::Activist, BRANCH)]).await;
        let client = client(&bearer);
        Self { store, storage, queue, address, client, bearer, activist, shutdown, server, folder }
    }

    /// A person who is this, with a client that sends their token.
    pub async fn person(&self, name: &str, roles: &[(Role, &str)]) -> (PersonId, Client) {
        let (id, bearer) = person(&self.store, name, roles).await;
        (id, client(&bearer))
    }

    /// A client with another token of the activist's.
    pub async fn token(&self, scopes: &str) -> Client {
        let secret = NewSecret::token().unwrap();
        let (person, scopes) = (self.activist, scopes.parse().unwrap());
        let new = NewToken { person, name: "scoped", scopes, expires_at: None };
        let mut unit = self.store.begin(Actor::System, Utc::now()).await.unwrap();
        unit.tokens().insert(new, &secret.digest()).await.unwrap();
        unit.commit().await.unwrap();
        client(&format!("Bearer {}", secret.expose()))
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("http://{}{path}", self.address))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("http://{}{path}", self.address))
    }

    pub async fn json(&self, path: &str) -> Value {
        self.get(path).send().await.unwrap().json().await.unwrap()
    }

    /// Begins a report and returns its id.
    pub async fn draft(&self, fields: Value) -> ReportId {
        let response = self.post("/api/v1/reports").json(&fields).send().await.unwrap();
        assert_eq!(response.status(), 201);
        let body: Value = response.json().await.unwrap();
        body["id"].as_str().unwrap().parse().unwrap()
    }

    /// Uploads a whole file of a draft in one request.
    pub async fn upload(&self, to: ReportId, role: &str, name: &str, bytes: &[u8]) -> Response {
        let encode = |text: &str| STANDARD.encode(text);
        let metadata = format!(
            "report_id {},role {},filename {}",
            encode(&to.to_string()),
            encode(role),
            encode(name)
        );
        let request = self
            .post("/api/v1/uploads/")
            .header("tus-resumable", "1.0.0")
            .header("content-type", "application/offset+octet-stream")
            .header("upload-length", bytes.len())
            .header("upload-metadata", metadata);
        request.body(bytes.to_vec()).send().await.unwrap()
    }

    /// Hands a report in.
    pub async fn hand_in(&self, id: ReportId) -> Response {
        self.post(&format!("/api/v1/reports/{id}/submit")).send().await.unwrap()
    }

    /// Hands in a report with a video alone and returns its id.
    pub async fn submit(&self) -> ReportId {
        let id = self.draft(json!({})).await;
        let uploaded = self.upload(id, "video", "汇报.mp4", VIDEO).await;
        assert_eq!(uploaded.status(), 201);
        assert_eq!(self.hand_in(id).await.status(), 202);
        id
    }

    /// The current submission of a report.
    pub async fn submission(&self, report: ReportId) -> SubmissionId {
        let mut snapshot = self.store.snapshot().await.unwrap();
        let report = snapshot.reports().get(report).await.unwrap().unwrap();
        report.current_submission.unwrap()
    }

    pub async fn claim(&self, stage: Stage) -> Claim {
        let queued = JobFilter {
            kind: Some(stage.as_str().into()),
            state: Some(JobState::Queued),
            ..JobFilter::default()
        };
        // The oldest, which workers are told of first.
        let mut snapshot = self.store.snapshot().await.unwrap();
        let message = snapshot.jobs().list(&queued, 100).await.unwrap().pop().unwrap().message();
        drop(snapshot);
        let claimant = Claimant { worker: "test", lease: Duration::from_mins(1) };
        let policy = RetryPolicy::default();
        self.store.claim(&message, &claimant, &policy, Utc::now()).await.unwrap().unwrap()
    }

    pub async fn complete(&self, claim: &Claim) {
        let made = self.made(claim).await;
        self.store.complete(claim, &*made, 1500, None, Utc::now()).await.unwrap().unwrap();
    }

    /// Does one stage.
    pub async fn work(&self, stage: Stage) {
        let claim = self.claim(stage).await;
        self.complete(&claim).await;
    }

    async fn made(&self, claim: &Claim) -> Box<dyn Outcome> {
        match claim.kind.parse().unwrap() {
            Stage::Ingest => Box::new(IngestResult {
                media: media(),
                written: Some(WrittenContent {
                    text: "敬爱的党组织：".into(),
                    no_text_layer: false,
                }),
                files: self.ingested(claim).await,
            }),
            Stage::Transcode => Box::new(TranscodeResult {
                rendition: Rendition {
                    width: 720,
                    height: 1280,
                    duration_ms: 61_500,
                    remuxed: true,
                    lost_ms: 0,
                },
                file: self.output(claim, FileKind::Rendition, "rendition.mp4", VIDEO).await,
            }),
            Stage::Transcribe => Box::new(recognition()),
            Stage::Archive => Box::new(ArchiveResult::default()),
        }
    }

    /// The files that ingest makes of what was handed in.
    async fn ingested(&self, claim: &Claim) -> Vec<StoredFile> {
        let submission = claim.submission.unwrap();
        let given = self.store.snapshot().await.unwrap().submissions().files(submission).await;
        let pages = given.unwrap().into_iter().filter(|file| file.kind == FileKind::Page);
        let mut made = vec![self.output(claim, FileKind::Poster, "poster.jpg", b"poster").await];
        for (number, _) in (1..).zip(pages) {
            let name = format!("page-{number}.jpg");
            made.push(self.output(claim, FileKind::PageImage, &name, b"page").await);
        }
        made
    }

    async fn output(
        &self,
        claim: &Claim,
        kind: FileKind,
        name: &str,
        bytes: &'static [u8],
    ) -> StoredFile {
        let key = StorageKey::output(claim.submission.unwrap(), claim.token, name);
        let stored = self.storage.put(&key, Box::pin(bytes), 1_000_000).await.unwrap();
        StoredFile {
            kind,
            key: key.as_str().into(),
            name: name.into(),
            size_bytes: stored.size_bytes,
            sha256: stored.sha256,
        }
    }

    /// Waits until no file is stored, finished or not.
    pub async fn wait_until_empty(&self) {
        let empty = async {
            while count_files(&self.folder.path().join("files")) > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, empty).await.unwrap();
    }

    pub async fn was_published(&self) -> bool {
        let mut messages = self.queue.subscribe(Urgency::ALL, 1).await.unwrap();
        tokio::time::timeout(PATIENCE, messages.next()).await.is_ok()
    }
}

/// A client without credentials.
pub fn stranger() -> Client {
    Client::builder().no_proxy().redirect(Policy::none()).build().unwrap()
}

/// A client that sends this with each request.
fn client(bearer: &str) -> Client {
    let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::try_from(bearer).unwrap())]);
    Client::builder().no_proxy().default_headers(headers).build().unwrap()
}

/// Adds a person, and returns the header that their token makes.
async fn person(store: &Store, name: &str, roles: &[(Role, &str)]) -> (PersonId, String) {
    let new = NewPerson {
        display_name: name.to_owned(),
        ..NewPerson::named(LoginName::parse(name).unwrap())
    };
    let secret = NewSecret::token().unwrap();
    let mut unit = store.begin(Actor::System, Utc::now()).await.unwrap();
    assert!(unit.people().insert(&new).await.unwrap());
    for (role, branch) in roles {
        let grant = Grant { role: *role, branch: branch.parse().unwrap() };
        unit.people().grant(new.id, &grant).await.unwrap();
    }
    unit.tokens()
        .insert(
            NewToken { person: new.id, name: "test", scopes: Scopes::all(), expires_at: None },
            &secret.digest(),
        )
        .await
        .unwrap();
    unit.commit().await.unwrap();
    (new.id, format!("Bearer {}", secret.expose()))
}

pub async fn error_code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let body: Value = response.json().await.unwrap();
    assert!(!body["detail"].as_str().unwrap().is_empty());
    assert_eq!((&body["type"], &body["status"]), (&json!("about:blank"), &json!(status)));
    (status, body["code"].as_str().unwrap().to_owned())
}

pub fn count_files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { count_files(&path) } else { 1 })
        .sum()
}

pub fn segment(text: &str) -> Segment {
    Segment {
        id: 0,
        start_ms: 250,
        end_ms: 1_900,
        text: text.into(),
        raw_text: text.into(),
        confidence: Some(0.5),
        words: vec![],
        flags: vec![SegmentFlag::Repetition],
    }
}

fn transcript() -> Transcript {
    Transcript {
        language: "zh".into(),
        no_speech: false,
        duration_ms: 61_500,
        segments: vec![segment("敬爱的党组织。")],
        speech: vec![],
        recognizer: RecognizerInfo {
            engine: "test".into(),
            model: "ggml-test".into(),
            model_sha256: String::new(),
            parameters: Value::Null,
        },
    }
}

fn recognition() -> Recognition {
    Recognition { transcript: transcript(), raw: Vec::new() }
}

fn media() -> MediaInfo {
    MediaInfo {
        duration_ms: 61_500,
        container: "mov".into(),
        video: VideoTrack {
            codec: "hevc".into(),
            width: 720,
            height: 1280,
            rotation_degrees: 90,
            frame_rate: 30.0,
            pixel_format: "yuv420p".into(),
        },
        audio: AudioTrack { codec: "aac".into(), sample_rate: 48_000, channels: 1 },
        scan: MediaScan::default(),
    }
}
