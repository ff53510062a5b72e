//! Behind the proxies that `docs/proxy.md` configures: the real servers, with what stands there.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::{Body, Client, Response};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

use crate::support::server::{NAME, PASSWORD, Server, free_port};
use crate::support::{random_file, root, tool};

const PATIENCE: Duration = Duration::from_secs(30);

/// Where the client is: another address than the proxy's.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// The parts of the page in a language, in their order: first a host of its own, then a path of one.
fn documented(language: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/proxy.md")).unwrap();
    let begins = format!("```{language}\n");
    let parts = page.split(&begins).skip(1);
    parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
}

/// A proxy that runs; killed when dropped.
struct Proxy {
    child: Child,
    log: PathBuf,
}

impl Proxy {
    fn spawn(mut command: Command, folder: &Path, port: u16) -> Self {
        let log = folder.join("proxy.log");
        let output = fs::File::create(&log).unwrap();
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let proxy = Self { child: command.spawn().expect("scripts/test installs it"), log };
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let said = fs::read_to_string(&proxy.log).unwrap();
            assert!(start.elapsed() < PATIENCE, "the proxy does not answer: {said}");
            std::thread::sleep(Duration::from_millis(20));
        }
        proxy
    }

    fn nginx(config: &str, folder: &Path, port: u16, server: &str) -> Self {
        let config = config
            .replace("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl"))
            .replace("http://127.0.0.1:8080", server)
            .replace("/etc/ssl/huibao", &format!("{}/tls", folder.display()))
            .replace("/etc/ssl/www", &format!("{}/tls", folder.display()));
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|what| format!("{what}_temp_path {}/{what};\n", folder.display()))
            .concat();
        let whole = format!(
            "daemon off;\npid {0}/nginx.pid;\nerror_log {0}/error.log;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}{config}}}\n",
            folder.display()
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, whole).unwrap();
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-e").arg(folder.join("error.log")).arg("-c").arg(file).arg("-p").arg(folder);
        Self::spawn(command, folder, port)
    }

    fn caddy(config: &str, folder: &Path, port: u16, server: &str) -> Self {
        let (tls, place) = (format!("tls {0}/tls.pem {0}/tls.key", folder.display()), ".org {");
        let config = config
            .replace(place, &format!(".org:{port} {{\n{tls}"))
            .replace("127.0.0.1:8080", server.trim_start_matches("http://"));
        let file = folder.join("Caddyfile");
        fs::write(&file, format!("{{\nadmin off\nauto_https off\n}}\n{config}")).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        command.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        Self::spawn(command, folder, port)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // nginx ends its workers when it is asked to end.
        tool("kill", &["-TERM", &self.child.id().to_string()]);
        self.child.wait().unwrap();
    }
}

/// A browser that trusts the proxy's certificate and knows where its host is.
fn client(folder: &Path, host: &str, port: u16) -> Client {
    let certificate = reqwest::Certificate::from_pem(&fs::read(folder.join("tls.pem")).unwrap());
    Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .local_address(CLIENT)
        .resolve(host, SocketAddr::from(([127, 0, 0, 1], port)))
        .tls_certs_only([certificate.unwrap()])
        .build()
        .unwrap()
}

fn certificate(folder: &Path, host: &str) {
    let name = format!("subjectAltName=DNS:{host}");
    let (key, pem) = (folder.join("tls.key"), folder.join("tls.pem"));
    tool(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=test",
            "-addext",
            &name,
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            key.to_str().unwrap(),
            "-out",
            pem.to_str().unwrap(),
        ],
    );
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

/// A phone's connection that breaks in the middle.
struct BreaksAfter(io::Take<fs::File>);

impl Read for BreaksAfter {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => {
                // What was sent is under way.
                std::thread::sleep(Duration::from_millis(500));
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "the network is gone"))
            }
            read => Ok(read),
        }
    }
}

struct Visit<'a> {
    client: Client,
    /// The address that users know.
    base: String,
    /// Its path.
    path: &'a str,
    server: &'a Server,
    /// The token of somebody who reads the audit log.
    operator: String,
}

