//! Databases as earlier versions left them: with the schema of then, and filled.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

use crate::postgres;
use crate::rows::{media, transcript};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// The last migration of the version that had reports and tasks.
pub const BEFORE: i64 = 4;

/// A database, by a connection that knows nothing of stores.
pub struct Old {
    pub url: String,
    pub connection: Raw,
    /// PostgreSQL keeps microseconds.
    pub now: DateTime<Utc>,
    _folder: TempDir,
}

pub enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Runs a statement: `sql!(connection, "…", binds…)`. Returns how many rows it changed.
macro_rules! sql {
    ($connection:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $connection {
            $crate::old::Raw::Sqlite(connection) => {
                sqlx::query($sql)$(.bind($bind))*.execute(connection).await.unwrap().rows_affected()
            }
            $crate::old::Raw::Postgres(connection) => {
                sqlx::query($sql)$(.bind($bind))*.execute(connection).await.unwrap().rows_affected()
            }
        }
    };
}

/// Fetches a number.
macro_rules! number {
    ($connection:expr, $sql:expr) => {
        match &mut $connection {
            $crate::old::Raw::Sqlite(connection) => {
                sqlx::query_scalar::<_, i64>($sql).fetch_one(connection).await.unwrap()
            }
            $crate::old::Raw::Postgres(connection) => {
                sqlx::query_scalar::<_, i64>($sql).fetch_one(connection).await.unwrap()
            }
        }
    };
}
pub(crate) use {number, sql};

impl Old {
    /// An empty SQLite file whose schema stands at a migration.
    pub async fn sqlite(version: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let mut connection = connect_sqlite(&url, "rwc").await;
        SQLITE.run_direct(Some(version), &mut connection, false).await.unwrap();
        Self::with(url, Raw::Sqlite(connection), folder)
    }

    /// An empty PostgreSQL schema that stands at a migration.
    pub async fn postgres(version: i64) -> Self {
        let url = postgres::postgres_schema().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        POSTGRES.run_direct(Some(version), &mut connection, false).await.unwrap();
        Self::with(url, Raw::Postgres(connection), tempfile::tempdir().unwrap())
    }

    fn with(url: String, connection: Raw, folder: TempDir) -> Self {
        Self { url, connection, now: Utc::now().trunc_subsecs(6), _folder: folder }
    }

    /// Where a SQLite file is.
    pub fn path(&self) -> std::path::PathBuf {
        self.url.strip_prefix("sqlite://").unwrap().into()
    }

    /// Closes the connection, as the process of an earlier version that stops.
    pub async fn close(&mut self) {
        if let Raw::Sqlite(connection) = &mut self.connection {
            let memory = SqliteConnection::connect("sqlite::memory:").await.unwrap();
            std::mem::replace(connection, memory).close().await.unwrap();
        }
    }

    /// Connects again.
    pub async fn reopen(&mut self) {
        if let Raw::Sqlite(connection) = &mut self.connection {
            *connection = connect_sqlite(&self.url, "rw").await;
        }
    }
}

async fn connect_sqlite(url: &str, mode: &str) -> SqliteConnection {
    let mut connection = SqliteConnection::connect(&format!("{url}?mode={mode}")).await.unwrap();
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut connection).await.unwrap();
    connection
}

/// The reports of [`Old::fill`].
pub struct Reports {
    /// Recognised twice, the second time with another model.
    pub ready: Uuid,
    /// Recognised before raw versions were kept, and corrected.
    pub corrected: Uuid,
    /// Its text is being recognised for the third time.
    pub processing: Uuid,
    /// Its first stage is dead.
    pub failed: Uuid,
    /// Its message is lost.
    pub submitted: Uuid,
}

/// What a task of an earlier version was like.
#[derive(Clone, Copy, Default)]
pub struct Task {
    stage: &'static str,
    state: &'static str,
    attempt: i64,
    token: i64,
    model: Option<&'static str>,
    error: Option<&'static str>,
    /// When a hint was due, in seconds from now.
    hint_due: Option<i64>,
    hints: i64,
}

/// A transcript as it was stored before segments had ids.
pub fn old_body(texts: &[&str]) -> Value {
    let mut body = serde_json::to_value(transcript()).unwrap();
    let template = body["segments"][0].clone();
    let segments = texts.iter().map(|text| {
        let mut segment = template.clone();
        segment.as_object_mut().unwrap().remove("id").unwrap();
        segment["text"] = json!(text);
        segment
    });
    body["segments"] = segments.collect();
    body
}

