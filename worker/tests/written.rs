//! Written reports as people hand them in.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::submission::WrittenContent;
use huibao_worker::written::{WrittenError, WrittenLimits, extract};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const PARAGRAPHS: [&str; 3] = [
    "敬爱的党组织：",
    "这个月我参加了社区的志愿服务，帮助老人学习使用手机挂号。刚开始我有些着急，后来明白耐心比速度更重要。",
    "在学习方面，我读完了《乡土中国》，对基层治理有了更具体的认识。今后我会把学习和实践结合起来，请组织继续监督。",
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/written").join(name)
}

fn read(name: &str) -> Result<WrittenContent, WrittenError> {
    extract(&fixture(name), name, &WrittenLimits::default())
}

fn read_bytes(bytes: &[u8], name: &str, limits: &WrittenLimits) -> Result<String, FailureCode> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    extract(file.path(), name, limits)
        .map(|content| content.text)
        .map_err(|error| Failure::from(error).code)
}

fn code_of(bytes: &[u8], name: &str) -> FailureCode {
    read_bytes(bytes, name, &WrittenLimits::default()).unwrap_err()
}

fn with_title(rest: &str) -> String {
    format!("思想汇报\n{}{rest}", PARAGRAPHS.join("\n"))
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn every_format_gives_the_same_paragraphs() {
    let docx = with_title("\n汇报人：\t李晓雨\n二〇二四年六月\n活动\t时长\n社区服务\t六小时");
    assert_eq!(read("report.docx").unwrap().text, docx);
    let odt = with_title("\n汇报人：\t李晓雨  签名\n二〇二四年六月");
    assert_eq!(read("report.odt").unwrap().text, odt);
    for pdf in ["report.pdf", "owner_only.pdf"] {
        assert_eq!(read(pdf).unwrap().text, with_title("\n汇报人：李晓雨"), "{pdf}");
    }
    assert_eq!(read("report_gbk.txt").unwrap().text, with_title(""));
    assert_eq!(read("report_utf8.md").unwrap().text, format!("# {}", with_title("")));
}

#[test]
fn a_scan_has_no_text_layer() {
    let scan = read("scanned.pdf").unwrap();
    assert_eq!(scan, WrittenContent { text: String::new(), no_text_layer: true });
    assert!(!read("report.pdf").unwrap().no_text_layer);
}

#[test]
fn passwords_are_told() {
    assert!(matches!(read("encrypted.pdf"), Err(WrittenError::Encrypted)));
    let manifest = b"<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>";
    let odt = zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", manifest),
        ("content.xml", &[0x8f; 64]),
    ]);
    assert_eq!(code_of(&odt, "a.odt"), FailureCode::WrittenEncrypted);
}

#[test]
fn damaged_files_are_told() {
    for name in ["report.docx", "report.odt", "report.pdf"] {
        let whole = fs::read(fixture(name)).unwrap();
        for share in [2, 10, 50, 90] {
            let cut = &whole[..whole.len() * share / 100];
            assert_eq!(code_of(cut, name), FailureCode::WrittenBroken, "{share} % of {name}");
        }
    }
    for name in ["a.docx", "a.odt", "a.pdf"] {
        assert_eq!(code_of(b"PK not a zip", name), FailureCode::WrittenBroken, "{name}");
        assert_eq!(code_of(b"", name), FailureCode::WrittenBroken, "{name}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    for name in ["report.docx", "report.odt", "report.pdf"] {
        let whole = fs::read(fixture(name)).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 60) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            let _ = read_bytes(&bytes, name, &WrittenLimits::default());
        }
    }
}

#[test]
fn other_formats_are_told() {
    let cases: [(&[u8], &str); 4] = [
        (b"MZ\x90\0\x03\0\0\0", "a.txt"),
        (b"text", "a.pages"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.md"),
        (&zipped(&[("readme", b"hello")]), "a.zip"),
    ];
    for (bytes, name) in cases {
        assert_eq!(code_of(bytes, name), FailureCode::WrittenUnsupported, "{name}");
    }
}

#[test]
fn older_formats_have_to_be_converted_whatever_their_names() {
    for (file, name) in [("report.doc", "a.wps"), ("report.doc", "a.docx"), ("report.rtf", "a.doc")]
    {
        let bytes = fs::read(fixture(file)).unwrap();
        assert_eq!(code_of(&bytes, name), FailureCode::WrittenOldFormat, "{file} as {name}");
    }
    let cut = &fs::read(fixture("report.doc")).unwrap()[..700];
    assert_eq!(code_of(cut, "a.doc"), FailureCode::WrittenBroken);
}

#[test]
fn a_zip_bomb_stops_at_the_limit() {
    let relations = br#"<Relationships><Relationship Type="x/officeDocument" Target="word/document.xml"/></Relationships>"#;
    let bomb = zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", relations),
        ("word/document.xml", &vec![b' '; 8 << 20]),
    ]);
    assert!(bomb.len() < 64 << 10);
    let limits = WrittenLimits { max_unpacked_bytes: 1 << 20, ..WrittenLimits::default() };
    assert_eq!(read_bytes(&bomb, "a.docx", &limits), Err(FailureCode::WrittenTooLarge));
}

#[test]
fn limits_are_inclusive() {
    let limits = WrittenLimits { max_file_bytes: 6, max_text_chars: 2, ..WrittenLimits::default() };
    assert_eq!(read_bytes("汇报".as_bytes(), "a.txt", &limits).as_deref(), Ok("汇报"));
    assert_eq!(read_bytes(b"abc", "a.txt", &limits), Err(FailureCode::WrittenTooLarge));
    assert_eq!(read_bytes(b"a      ", "a.txt", &limits), Err(FailureCode::WrittenTooLarge));
    assert_eq!(read_bytes(b"", "a.txt", &limits).as_deref(), Ok(""));
}
