//! A running `huibao up`.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::{Client, Response};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::huibao;

/// Nothing here may take longer; a test that waits in vain says so.
const PATIENCE: Duration = Duration::from_mins(4);

/// The activist in whose name everything is done.
pub const NAME: &str = "act";

/// Their password.
pub const PASSWORD: &str = "登记-密码-2026";

/// Their branch.
pub const BRANCH: &str = "/college/branch";

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The server; killed when dropped.
pub struct Server {
    child: Child,
    installation: Installation,
    /// Where it answers, without a slash at the end.
    pub url: String,
    /// A personal access token of the activist.
    pub token: String,
    /// A client without proxies, which sends the token.
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

    /// Starts the server on a port, whatever public address it announces.
    pub fn start_on(port: u16, data: &Path, env: &[(&str, &str)]) -> Self {
        let mut command = huibao();
        command.args(["up", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"]).arg(data);
        command.envs(env.iter().copied());
        let mut server = Self::spawn(command);
        server.url = format!("http://127.0.0.1:{port}");
        server
    }

    /// Starts a server by a command that announces its address.
    pub fn spawn(mut command: Command) -> Self {
        let installation = Installation::of(&command);
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
        let token = installation.token();
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
        let client = Client::builder().no_proxy().timeout(PATIENCE).default_headers(headers);
        let (client, url) = (client.build().unwrap(), url.trim_end_matches('/').to_owned());
        Self { child, installation, url, token, client }
    }

    /// Runs a command of its installation with a line of input; returns what it printed.
    pub fn command(&self, args: &[&str], line: &str) -> String {
        self.installation.run(args, line)
    }

    /// GET as JSON.
    pub fn get(&self, path: &str) -> Value {
        self.client.get(format!("{}{path}", self.url)).send().unwrap().json().unwrap()
    }

    /// A file of a report: `original`, `written`, `video` or `poster`.
    pub fn file(&self, report: &str, name: &str) -> Vec<u8> {
        let url = format!("{}/api/v1/reports/{report}/{name}", self.url);
        self.client.get(url).send().unwrap().error_for_status().unwrap().bytes().unwrap().into()
    }

    /// Hands in a report and returns the status and the answer: of what refused it, if it was refused.
    pub fn upload(&self, video: &Path, written: Option<&Path>) -> (u16, Value) {
        let fields = json!({ "title": "思想汇报", "speaker": "李晓明" });
        self.upload_with(&fields, video, written)
    }

    /// Like [`Self::upload`], for a report that is begun with these fields.
    pub fn upload_with(
        &self,
        fields: &Value,
        video: &Path,
        written: Option<&Path>,
    ) -> (u16, Value) {
        let begun = self.client.post(format!("{}/api/v1/reports", self.url)).json(fields);
        let begun = begun.send().unwrap();
        if !begun.status().is_success() {
            return read(begun);
        }
        let id = read(begun).1["id"].as_str().unwrap().to_owned();
        for (role, path) in written.map(|path| ("written", path)).iter().chain([&("video", video)])
        {
            let sent = self.send(&id, role, path);
            if !sent.status().is_success() {
                return read(sent);
            }
        }
        let submit = format!("{}/api/v1/reports/{id}/submit", self.url);
        read(self.client.post(submit).send().unwrap())
    }

    /// Uploads a file of a draft, whole.
    fn send(&self, report: &str, role: &str, path: &Path) -> Response {
        let encode = |text: &str| STANDARD.encode(text);
        let name = path.file_name().unwrap().to_str().unwrap();
        let metadata =
            format!("report_id {},role {},filename {}", encode(report), encode(role), encode(name));
        let request = self
            .client
            .post(format!("{}/api/v1/uploads/", self.url))
            .header("tus-resumable", "1.0.0")
            .header("content-type", "application/offset+octet-stream")
            .header("upload-length", path.metadata().unwrap().len())
            .header("upload-metadata", metadata);
        // Not streamed: a server that refuses an upload at once does not take the rest of it, and the client would
        // then say that, and not what the server has answered.
        request.body(std::fs::read(path).unwrap()).send().unwrap()
    }

    /// Follows a report until `done` says so.
    pub fn wait(&self, id: &str, done: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let report = self.get(&format!("/api/v1/reports/{id}"))["report"].clone();
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

fn read(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().unwrap())
}

/// The installation that a server's command names: its data folder and its variables.
struct Installation {
    data_dir: Option<OsString>,
    env: Vec<(OsString, OsString)>,
}

impl Installation {
    fn of(command: &Command) -> Self {
        let mut args = command.get_args().skip_while(|arg| *arg != "--data-dir");
        let data_dir = args.nth(1).map(OsString::from);
        let env = command.get_envs().filter_map(|(name, value)| Some((name.into(), value?.into())));
        Self { data_dir, env: env.collect() }
    }

    /// Runs a command of the installation with a line of input; returns what it printed.
    fn run(&self, args: &[&str], line: &str) -> String {
        let mut command = huibao();
        command.args(args).envs(self.env.iter().cloned()).stderr(Stdio::null());
        if let Some(folder) = &self.data_dir {
            command.arg("--data-dir").arg(folder);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // It may end without reading.
        let _ = writeln!(child.stdin.take().unwrap(), "{line}");
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    /// A new token of the activist, who is added if they are not there.
    fn token(&self) -> String {
        let role = ["--role", "activist", "--branch", BRANCH, "--password-stdin"];
        self.run(&[&["user", "add", NAME], &role[..]].concat(), PASSWORD);
        let token = self.run(&["token", "create", NAME, "--quiet"], "").trim().to_owned();
        assert!(token.starts_with("hb_"), "no token was made: {token:?}");
        token
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
