//! Uploads by tus 1.0: what the protocol promises, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use huibao_api::ApiConfig;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::person::Role;
use huibao_models::store::WRITER_LEASE;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{BRANCH, Harness, PATIENCE, VIDEO, config, error_code};

const FOLDER: &str = "/api/v1/uploads/";

/// A client of tus.
struct Tus<'a> {
    harness: &'a Harness,
    client: Client,
}

impl<'a> Tus<'a> {
    fn new(harness: &'a Harness) -> Self {
        Self { harness, client: harness.client.clone() }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        self.client.request(method, self.harness.url(path)).header("tus-resumable", "1.0.0")
    }

    fn begin(&self, report: ReportId, role: &str, filename: &str) -> RequestBuilder {
        let encode = |text: &str| STANDARD.encode(text);
        let metadata = format!(
            "report_id {},role {},filename {}",
            encode(&report.to_string()),
            encode(role),
            encode(filename)
        );
        self.request("POST", FOLDER).header("upload-metadata", metadata)
    }

    /// Begins the upload of a video and returns its path.
    async fn video(&self, report: ReportId, length: usize) -> String {
        let begun = self.begin(report, "video", "a.mp4").header("upload-length", length);
        let begun = begun.send().await.unwrap();
        assert_eq!(begun.status(), 201);
        location(&begun)
    }

    fn patch(&self, path: &str, offset: usize) -> RequestBuilder {
        let request = self.request("PATCH", path).header("upload-offset", offset);
        request.header("content-type", "application/offset+octet-stream")
    }