impl Visit<'_> {
    fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.base)).send().unwrap()
    }

    fn pages_find_their_parts(&self) {
        let page = self.get("/").text().unwrap();
        let script = page.split("src=\"./").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(self.get(&format!("/{}", script.unwrap())).status(), 200, "{page}");
        assert_eq!(self.get("/api/v1/info").status(), 200);
        if !self.path.is_empty() {
            let bare = self.get("");
            let to = header(&bare, "location");
            assert!(bare.status().is_redirection() && to.ends_with("/huibao/"), "{to}");
        }
        let docs = self.get("/api/docs").text().unwrap();
        let script = docs.split("src=\"./").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(self.get(&format!("/api/{}", script.unwrap())).status(), 200, "{docs}");
    }

    /// Signs in as a browser does, with a forged address; returns the cookie.
    fn signs_in(&self) -> String {
        let origin = self.base.trim_end_matches(self.path);
        let answer = self
            .client
            .post(format!("{}/api/v1/session", self.base))
            .header("origin", origin)
            .header("x-forwarded-for", "203.0.113.9")
            .json(&json!({ "name": NAME, "password": PASSWORD }))
            .send()
            .unwrap();
        assert_eq!(answer.status(), 200);
        let cookie = header(&answer, "set-cookie").to_owned();
        assert!(
            cookie.starts_with("__Host-huibao_session=") && cookie.contains("Secure"),
            "{cookie}"
        );
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let audit = format!("{}/api/v1/audit?action=signed_in", self.server.url);
        let audit = self.server.client.get(audit).bearer_auth(&self.operator).send().unwrap();
        let audit: Value = audit.json().unwrap();
        assert_eq!(audit["entries"][0]["address"], CLIENT.to_string(), "{audit}");
        let forged = self.client.post(format!("{}/api/v1/reports", self.base));
        let forged = forged.header("cookie", &cookie).header("origin", "https://evil.example.org");
        assert_eq!(forged.json(&json!({})).send().unwrap().status(), 403);
        cookie
    }

    /// Begins a report and half of its video; what arrived before the connection broke is kept.
    fn uploads(&self, folder: &Path, cookie: &str) -> String {
        let origin = self.base.trim_end_matches(self.path);
        let post = |path: &str| {
            let request = self.client.post(format!("{}{path}", self.base));
            request.header("cookie", cookie).header("origin", origin)
        };
        let begun = post("/api/v1/reports").json(&json!({ "title": "思想汇报" })).send().unwrap();
        assert_eq!(begun.status(), 201, "{begun:?}");
        let place = header(&begun, "location").to_owned();
        assert!(place.starts_with(&format!("{}/api/v1/reports/", self.path)), "{place}");
        let id = place.rsplit('/').next().unwrap().to_owned();

        let video = random_file(folder, 8 << 20);
        let encode = |text: &str| STANDARD.encode(text);
        let metadata = format!("report_id {},role {}", encode(&id), encode("video"));
        let upload = post("/api/v1/uploads/")
            .header("tus-resumable", "1.0.0")
            .header("upload-length", video.metadata().unwrap().len())
            .header("upload-metadata", metadata)
            .send()
            .unwrap();
        let at = format!("{origin}{}", header(&upload, "location"));
        let half = BreaksAfter(fs::File::open(&video).unwrap().take(4 << 20));
        let patch = |offset: u64, body: Body| {
            self.client
                .patch(&at)
                .header("cookie", cookie)
                .header("origin", origin)
                .header("tus-resumable", "1.0.0")
                .header("upload-offset", offset)
                .header("content-type", "application/offset+octet-stream")
                .body(body)
                .send()
        };
        patch(0, Body::new(half)).unwrap_err();
        let start = Instant::now();
        let offset = loop {
            let head = self.client.head(&at).header("cookie", cookie);
            let head = head.header("tus-resumable", "1.0.0").send().unwrap();
            let offset: u64 = header(&head, "upload-offset").parse().unwrap();
            if offset > 0 {
                break offset;
            }
            assert!(start.elapsed() < PATIENCE, "nothing of the upload was kept");
            std::thread::sleep(Duration::from_millis(50));
        };
        let mut rest = fs::File::open(&video).unwrap();
        rest.seek(SeekFrom::Start(offset)).unwrap();
        // Its claim ends with the broken request.
        let finished = loop {
            let sent = patch(offset, Body::new(rest.try_clone().unwrap())).unwrap();
            if sent.status() != 423 {
                break sent;
            }
            assert!(start.elapsed() < PATIENCE, "the upload stays locked");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(finished.status(), 204, "from {offset}");
        id
    }

    /// The first event is there although the stream goes on; links in it are those that users follow.
    fn follows(&self, id: &str, cookie: &str) {
        let submit = format!("{}/api/v1/reports/{id}/submit", self.server.url);
        let submitted = self.server.client.post(submit).send().unwrap();
        assert_eq!(submitted.status(), 202);
        let stream = self.client.get(format!("{}/api/v1/reports/{id}/events", self.base));
        let stream = stream.header("cookie", cookie).send().unwrap();
        let data = BufReader::new(stream)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("data:")?.trim().to_owned()));
        let report: Value = serde_json::from_str(&data.unwrap()).unwrap();
        let link = report["links"]["original"].as_str().unwrap();
        assert_eq!(link, format!("{}/api/v1/reports/{id}/original", self.path));
    }
}

fn visit(kind: &str, start: impl Fn(&str, &Path, u16, &str) -> Proxy) {
    let [whole, below] = documented(kind).try_into().expect("two configurations");
    for (config, host, path) in
        [(whole, "huibao.example.org", ""), (below, "www.example.org", "/huibao")]
    {
        let folder = tempfile::tempdir().unwrap();
        let (port, inner) = (free_port(), free_port());
        let base = format!("https://{host}:{port}{path}");
        let env = [("HUIBAO_PUBLIC_URL", &*base), ("HUIBAO_TRUSTED_PROXIES", "127.0.0.1")];
        let server = Server::start_on(inner, &folder.path().join("data"), &env);
        certificate(folder.path(), host);
        let _proxy = start(&config, folder.path(), port, &server.url);
        let client = client(folder.path(), host, port);
        let add =
            ["user", "add", "root", "--role", "operator", "--branch", "/", "--password-stdin"];
        server.command(&add, PASSWORD);
        let operator =
            server.command(&["token", "create", "root", "--quiet"], "").trim().to_owned();
        let visit = Visit { client, base, path, server: &server, operator };
        visit.pages_find_their_parts();
        let cookie = visit.signs_in();
        let id = visit.uploads(folder.path(), &cookie);
        visit.follows(&id, &cookie);
    }
}

#[test]
fn nginx_as_documented() {
    visit("nginx", Proxy::nginx);
}

#[test]
fn caddy_as_documented() {
    visit("caddyfile", Proxy::caddy);
}
