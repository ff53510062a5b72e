//! What is seen of a running process from outside: metrics and spans.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::Value;

use crate::support::media::short;
use crate::support::server::Server;
use crate::support::{fixture, huibao};

fn is_over(report: &Value) -> bool {
    matches!(report["state"].as_str(), Some("ready" | "failed"))
}

/// A recogniser that only says this.
fn script(folder: &Path) -> String {
    let script = folder.join("script.json");
    std::fs::write(&script, r#"{"engine": "scripted", "text": "敬爱的党组织，您好！"}"#).unwrap();
    script.to_str().unwrap().to_owned()
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn metrics_tell_of_requests_jobs_and_backends() {
    let folder = tempfile::tempdir().unwrap();
    let (address, script) = (free_address(), script(folder.path()));
    let env = [("HUIBAO_METRICS_LISTEN", &*address), ("HUIBAO_MODEL", &*script)];
    let server = Server::start(&folder.path().join("data"), &env);
    let (_, good) = server.upload(&short(folder.path(), 2), Some(&fixture("report-zh.txt")));
    let text = folder.path().join("text.mp4");
    std::fs::write(&text, "text").unwrap();
    let (_, bad) = server.upload(&text, None);
    for answer in [&good, &bad] {
        server.wait(answer["report"]["id"].as_str().unwrap(), is_over);
    }
    let scraped = server.client.get(format!("http://{address}/metrics")).send().unwrap();
    let scraped = scraped.text().unwrap();
    let value = |series: &str| {
        let line = scraped.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        let number = line.unwrap_or_else(|| panic!("no {series} in {scraped}"));
        number.trim().parse::<f64>().unwrap()
    };
    for (kind, outcome, attempts) in
        [("ingest", "done", 1.0), ("transcribe", "done", 1.0), ("ingest", "failed", 1.0)]
    {
        let labels = format!("{{kind=\"{kind}\",outcome=\"{outcome}\"}}");
        let attempted = value(&format!("huibao_job_attempts_total{labels}"));
        assert!((attempted - attempts).abs() < 0.1, "{labels}");
    }
    let failed = value("huibao_job_failures_total{kind=\"ingest\",code=\"not_media\"}");
    let dead = value("huibao_jobs{kind=\"ingest\",state=\"dead\"}");
    assert!(failed > 0.9 && dead > 0.9);
    let posts = "http_server_request_duration_seconds_count{http_request_method=\"POST\",\
                 http_route=\"/api/v1/reports\",http_response_status_code=\"201\"}";
    assert!(value(posts) > 1.9);
    assert!(value("huibao_cores") > 0.9);
    assert!(value("huibao_storage_bytes_total{direction=\"written\"}") > 1000.0);

    // What is there is documented, and what is documented is described alike.
    let table = std::fs::read_to_string("docs/metrics.md").unwrap();
    let scraped_names: BTreeSet<&str> = scraped
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_whitespace().next())
        .collect();
    for name in &scraped_names {
        assert!(table.contains(&format!("`{name}`")), "{name} is not in docs/metrics.md");
    }
    let known = huibao_models::metrics::ALL;
    for metric in known {
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let row = format!(
            "| `{}` | {:?} | {} | {} |",
            metric.name,
            metric.kind,
            labels.join(", "),
            metric.help
        );
        assert!(table.contains(&row), "docs/metrics.md lacks this row:\n{row}");
    }
    assert!(
        !scraped.contains("李晓明") && !scraped.contains(good["report"]["id"].as_str().unwrap())
    );
}

/// Answers one connection of an exporter, and passes on what it sends.
fn receive(stream: TcpStream, received: &mpsc::Sender<Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        received.send(body).ok()?;
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

/// A collector of spans: its address, and the bodies that it gets.
fn collector() -> (String, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let sender = sender.clone();
            std::thread::spawn(move || receive(stream.unwrap(), &sender));
        }
    });
    (address, received)
}

#[test]
fn the_spans_of_a_submission_are_one_trace_with_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let ((address, received), script) = (collector(), script(folder.path()));
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*address), ("HUIBAO_MODEL", &*script)];
    let server = Server::start(&data, &env);
    let (_, answer) = server.upload(&short(folder.path(), 2), None);
    let report = server.wait(answer["report"]["id"].as_str().unwrap(), is_over);
    assert_eq!(report["state"], "ready", "{report}");
    assert_eq!(server.stop(), Some(0), "it sends what is left and ends");

    let list = ["jobs", "list", "--kind", "ingest", "--json", "--data-dir"];
    let jobs = huibao().args(list).arg(&data).output().unwrap();
    let jobs: Value = serde_json::from_slice(&jobs.stdout).unwrap();
    let submission = jobs["jobs"][0]["submission_id"].as_str().unwrap().replace('-', "");
    let mut traces = BTreeMap::<String, BTreeSet<String>>::new();
    for body in received.try_iter() {
        let request = ExportTraceServiceRequest::decode(&*body).unwrap();
        let spans = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        for span in spans.flat_map(|scope| &scope.spans) {
            let trace = u128::from_be_bytes(span.trace_id[..].try_into().unwrap());
            let trace = format!("{trace:032x}");
            traces.entry(trace).or_default().insert(span.name.clone());
        }
    }
    let names = traces.get(&submission).unwrap_or_else(|| panic!("no {submission} in {traces:?}"));
    let expected = ["child", "commit", "fetch", "hand_in", "job", "store", "upload"];
    assert_eq!(*names, expected.map(str::to_owned).into(), "{traces:?}");
}
