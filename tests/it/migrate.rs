//! `huibao migrate` and `huibao collect`: a real installation on one machine moves to PostgreSQL and
//! S3, is interrupted on the way, and arrives.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use huibao_models::domain::ids::ReportId;
use huibao_models::domain::job::JobState;
use huibao_models::domain::submission::{FileKind, SubmissionState};
use huibao_models::storage::{self, Storage, StorageKey};
use huibao_models::store::Store;
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use url::Url;
use uuid::Uuid;

use crate::support::media::{sample, short};
use crate::support::server::Server;
use crate::support::stall::Stall;
use crate::support::{fixture, huibao, only_object};

/// Where an installation moves to: a schema and a prefix of its own.
struct Target {
    database: String,
    storage: Url,
}

impl Target {
    fn new() -> Self {
        let id = Uuid::now_v7();
        let database = setting("HUIBAO_TEST_DATABASE_URL");
        let schema = format!("test_{}", id.simple());
        block_on(async {
            let mut connection = PgConnection::connect(&database).await.unwrap();
            let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
            sqlx::query(create).execute(&mut connection).await.unwrap();
        });
        let mark = if database.contains('?') { '&' } else { '?' };
        let database = format!("{database}{mark}options=-c%20search_path%3D{schema}");
        let mut storage = Url::parse(&setting("HUIBAO_TEST_STORAGE_URL")).unwrap();
        storage.set_path(&format!("/test-{id}"));
        Self { database, storage }
    }

    /// The same, with its storage behind a door that closes after about `bytes`.
    fn behind(&self, bytes: usize) -> (Stall, Self) {
        let parameter = |wanted: &str| {
            let mut pairs = self.storage.query_pairs();
            pairs.find(|(name, _)| name == wanted).unwrap().1.into_owned()
        };
        let endpoint = Url::parse(&parameter("endpoint")).unwrap();
        let server = endpoint.socket_addrs(|| None).unwrap()[0];
        let stall = Stall::before(server, bytes);
        let mut storage = self.storage.clone();
        let others: Vec<(String, String)> = self.storage.query_pairs().into_owned().collect();
        storage
            .query_pairs_mut()
            .clear()
            .extend_pairs(others.iter().filter(|(name, _)| name != "endpoint"))
            .append_pair("endpoint", &format!("http://{}", stall.addr));
        (stall, Self { database: self.database.clone(), storage })
    }

    async fn open(&self) -> (Store, Arc<dyn Storage>) {
        let store = Store::open(&self.database, 2).await.unwrap();
        (store, storage::open(self.storage.as_str()).await.unwrap())
    }
}

fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name}: run scripts/test, which sets it"))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

fn migrate(data: &Path, to: &Target) -> Command {
    let mut command = huibao();
    command.args(["migrate", "--json", "--data-dir"]).arg(data);
    command.args(["--to", &to.database, to.storage.as_str()]);
    command
}

/// An installation with one finished report and one whose recognition was running when it crashed.
fn installation(folder: &Path, data: &Path) -> (ReportId, ReportId) {
    let server = Server::start(data, &[]);
    let id = |answer: &Value| answer["report"]["id"].as_str().unwrap().to_owned();
    let (_, answer) = server.upload(&short(folder, 8), Some(&fixture("report-zh.txt")));
    let finished = id(&answer);
    let report = server.wait(&finished, |report| report["state"] == "ready");
    assert!(report["transcript"]["text"].as_str().is_some());
    let (_, answer) = server.upload(&sample(), None);
    let running = id(&answer);
    server.wait(&running, |report| report["stages"][2]["state"] == "running");

    // Nothing is moved under the feet of a service that runs.
    let nowhere = folder.join("nowhere");
    let output = huibao()
        .args(["migrate", "--json", "--data-dir"])
        .arg(data)
        .args(["--to", &format!("sqlite://{}", nowhere.join("huibao.db").display())])
        .arg(Url::from_file_path(nowhere.join("files")).unwrap().as_str())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(only_object(&output)["error"]["code"], "usage");
    assert!(!nowhere.exists());
    server.crash();
    (finished.parse().unwrap(), running.parse().unwrap())
}

#[test]
fn an_installation_moves_and_survives_a_kill_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (finished, running) = installation(folder.path(), &data);
    let target = Target::new();
    let database = std::fs::read(data.join("huibao.db")).unwrap();

    // Far enough that something has arrived, not so far that all has.
    let (stall, stalling) = target.behind(300_000);
    let mut first =
        migrate(&data, &stalling).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    stall.wait();
    first.kill().unwrap();
    first.wait().unwrap();
    let before = block_on(async { target.open().await.0.report_ids(None, 10).await.unwrap() });
    assert!(!before.contains(&running), "the kill came too late");

    let answer = succeed(&migrate(&data, &target).output().unwrap());
    assert!(answer["files"].as_u64().unwrap() > 0, "{answer}");
    assert!(answer["bytes"].as_u64().unwrap() > 0, "{answer}");
    let again = succeed(&migrate(&data, &target).output().unwrap());
    assert_eq!((&again["reports"], &again["files"]), (&0.into(), &0.into()), "{again}");
    assert_eq!(
        answer["files"].as_u64().unwrap() + answer["skipped"].as_u64().unwrap(),
        again["skipped"]
    );
    assert!(std::fs::read(data.join("huibao.db")).unwrap() == database, "the source was changed");
    block_on(arrived(&target, finished, running));
    listed(&target, running);
}