impl Old {
    /// Adds reports in every state, with all that they can have.
    pub async fn fill(&mut self) -> Reports {
        let done = |stage| Task { stage, state: "done", attempt: 1, token: 1, ..Task::default() };
        let waiting = |stage| Task { stage, state: "waiting", ..Task::default() };
        let ids = Reports {
            ready: Uuid::now_v7(),
            corrected: Uuid::now_v7(),
            processing: Uuid::now_v7(),
            failed: Uuid::now_v7(),
            submitted: Uuid::now_v7(),
        };

        self.report(ids.ready, "ready", None).await;
        self.learn(ids.ready).await;
        for (kind, name) in [
            ("original", "original.mp4"),
            ("written", "written.docx"),
            ("audio", "1-audio.wav"),
            ("rendition", "1-rendition.mp4"),
            ("bag", "1-bag/bagit.txt"),
            ("bag", "2-bag/bagit.txt"),
        ] {
            self.file(ids.ready, kind, name).await;
        }
        let again = Task { token: 2, model: Some("small-q8_0"), ..done("transcribe") };
        let archive = Task { token: 2, ..done("archive") };
        for task in [done("ingest"), done("transcode"), again, archive] {
            self.task(ids.ready, task).await;
        }
        let (first, second) = (self.now - TimeDelta::days(2), self.now - TimeDelta::days(1));
        self.transcript(ids.ready, 1, "raw", &["一", "二", "三"], first).await;
        self.transcript(ids.ready, 2, "recognition", &["一", "二"], first).await;
        self.transcript(ids.ready, 3, "raw", &["壹"], second).await;
        self.transcript(ids.ready, 4, "recognition", &["壹", "贰"], second).await;

        self.report(ids.corrected, "ready", None).await;
        self.file(ids.corrected, "original", "original.mp4").await;
        for stage in ["ingest", "transcode", "transcribe", "archive"] {
            self.task(ids.corrected, done(stage)).await;
        }
        self.transcript(ids.corrected, 1, "recognition", &["他"], first).await;
        self.transcript(ids.corrected, 2, "correction", &["她", "们"], second).await;

        self.report(ids.processing, "processing", None).await;
        self.learn(ids.processing).await;
        self.file(ids.processing, "original", "original.mp4").await;
        self.task(ids.processing, done("ingest")).await;
        let busy = Some("keeper_busy");
        let retried = Task {
            stage: "transcode",
            state: "queued",
            attempt: 2,
            token: 2,
            error: busy,
            hint_due: Some(60),
            ..Task::default()
        };
        self.task(ids.processing, retried).await;
        let running = Task {
            stage: "transcribe",
            state: "running",
            attempt: 3,
            token: 3,
            hint_due: Some(20),
            ..Task::default()
        };
        self.task(ids.processing, running).await;
        self.task(ids.processing, waiting("archive")).await;
        for (token, seq, text) in [(2, 0, "旧"), (3, 0, "一"), (3, 1, "二")] {
            self.partial(ids.processing, token, seq, text).await;
        }

        self.report(ids.failed, "failed", Some("keeper_unavailable")).await;
        self.file(ids.failed, "original", "original.mov").await;
        let dead = Task { state: "dead", error: Some("keeper_unavailable"), ..done("ingest") };
        self.task(ids.failed, dead).await;

        self.report(ids.submitted, "submitted", None).await;
        self.file(ids.submitted, "original", "original.webm").await;
        let queued = Task {
            stage: "ingest",
            state: "queued",
            hint_due: Some(3600),
            hints: 3,
            ..Task::default()
        };
        self.task(ids.submitted, queued).await;
        for report in [ids.failed, ids.submitted] {
            for stage in ["transcode", "transcribe", "archive"] {
                self.task(report, waiting(stage)).await;
            }
        }
        ids
    }

    async fn report(&mut self, id: Uuid, state: &str, failure: Option<&str>) {
        sql!(
            self.connection,
            "INSERT INTO reports (id, title, speaker, language, state, created_at, failure)
             VALUES ($1, '第三季度思想汇报', '李晓明', 'auto', $2, $3, $4)",
            id,
            state,
            self.now,
            failure.map(error)
        );
    }

    /// What ingest and transcode wrote.
    async fn learn(&mut self, id: Uuid) {
        let rendition =
            json!({ "width": 720, "height": 1280, "duration_ms": 1000, "remuxed": false });
        sql!(
            self.connection,
            "UPDATE reports SET media = $1, rendition = $2, written = $3 WHERE id = $4",
            Json(media()),
            Json(rendition),
            Json(json!({ "text": "书面汇报", "no_text_layer": false })),
            id
        );
    }

    async fn file(&mut self, report: Uuid, kind: &str, name: &str) {
        sql!(
            self.connection,
            "INSERT INTO files (id, report_id, kind, key, name, size_bytes, sha256)
             VALUES ($1, $2, $3, $4, $5, 5000000000, 'ab')",
            Uuid::now_v7(),
            report,
            kind,
            format!("reports/{report}/{name}"),
            name
        );
    }

    async fn task(&mut self, report: Uuid, task: Task) {
        let ended = matches!(task.state, "done" | "dead");
        let after = |seconds| self.now + TimeDelta::seconds(seconds);
        sql!(
            self.connection,
            "INSERT INTO tasks (id, report_id, stage, state, attempt, token, worker, lease_until,
                                not_before, hint_due, hints, progress, started_at, finished_at,
                                work_ms, error, model)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
            Uuid::now_v7(),
            report,
            task.stage,
            task.state,
            task.attempt,
            task.token,
            (task.attempt > 0).then_some("host/12"),
            (task.state == "running").then(|| after(20)),
            after(if task.error.is_some() { 60 } else { 0 }),
            task.hint_due.map(after),
            task.hints,
            if task.state == "running" { 0.5 } else { 0.0 },
            (task.attempt > 0).then(|| after(-10)),
            ended.then(|| after(-5)),
            (task.state == "done").then_some(5000_i64),
            task.error.map(error),
            task.model
        );
    }

    async fn transcript(
        &mut self,
        report: Uuid,
        version: i64,
        origin: &str,
        texts: &[&str],
        at: DateTime<Utc>,
    ) {
        sql!(
            self.connection,
            "INSERT INTO transcripts (id, report_id, version, origin, body, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            Uuid::now_v7(),
            report,
            version,
            origin,
            Json(old_body(texts)),
            at
        );
    }

    async fn partial(&mut self, report: Uuid, token: i64, seq: i64, text: &str) {
        sql!(
            self.connection,
            "INSERT INTO partial_segments (report_id, token, seq, body) VALUES ($1, $2, $3, $4)",
            report,
            token,
            seq,
            Json(&old_body(&[text])["segments"][0])
        );
    }
}

/// A failure as it was written then. Its cause may say anything.
fn error(code: &str) -> Json<Value> {
    Json(json!({ "code": code, "detail": "said \"code\":\"keeper_busy\"" }))
}
