//! Exports of a report and of a round, made by a real worker with the real LibreOffice, and read back.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use calamine::{Reader, Xlsx};
use huibao_worker::written::{WrittenLimits, extract};
use pdf_extract::{Document, Object};
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::support::media::short;
use crate::support::server::{BRANCH, Server};

const SAID: &str = "敬爱的党组织";
const WRITTEN: &str = "我志愿加入中国共产党。";

/// Longer than an export takes.
const PATIENCE: Duration = Duration::from_mins(3);

/// A server whose recogniser hears the same in everything, with a round, and a report for it that a reviewer has
/// accepted.
struct Desk {
    server: Server,
    folder: tempfile::TempDir,
    reviewer: String,
    report: String,
    round: String,
}

impl Desk {
    fn open(env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("one.json");
        std::fs::write(&model, json!({ "engine": "scripted", "text": SAID }).to_string()).unwrap();
        let model = [("HUIBAO_MODEL", model.to_str().unwrap())];
        let server = Server::start(&folder.path().join("data"), &[&model, env].concat());
        let role = ["--role", "reviewer", "--branch", BRANCH, "--display-name", "王老师"];
        server.command(&[&["user", "add", "wang"], &role[..]].concat(), "");
        let reviewer =
            server.command(&["token", "create", "wang", "--quiet"], "").trim().to_owned();
        let mut desk =
            Self { server, folder, reviewer, report: String::new(), round: String::new() };
        let round = json!({
            "branch": BRANCH, "title": "第四季度/轮次", "period": "2026Q4",
            "deadline": "2099-01-01T00:00:00Z",
        });
        let opened = desk.ask("rounds", &round);
        desk.round = opened["round"]["id"].as_str().unwrap().into();
        desk.report = desk.hand_in();
        desk
    }

    /// Posts something as the reviewer.
    fn ask(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/v1/{path}", self.server.url);
        let client = Client::builder().no_proxy().build().unwrap();
        let answer = client.post(url).bearer_auth(&self.reviewer).json(body).send().unwrap();
        answer.error_for_status().unwrap().json().unwrap()
    }

    fn fetch(&self, path: &str) -> reqwest::blocking::Response {
        let client = Client::builder().no_proxy().build().unwrap();
        let url = format!("{}{path}", self.server.url);
        client.get(url).bearer_auth(&self.reviewer).send().unwrap().error_for_status().unwrap()
    }

    /// Hands in a report for the round, with a photo beside it or a text, and has it accepted.
    fn hand_in(&self) -> String {
        let fields = json!({
            "title": "第四季度<思想>汇报", "speaker": "李晓明", "kind": "study", "round": self.round,
            "written_text": WRITTEN,
        });
        let (status, answer) =
            self.server.upload_with(&fields, &short(self.folder.path(), 4), None);
        assert_eq!(status, 202, "{answer}");
        let id = answer["report"]["id"].as_str().unwrap().to_owned();
        let report = self.server.wait(&id, |report| report["state"] == "ready");
        let version = &report["transcript"]["version"];
        let private = json!({ "text": "仅审阅人可见的批注", "shared": false });
        self.ask(&format!("reports/{id}/comments"), &private);
        let accept =
            json!({ "verdict": "accept", "reasons": "同意。", "transcript_version": version });
        self.ask(&format!("reports/{id}/decisions"), &accept);
        // The archive is made anew.
        self.server.wait(&id, |report| {
            report["stages"].as_array().unwrap().iter().all(|stage| stage["state"] == "done")
        });
        id
    }