    async fn offset(&self, path: &str) -> usize {
        let head = self.request("HEAD", path).send().await.unwrap();
        assert_eq!((head.status().as_u16(), header(&head, "cache-control")), (200, "no-store"));
        header(&head, "upload-offset").parse().unwrap()
    }
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn location(response: &Response) -> String {
    let location = header(response, "location").to_owned();
    assert!(location.starts_with(FOLDER), "{location}");
    location
}

async fn harness_with_draft() -> (Harness, ReportId) {
    let harness = Harness::new().await;
    let id = harness.draft(json!({})).await;
    (harness, id)
}

/// What was uploaded as the video, once it is handed in.
async fn handed_in(harness: &Harness, id: ReportId) -> Vec<u8> {
    assert_eq!(harness.hand_in(id).await.status(), 202);
    let original = harness.get(&format!("/api/v1/reports/{id}/original")).send().await.unwrap();
    original.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn options_tell_what_there_is() {
    let harness = Harness::new().await;
    let options = Tus::new(&harness).request("OPTIONS", FOLDER).send().await.unwrap();
    assert_eq!(options.status(), 204);
    assert_eq!(header(&options, "tus-version"), "1.0.0");
    assert_eq!(header(&options, "tus-max-size"), "100000");
    assert_eq!(header(&options, "tus-checksum-algorithm"), "sha1,sha256");
    let extensions: Vec<_> = header(&options, "tus-extension").split(',').collect();
    for extension in [
        "creation",
        "creation-with-upload",
        "creation-defer-length",
        "checksum",
        "termination",
        "expiration",
        "concatenation",
    ] {
        assert!(extensions.contains(&extension), "{extension}");
    }
}

#[tokio::test]
async fn a_file_arrives_in_pieces() {
    let (harness, id) = harness_with_draft().await;
    let tus = Tus::new(&harness);
    let path = tus.video(id, VIDEO.len()).await;
    let mut offset = 0;
    for piece in VIDEO.chunks(20) {
        let patched = tus.patch(&path, offset).body(piece.to_vec()).send().await.unwrap();
        offset += piece.len();
        assert_eq!(patched.status(), 204);
        assert_eq!(header(&patched, "tus-resumable"), "1.0.0");
        assert_eq!(header(&patched, "upload-offset"), offset.to_string());
        assert_eq!(header(&patched, "upload-expires").is_empty(), offset == VIDEO.len());
        assert_eq!(tus.offset(&path).await, offset);
    }
    assert_eq!(handed_in(&harness, id).await, VIDEO);
    let gone = tus.request("HEAD", &path).send().await.unwrap();
    assert_eq!(gone.status(), 404, "it belongs to the submission now");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let (harness, id) = harness_with_draft().await;
    let tus = Tus::new(&harness);
    let path = tus.video(id, VIDEO.len()).await;
    tus.patch(&path, 0).body(&VIDEO[..10]).send().await.unwrap();
    let piece = || VIDEO[10..].to_vec();
    let other_version = harness.client.head(harness.url(&path)).send().await.unwrap();
    assert_eq!(other_version.status(), 412);
    let odd = tus.request("PATCH", &path).header("upload-offset", "x");
    let odd = odd.header("content-type", "application/offset+octet-stream");
    for (request, status, code) in [
        (tus.patch(&path, 9).body(piece()), 409, "wrong_offset"),
        (tus.patch(&path, 11).body(piece()), 409, "wrong_offset"),
        (tus.request("PATCH", &path).header("upload-offset", 10), 415, "unsupported_type"),
        (odd, 400, "bad_request"),
        (tus.patch(&path, 10).header("upload-length", 7).body(piece()), 400, "bad_request"),
        (tus.patch(&path, 10).header("upload-checksum", "md4 x").body(piece()), 400, "bad_request"),
        (tus.patch(&path, 10).body([piece(), vec![0]].concat()), 400, "bad_upload"),
    ] {
        let refused = error_code(request.send().await.unwrap()).await;
        assert_eq!(refused, (status, code.to_owned()));
    }
    // What came before the surplus is kept: it is the end of the file.
    let offset = tus.offset(&path).await;
    let rest = tus.patch(&path, offset).body(VIDEO[offset..].to_vec()).send().await.unwrap();
    assert_eq!(rest.status(), 204);
    assert_eq!(handed_in(&harness, id).await, VIDEO);
}

#[tokio::test]
async fn what_is_not_wanted_is_refused_at_once() {
    let (harness, id) = harness_with_draft().await;
    let tus = Tus::new(&harness);
    let length = |role: &str, name: &str, length: usize| {
        tus.begin(id, role, name).header("upload-length", length)
    };
    let nowhere = tus.begin(ReportId::new(), "video", "a.mp4").header("upload-length", 1);
    for (request, status, code) in [
        (length("video", "a.mp4", 100_001), 413, "too_large"),
        (length("written", "a.txt", 1_001), 413, "written_too_large"),
        (length("written", "a.exe", 10), 415, "written_unsupported"),
        (length("video", "a.mp4", 0), 422, "empty_file"),
        (length("music", "a.mp4", 10), 400, "bad_request"),
        (tus.begin(id, "video", "a.mp4"), 400, "bad_request"),
        (tus.request("POST", FOLDER).header("upload-length", 10), 400, "bad_request"),
        (nowhere, 404, "not_found"),
    ] {
        let refused = error_code(request.send().await.unwrap()).await;
        assert_eq!(refused, (status, code.to_owned()));
    }
    harness.wait_until_empty().await;
    for (name, bytes) in [("a.docx", &b"PK\x03\x04 and so on"[..]), ("a.mp4", b"%PDF-1.7 ...")] {
        let refused = harness.upload(id, "video", name, bytes).await;
        assert_eq!(error_code(refused).await, (422, "not_media".into()));
    }
    harness.wait_until_empty().await;
}

#[tokio::test]
async fn a_length_may_be_told_later() {
    let (harness, id) = harness_with_draft().await;
    let tus = Tus::new(&harness);
    let begun = tus.begin(id, "video", "a.webm").header("upload-defer-length", 1);
    let path = location(&begun.send().await.unwrap());
    tus.patch(&path, 0).body(&VIDEO[..30]).send().await.unwrap();
    let head = tus.request("HEAD", &path).send().await.unwrap();
    assert_eq!((header(&head, "upload-defer-length"), header(&head, "upload-length")), ("1", ""));
    let rest = tus.patch(&path, 30).header("upload-length", VIDEO.len()).body(&VIDEO[30..]);
    assert_eq!(rest.send().await.unwrap().status(), 204);
    assert_eq!(handed_in(&harness, id).await, VIDEO);
}

#[tokio::test]
async fn bytes_with_another_checksum_are_not_taken() {
    let (harness, id) = harness_with_draft().await;
    let tus = Tus::new(&harness);
    let path = tus.video(id, VIDEO.len()).await;
    let sum = |bytes: &[u8]| format!("sha1 {}", STANDARD.encode(Sha1::digest(bytes)));
    let wrong = tus.patch(&path, 0).header("upload-checksum", sum(b"other")).body(VIDEO);
    let wrong = wrong.send().await.unwrap();
    assert_eq!(error_code(wrong).await, (460, "upload_checksum_mismatch".into()));
    assert_eq!(tus.offset(&path).await, 0);
    let right = tus.patch(&path, 0).header("upload-checksum", sum(VIDEO)).body(VIDEO);
    assert_eq!(right.send().await.unwrap().status(), 204);
    assert_eq!(handed_in(&harness, id).await, VIDEO);
}

#[tokio::test]
async fn parts_become_one_file() {
    let (harness, id) = harness_with_draft().await;
    let tus = Tus::new(&harness);
    let mut parts = Vec::new();
    for piece in [&VIDEO[..20], &VIDEO[20..]] {
        let begun = tus.request("POST", FOLDER).header("upload-concat", "partial");
        let begun = begun
            .header("upload-length", piece.len())
            .header("content-type", "application/offset+octet-stream")
            .body(piece.to_vec());
        parts.push(location(&begun.send().await.unwrap()));
    }
    let concat = format!("final;{}", parts.join(" "));
    let joined = tus.begin(id, "video", "a.mp4").header("upload-concat", &concat);
    let joined = joined.send().await.unwrap();
    assert_eq!(joined.status(), 201);
    let path = location(&joined);
    let head = tus.request("HEAD", &path).send().await.unwrap();
    assert_eq!(header(&head, "upload-concat"), concat);
    assert_eq!(header(&head, "upload-length"), VIDEO.len().to_string());
    let refused = tus.patch(&path, VIDEO.len()).body("more").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(handed_in(&harness, id).await, VIDEO);

    let unfinished = tus.request("POST", FOLDER).header("upload-concat", "partial");
    let unfinished = location(&unfinished.header("upload-length", 10).send().await.unwrap());
    let other = harness.draft(json!({})).await;
    let early = tus.begin(other, "video", "a.mp4");
    let early = early.header("upload-concat", format!("final;{unfinished}")).send().await.unwrap();
    assert_eq!(error_code(early).await, (400, "bad_request".into()));
}

#[tokio::test]
async fn a_newer_file_replaces_an_older_one() {
    let (harness, id) = harness_with_draft().await;
    let newer = [VIDEO, b" and more"].concat();
    harness.upload(id, "video", "一.mp4", VIDEO).await;
    harness.upload(id, "video", "二.mp4", &newer).await;
    let draft = harness.json(&format!("/api/v1/reports/{id}")).await;
    let uploads = draft["report"]["uploads"].as_array().unwrap();
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0]["filename"], "二.mp4");
    assert_eq!(handed_in(&harness, id).await, newer);
}

