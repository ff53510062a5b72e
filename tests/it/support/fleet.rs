//! A distributed installation of its own: a schema, a prefix in the bucket, queues with a prefix;
//! and the processes that share them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use uuid::Uuid;

use super::server::Server;
use super::{huibao, tool};

/// Where the servers are that a fleet uses.
pub struct Servers {
    database: String,
    queue: String,
    storage: String,
    more: Vec<(String, String)>,
}

impl Servers {
    /// Those that `scripts/test` started for all tests.
    pub fn shared() -> Self {
        let var =
            |name: &str| std::env::var(name).expect("run scripts/test, which starts the services");
        Self {
            database: var("HUIBAO_TEST_DATABASE_URL"),
            queue: var("HUIBAO_TEST_QUEUE_URL"),
            storage: var("HUIBAO_TEST_STORAGE_URL"),
            more: Vec::new(),
        }
    }

    /// Those that a set of `scripts/services env` names.
    pub fn of(printed: &str) -> Self {
        let value = |name: &str| {
            let prefix = format!("export {name}=");
            let value = printed.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap();
            // The shell's quoting.
            value.replace('\\', "").trim_matches('\'').to_owned()
        };
        let aws = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        Self {
            database: value("HUIBAO_DATABASE_URL"),
            queue: value("HUIBAO_QUEUE_URL"),
            storage: value("HUIBAO_STORAGE_URL"),
            more: aws.map(|name| (name.to_owned(), value(name))).to_vec(),
        }
    }
}

/// An installation.
pub struct Fleet {
    folder: PathBuf,
    env: Vec<(String, String)>,
}

/// A worker process; killed when dropped.
pub struct WorkerProcess(pub Child);

impl Fleet {
    /// Makes the installation. `folder` is for what its processes keep on their machine.
    pub fn new(servers: &Servers, folder: &Path) -> Self {
        let name = format!("test_{}", Uuid::now_v7().simple());
        tool("psql", &["-q", &servers.database, "-c", &format!("CREATE SCHEMA {name}")]);
        let mark = |url: &str| if url.contains('?') { '&' } else { '?' };
        let (bucket, query) = servers.storage.split_once('?').unwrap();
        let (database, queue) = (&servers.database, &servers.queue);
        let schema = format!("options=-c%20search_path%3D{name}");
        let mut env = vec![
            ("HUIBAO_DATABASE_URL".into(), format!("{database}{}{schema}", mark(database))),
            ("HUIBAO_QUEUE_URL".into(), format!("{queue}{}prefix={name}", mark(queue))),
            ("HUIBAO_STORAGE_URL".into(), format!("{bucket}/{name}?{query}")),
        ];
        env.extend(servers.more.iter().cloned());
        Self { folder: folder.to_owned(), env }
    }

    /// Sets a variable for all processes that are started from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.push((name.into(), value.into()));
    }

    /// Replaces recognition by a script, so that hundreds of reports take seconds.
    pub fn script_recognition(&mut self) {
        let script = self.folder.join("script.json");
        std::fs::write(&script, r#"{"engine": "scripted", "text": "敬爱的党组织，您好！"}"#)
            .unwrap();
        self.set("HUIBAO_MODEL", script.to_str().unwrap());
    }

    /// A command with this installation's settings.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = huibao();
        command.args(args).envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    fn url(&self, name: &str) -> &str {
        &self.env.iter().find(|(known, _)| known == name).unwrap().1
    }

    /// Its database.
    pub fn database_url(&self) -> &str {
        self.url("HUIBAO_DATABASE_URL")
    }

    /// Its queue.
    pub fn queue_url(&self) -> &str {
        self.url("HUIBAO_QUEUE_URL")
    }

    /// Its storage.
    pub fn storage_url(&self) -> &str {
        self.url("HUIBAO_STORAGE_URL")
    }

    /// Starts `huibao api` on a free port.
    pub fn api(&self) -> Server {
        let data = self.folder.join("api");
        let mut command = self.command(&["api", "--listen", "127.0.0.1:0", "--data-dir"]);
        command.arg(data);
        Server::spawn(command)
    }

    /// Starts a worker, with further variables.
    pub fn worker(&self, env: &[(&str, &str)]) -> WorkerProcess {
        let mut command = self.command(&["worker"]);
        command.envs(env.iter().copied());
        self.worker_of(command)
    }

    /// Starts a worker by a command of one's own.
    pub fn worker_of(&self, mut command: Command) -> WorkerProcess {
        command.arg("--data-dir").arg(self.folder.join("worker"));
        self.spawn(command)
    }

    /// Starts a worker by a command that says all.
    pub fn spawn(&self, mut command: Command) -> WorkerProcess {
        WorkerProcess(command.stdout(Stdio::null()).stderr(self.log()).spawn().unwrap())
    }

    fn log(&self) -> Stdio {
        let path = self.folder.join("workers.log");
        std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().into()
    }

    /// All that the workers wrote.
    pub fn whole_log(&self) -> String {
        std::fs::read_to_string(self.folder.join("workers.log")).unwrap_or_default()
    }

    /// What the workers wrote last, for a test that fails.
    pub fn worker_log(&self) -> String {
        let log = self.whole_log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// `huibao jobs … --json`.
    pub fn jobs(&self, args: &[&str]) -> Value {
        let output = self.command(&[&["jobs"], args, &["--json"]].concat()).output().unwrap();
        super::only_object(&output)
    }
}

impl WorkerProcess {
    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        tool("kill", &[name, &self.0.id().to_string()]);
    }

    /// Whether a signal has stopped it.
    pub fn is_stopped(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        stat.rsplit_once(')').unwrap().1.trim_start().starts_with('T')
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        // It may have ended already, or be stopped: killing works either way.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
