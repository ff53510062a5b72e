//! A running `huibao up`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, multipart};
use serde_json::Value;

use super::huibao;

/// Nothing here may take longer; a test that waits in vain says so.
const PATIENCE: Duration = Duration::from_mins(4);

/// The server; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it answers, without a slash at the end.
    pub url: String,
    /// A client without proxies.
    pub client: Client,
}

impl Server {
    /// Starts the server on a free port and waits until it answers.
    pub fn start(data: &Path, env: &[(&str, &str)]) -> Self {
        let mut command = huibao();
        command.args(["up", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
        command.envs(env.iter().copied());
        Self::spawn(command)
    }

    /// Starts a server by a command that announces its address.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines
            .by_ref()
            .map(Result::unwrap)
            .find_map(|line| {
                line.split_whitespace().find(|w| w.starts_with("http")).map(str::to_owned)
            })
            .unwrap();
        // Keeps reading, so that the server never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        // reqwest brings no cryptography of its own here; a second install may fail.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { child, url: url.trim_end_matches('/').to_owned(), client }
    }

    /// GET as JSON.
    pub fn get(&self, path: &str) -> Value {
        self.client.get(format!("{}{path}", self.url)).send().unwrap().json().unwrap()
    }

    /// Hands in a report and returns the status and the answer.
    pub fn upload(&self, video: &Path, written: Option<&Path>) -> (u16, Value) {
        let mut form = multipart::Form::new().text("title", "思想汇报").text("speaker", "李晓明");
        if let Some(written) = written {
            form = form.file("written", written).unwrap();
        }
        form = form.file("video", video).unwrap();
        let answer =
            self.client.post(format!("{}/api/reports", self.url)).multipart(form).send().unwrap();
        (answer.status().as_u16(), answer.json().unwrap())
    }

    /// Follows a report until `done` says so.
    pub fn wait(&self, id: &str, done: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let report = self.get(&format!("/api/reports/{id}"))["report"].clone();
            if done(&report) {
                return report;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain: {report}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The processes that it has started and that run now.
    pub fn children(&self) -> Vec<String> {
        let pid = self.child.id().to_string();
        // pgrep ends with an error if there are none.
        let listed = Command::new("pgrep").args(["-P", &pid]).output().unwrap();
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Asks the server to stop and returns its exit code.
    pub fn stop(mut self) -> Option<i32> {
        super::tool("kill", &["-TERM", &self.child.id().to_string()]);
        self.child.wait().unwrap().code()
    }

    /// Kills the server as a crash would.
    pub fn crash(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