#[tokio::test]
async fn an_upload_is_given_up_at_any_time() {
    let (harness, id) = harness_with_draft().await;
    let tus = Tus::new(&harness);
    let begun = tus.video(id, VIDEO.len()).await;
    let half = tus.video(id, VIDEO.len()).await;
    tus.patch(&half, 0).body(&VIDEO[..10]).send().await.unwrap();
    let whole = location(&harness.upload(id, "video", "a.mp4", VIDEO).await);
    for path in [begun, half, whole] {
        let removed = tus.request("DELETE", &path).send().await.unwrap();
        assert_eq!(removed.status(), 204);
        assert_eq!(tus.request("HEAD", &path).send().await.unwrap().status(), 404);
    }
    harness.wait_until_empty().await;
    assert_eq!(error_code(harness.hand_in(id).await).await, (422, "missing_video".into()));
}

#[tokio::test]
async fn an_upload_is_its_owners_alone() {
    let (harness, id) = harness_with_draft().await;
    let path = Tus::new(&harness).video(id, VIDEO.len()).await;
    for (name, role) in [("other", Role::Activist), ("reviewer", Role::Reviewer)] {
        let (_, client) = harness.person(name, &[(role, BRANCH)]).await;
        let tus = Tus { harness: &harness, client };
        for request in [
            tus.request("HEAD", &path),
            tus.patch(&path, 0).body(VIDEO),
            tus.request("DELETE", &path),
            tus.begin(id, "video", "a.mp4").header("upload-length", 10),
        ] {
            assert_eq!(request.send().await.unwrap().status(), 404, "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_handed_in_takes_no_more_files() {
    let harness = Harness::new().await;
    let id = harness.submit().await;
    let refused = harness.upload(id, "video", "b.mp4", VIDEO).await;
    assert_eq!(error_code(refused).await, (409, "not_a_draft".into()));
}

/// A connection that has sent the beginning of a PATCH and stands still.
async fn stalled(
    harness: &Harness,
    path: &str,
    token: &str,
    first: &[u8],
) -> tokio::net::TcpStream {
    let mut socket = tokio::net::TcpStream::connect(harness.address).await.unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {token}\r\nTus-Resumable: 1.0.0\r\n\
         Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n\
         Content-Length: {}\r\n\r\n",
        harness.address,
        VIDEO.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(first).await.unwrap();
    socket
}

#[tokio::test]
async fn one_connection_writes_and_another_goes_on_when_it_is_gone() {
    let (harness, id) = harness_with_draft().await;
    let tus = Tus::new(&harness);
    let path = tus.video(id, VIDEO.len()).await;
    let first = async {
        loop {
            let socket = stalled(&harness, &path, &harness.bearer, &VIDEO[..30]).await;
            for _ in 0..50 {
                // At no offset of this file: it changes nothing, should it come before the first one. Then
                // it may have been what kept that one out.
                let answer = tus.patch(&path, 999).body("x").send().await.unwrap();
                if answer.status() == 423 {
                    return (socket, error_code(answer).await);
                }
                assert_eq!(answer.status(), 409);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    let (socket, locked) = tokio::time::timeout(PATIENCE, first).await.unwrap();
    assert_eq!(locked, (423, "upload_locked".into()));
    drop(socket);
    // Long before the claim would run out.
    let going_on = async {
        loop {
            let offset = tus.offset(&path).await;
            let rest = tus.patch(&path, offset).body(VIDEO[offset..].to_vec());
            let status = rest.send().await.unwrap().status();
            if status == 204 {
                return offset;
            }
            assert!([409, 423].contains(&status.as_u16()), "{status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let offset = tokio::time::timeout(WRITER_LEASE / 3, going_on).await.unwrap();
    assert_eq!(offset, 30, "what had arrived is kept");
    assert_eq!(handed_in(&harness, id).await, VIDEO);
}

#[tokio::test]
async fn a_connection_that_stands_still_is_ended_and_keeps_what_arrived() {
    let config = ApiConfig { upload_idle: Duration::from_millis(200), ..config() };
    let harness = Harness::with(config, Arc::new(())).await;
    let id = harness.draft(json!({})).await;
    let tus = Tus::new(&harness);
    let path = tus.video(id, VIDEO.len()).await;
    let mut socket = stalled(&harness, &path, &harness.bearer, &VIDEO[..30]).await;
    let mut answer = vec![0; 12];
    tokio::time::timeout(PATIENCE, socket.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"HTTP/1.1 400");
    assert_eq!(tus.offset(&path).await, 30);
}

#[tokio::test]
async fn nobody_keeps_more_than_their_quota() {
    let config = ApiConfig {
        max_person_bytes: Some(VIDEO.len() as u64 * 2 + 10),
        max_branch_bytes: Some(VIDEO.len() as u64 * 3),
        ..config()
    };
    let harness = Harness::with(config, Arc::new(())).await;
    harness.submit().await;
    let id = harness.draft(json!({})).await;
    assert_eq!(harness.upload(id, "video", "a.mp4", VIDEO).await.status(), 201);
    let more = harness.upload(id, "written", "a.txt", &[b'a'; 11]).await;
    assert_eq!(error_code(more).await, (413, "quota_exceeded".into()));
    assert_eq!(harness.upload(id, "written", "a.txt", &[b'a'; 10]).await.status(), 201);
    // Throwing a draft away makes room.
    let url = harness.url(&format!("/api/v1/reports/{id}"));
    assert_eq!(harness.client.delete(url).send().await.unwrap().status(), 204);
    let id = harness.draft(json!({})).await;
    assert_eq!(harness.upload(id, "video", "a.mp4", VIDEO).await.status(), 201);
    assert_eq!(harness.hand_in(id).await.status(), 202);
    // Another person of the branch: what is handed in counts for all.
    let harness_url = harness.url("/api/v1/reports");
    let (_, other) = harness.person("other", &[(Role::Activist, BRANCH)]).await;
    let begun: Value =
        other.post(harness_url).json(&json!({})).send().await.unwrap().json().await.unwrap();
    let metadata = format!(
        "report_id {},role {},filename {}",
        STANDARD.encode(begun["id"].as_str().unwrap()),
        STANDARD.encode("video"),
        STANDARD.encode("b.mp4")
    );
    let upload = other
        .post(harness.url("/api/v1/uploads/"))
        .header("tus-resumable", "1.0.0")
        .header("upload-length", VIDEO.len() + 1)
        .header("upload-metadata", metadata);
    let refused = upload.send().await.unwrap();
    assert_eq!(error_code(refused).await, (413, "quota_exceeded".into()));
}