fn succeed(output: &Output) -> Value {
    let answer = only_object(output);
    assert!(output.status.success(), "{answer} {}", String::from_utf8_lossy(&output.stderr));
    for name in ["reports", "files", "bytes", "skipped", "seconds"] {
        assert!(answer[name].is_number(), "{name}: {answer}");
    }
    assert_eq!(answer.as_object().unwrap().len(), 5);
    answer
}

async fn arrived(target: &Target, finished: ReportId, running: ReportId) {
    let (store, storage) = target.open().await;
    let mut snapshot = store.snapshot().await.unwrap();
    let mut submissions = Vec::new();
    for report in [finished, running] {
        let overview = snapshot.reports().overview(report).await.unwrap().unwrap();
        submissions.push(overview.submission.unwrap());
    }
    let (finished, running) = (submissions[0].id, submissions[1].id);
    assert_eq!(submissions[0].state, SubmissionState::Ready);
    let transcript = snapshot.transcripts().current(finished).await.unwrap();
    assert!(transcript.unwrap().text().contains('党'));
    for id in [finished, running] {
        for file in snapshot.submissions().files(id).await.unwrap() {
            let key = StorageKey::parse(&file.key).unwrap();
            let mut body = storage.open(&key, None).await.unwrap();
            let found = storage::hash_stream(&mut body).await.unwrap();
            assert_eq!((found.sha256, found.size_bytes), (file.sha256, file.size_bytes), "{key}");
        }
    }
    let bag = snapshot.submissions().file(finished, FileKind::Bag).await.unwrap();
    assert!(bag.is_some());
    let jobs = snapshot.jobs().of_submission(running).await.unwrap();
    let transcribe = jobs.iter().find(|job| job.kind == "transcribe").unwrap();
    assert_eq!((transcribe.state, transcribe.token), (JobState::Queued, 1));
}

/// The operator's commands see it, too.
fn listed(target: &Target, running: ReportId) {
    let output = huibao()
        .args(["jobs", "list", "--json", "--report", &running.to_string()])
        .env("HUIBAO_DATABASE_URL", &target.database)
        .output()
        .unwrap();
    assert_eq!(only_object(&output)["jobs"].as_array().unwrap().len(), 4);
}

#[test]
fn what_cannot_be_moved_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let without_target = huibao().args(["migrate", "--json", "--data-dir"]).arg(&data).output();
    let without_target = without_target.unwrap();
    assert_eq!(without_target.status.code(), Some(2));
    let target = Target {
        database: format!("sqlite://{}", folder.path().join("to/huibao.db").display()),
        storage: Url::from_file_path(folder.path().join("to/files")).unwrap(),
    };
    let without_source = migrate(&data, &target).output().unwrap();
    assert_eq!(without_source.status.code(), Some(69));
    assert_eq!(only_object(&without_source)["error"]["code"], "backend_unavailable");
    assert!(!data.exists(), "the source was made");
    assert!(!folder.path().join("to").exists());
}

#[test]
fn an_operator_sees_and_removes_what_nobody_refers_to() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let text = folder.path().join("text.mp4");
    std::fs::write(&text, "text").unwrap();
    let (_, answer) = server.upload(&text, None);
    let id = answer["report"]["id"].as_str().unwrap().to_owned();
    server.wait(&id, |report| report["state"] == "failed");
    let mut list = huibao();
    list.args(["jobs", "list", "--json", "--report", &id]).env("HUIBAO_DATA_DIR", &data);
    let listed = only_object(&list.output().unwrap());
    let submission = listed["jobs"][0]["submission_id"].as_str().unwrap();
    let stored = data.join("files/submissions").join(submission);
    let old = SystemTime::now() - Duration::from_hours(30);
    std::fs::write(stored.join("9-audio.wav"), "left behind").unwrap();
    std::fs::write(stored.join("8-audio.wav"), "young").unwrap();
    let handed_in = crate::support::names(&stored);
    let handed_in = handed_in.iter().find(|name| name.starts_with("original")).unwrap();
    for name in ["9-audio.wav", handed_in] {
        let file = std::fs::File::options().append(true).open(stored.join(name)).unwrap();
        file.set_modified(old).unwrap();
    }

    let collect = |more: &[&str]| {
        let mut command = huibao();
        let output =
            command.args(["collect", "--json", "--data-dir"]).arg(&data).args(more).output();
        only_object(&output.unwrap())
    };
    let seen = collect(&["--dry-run"]);
    assert_eq!(
        seen["objects"][0]["key"],
        format!("submissions/{submission}/9-audio.wav"),
        "{seen}"
    );
    assert_eq!((&seen["bytes"], &seen["dry_run"]), (&11.into(), &true.into()), "{seen}");
    assert!(collect(&["--older-than", "2d"])["objects"].as_array().unwrap().is_empty());
    assert_eq!(collect(&[])["objects"].as_array().unwrap().len(), 1);
    assert_eq!(crate::support::names(&stored), ["8-audio.wav", handed_in.as_str()]);
    let too_young = huibao().args(["collect", "--older-than", "5m"]).output().unwrap();
    assert_eq!(too_young.status.code(), Some(2));
}