    /// Asks for an export and waits for its end.
    fn export(&self, of: &str, format: &str) -> Value {
        let asked = self.ask(&format!("{of}/exports"), &json!({ "format": format }));
        let (path, start) =
            (format!("/api/v1/exports/{}", asked["id"].as_str().unwrap()), Instant::now());
        loop {
            let export: Value = self.fetch(&path).json().unwrap();
            if export["state"] == "done" || export["state"] == "dead" {
                return export;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain: {export}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The file of an export, and its name.
    fn made(&self, of: &str, format: &str) -> (String, Vec<u8>) {
        let export = self.export(of, format);
        assert_eq!((&export["state"], &export["error"]), (&json!("done"), &Value::Null));
        let file = &export["file"];
        let bytes = self.fetch(file["url"].as_str().unwrap()).bytes().unwrap().to_vec();
        assert_eq!(file["size_bytes"], bytes.len());
        (file["name"].as_str().unwrap().to_owned(), bytes)
    }

    /// What Huibao reads in a document.
    fn text(&self, name: &str, bytes: &[u8]) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        extract(&path, name, &WrittenLimits::default()).unwrap().text
    }
}

/// What is in a report's document, however it is laid out.
fn assert_complete(text: &str) {
    let text: String = text.split_whitespace().collect();
    for expected in [
        "思想汇报",
        "第四季度<思想>汇报",
        "李晓明",
        "学习体会",
        "2026年第4季度",
        WRITTEN,
        SAID,
        "由机器识别，未经人工更正",
        "通过",
        "同意。",
        "王老师",
        "SHA-256",
        "视频原件",
        "tagmanifest-sha256.txt",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("批注"), "comments are not in it");
}

/// Keeps what was made in the folder that `HUIBAO_TEST_KEEP_EXPORTS` names, for people to look at.
fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("HUIBAO_TEST_KEEP_EXPORTS") {
        std::fs::write(Path::new(&folder).join(name), bytes).unwrap();
    }
}

#[test]
fn a_report_becomes_a_document_and_a_pdf() {
    let desk = Desk::open(&[]);
    let of = format!("reports/{}", desk.report);
    let (name, docx) = desk.made(&of, "docx");
    keep("report.docx", &docx);
    assert!(name.ends_with("_第四季度-思想-汇报.docx"), "{name}");
    assert_complete(&desk.text("made.docx", &docx));

    let (name, pdf) = desk.made(&of, "pdf");
    keep("report.pdf", &pdf);
    assert_eq!(name.rsplit('.').next(), Some("pdf"));
    let text = desk.text("made.pdf", &pdf);
    assert_complete(&text);
    let text: String = text.split_whitespace().collect();
    assert!(text.contains("由王老师于") && text.contains("第1页"), "{text}");
    assert_printable(&pdf);
}

/// A4, several pages, and all fonts are embedded.
fn assert_printable(pdf: &[u8]) {
    let document = Document::load_mem(pdf).unwrap();
    let pages = document.get_pages();
    assert!(pages.len() >= 3, "{}", pages.len());
    let mut fonts = 0;
    for page in pages.into_values() {
        let size = media_box(&document, page);
        assert!((size[2] - 595.3).abs() < 1.0 && (size[3] - 841.9).abs() < 1.0, "{size:?}");
        for font in document.get_page_fonts(page).unwrap().into_values() {
            fonts += 1;
            let descendants = font.get(b"DescendantFonts").and_then(|it| resolved(&document, it));
            let font = match descendants.and_then(Object::as_array) {
                Ok(list) => resolved(&document, &list[0]).unwrap().as_dict().unwrap(),
                Err(_) => font,
            };
            let described = resolved(&document, font.get(b"FontDescriptor").unwrap()).unwrap();
            let described = described.as_dict().unwrap();
            let embedded =
                [&b"FontFile"[..], b"FontFile2", b"FontFile3"].iter().any(|key| described.has(key));
            assert!(embedded, "{described:?}");
        }
    }
    assert!(fonts > 0);
}

fn resolved<'a>(
    document: &'a Document,
    object: &'a Object,
) -> Result<&'a Object, pdf_extract::Error> {
    document.dereference(object).map(|(_, object)| object)
}

/// The size of a page, which it may have from those above it.
fn media_box(document: &Document, page: pdf_extract::ObjectId) -> Vec<f32> {
    let mut node = document.get_dictionary(page).unwrap();
    loop {
        if let Ok(size) = node.get(b"MediaBox") {
            let size = resolved(document, size).unwrap().as_array().unwrap();
            return size.iter().map(|number| number.as_float().unwrap()).collect();
        }
        let parent = node.get(b"Parent").and_then(|it| resolved(document, it)).unwrap();
        node = parent.as_dict().unwrap();
    }
}

#[test]
fn a_round_becomes_a_sheet_and_an_archive() {
    let desk = Desk::open(&[]);
    let of = format!("rounds/{}", desk.round);
    let (name, sheet) = desk.made(&of, "table");
    keep("table.xlsx", &sheet);
    assert_eq!(name, "第四季度-轮次_名单.xlsx");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&sheet)).unwrap();
    let rows = book.worksheet_range("名单").unwrap();
    let rows: Vec<Vec<String>> =
        rows.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!((rows[1][3].as_str(), rows[1][4].as_str()), ("已交", "否"));
    assert_eq!((rows[1][10].as_str(), rows[1][11].as_str()), ("通过", "王老师"));

    let (name, archive) = desk.made(&of, "archive");
    keep("round.zip", &archive);
    assert_eq!(name, "第四季度-轮次_全部材料.zip");
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[0], "名单.xlsx");
    assert!(names[1].starts_with("汇报/") && names[1].ends_with("_第四季度-思想-汇报.docx"));
    let mut docx = Vec::new();
    archive.by_name(&names[1]).unwrap().read_to_end(&mut docx).unwrap();
    assert_complete(&desk.text("packed.docx", &docx));
}

#[test]
fn without_libreoffice_there_are_documents_and_a_reason_why_there_is_no_pdf() {
    let desk = Desk::open(&[("HUIBAO_LIBREOFFICE", "off")]);
    let of = format!("reports/{}", desk.report);
    let failed = desk.export(&of, "pdf");
    assert_eq!(failed["state"], "dead");
    assert_eq!(failed["error"]["code"], "pdf_converter_missing");
    assert_complete(&desk.text("made.docx", &desk.made(&of, "docx").1));
}
