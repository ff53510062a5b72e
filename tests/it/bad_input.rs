//! Bad input: each kind gets its code, and nothing is left behind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::media::{ffmpeg, short};
use crate::support::{fixture, names, process};

const PICTURE: &str = "-f lavfi -i testsrc2=s=320x240:r=25:d=4";
const TONE: &str = "-f lavfi -i sine=frequency=440:d=4";
const ENCODE: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -shortest";

/// Runs a bad file through the pipeline.
fn assert_refused(folder: &Path, video: &Path, more: &[&str], code: &str) {
    let out = folder.join("out");
    let (exit, json) = process(video, &out, more);
    assert_eq!(json["error"]["code"], code, "{json}");
    assert_eq!(exit, 65, "{json}");
    assert!(!json["error"]["message"].as_str().unwrap().is_empty());
    assert!(names(&out).is_empty(), "left behind: {:?}", names(&out));
}

fn made(folder: &Path, name: &str, inputs: &str, options: &str) -> PathBuf {
    let path = folder.join(name);
    ffmpeg(&path, inputs, options);
    path
}

fn written_bytes(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn text_and_nothing_are_no_media() {
    let folder = tempfile::tempdir().unwrap();
    let text = written_bytes(folder.path(), "text.mp4", "敬爱的党组织：\n".repeat(500));
    assert_refused(folder.path(), &text, &[], "not_media");
    let empty = written_bytes(folder.path(), "empty.mp4", "");
    assert_refused(folder.path(), &empty, &[], "not_media");
}

#[test]
fn a_track_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let silent = made(folder.path(), "silent.mp4", PICTURE, ENCODE);
    assert_refused(folder.path(), &silent, &[], "no_audio_track");
    let blind = made(folder.path(), "blind.m4a", TONE, "-c:a aac");
    assert_refused(folder.path(), &blind, &[], "no_video_track");
}

#[test]
fn files_cut_off_in_the_middle_are_truncated() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = format!("{PICTURE} {TONE}");
    for (name, options) in [
        ("index-last.mp4", ENCODE.to_owned()),
        ("index-first.mp4", format!("{ENCODE} -movflags +faststart")),
    ] {
        let whole = made(folder.path(), name, &inputs, &options);
        let bytes = fs::read(&whole).unwrap();
        let cut = written_bytes(folder.path(), &format!("cut-{name}"), &bytes[..bytes.len() / 2]);
        assert_refused(folder.path(), &cut, &[], "truncated");
    }
}

#[test]
fn huge_pictures_and_long_videos_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let huge = made(
        folder.path(),
        "huge.mov",
        "-f lavfi -i color=s=10000x10000:r=1:d=1 -f lavfi -i sine=d=1",
        "-c:v mjpeg -pix_fmt yuvj420p -c:a aac",
    );
    assert_refused(folder.path(), &huge, &[], "too_large");

    let config = written_bytes(folder.path(), "short.toml", "max_duration_seconds = 2");
    let long = made(folder.path(), "long.mp4", &format!("{PICTURE} {TONE}"), ENCODE);
    assert_refused(folder.path(), &long, &["--config", config.to_str().unwrap()], "too_long");
}

#[test]
fn a_header_that_lies_about_the_duration_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let video = short(folder.path(), 6);
    let mut bytes = fs::read(&video).unwrap();
    // The movie header's version 0: type, flags, two times, timescale, duration.
    let mvhd = bytes.windows(4).position(|window| window == b"mvhd").unwrap();
    bytes[mvhd + 20..mvhd + 24].copy_from_slice(&u32::MAX.to_be_bytes());
    let liar = written_bytes(folder.path(), "liar.mp4", bytes);
    let (exit, json) = process(&liar, &folder.path().join("out"), &[]);
    assert_eq!(exit, 0, "{json}");
    assert!((json["media"]["duration_seconds"].as_f64().unwrap() - 6.0).abs() < 0.2, "{json}");
}

#[test]
fn bad_written_reports_are_refused_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let video = short(folder.path(), 3);
    let broken = written_bytes(folder.path(), "broken.docx", b"PK\x03\x04 and then nothing of use");
    let bomb = folder.path().join("bomb.docx");
    zip_bomb(&bomb);
    let cases = [
        (fixture("written/encrypted.pdf"), "written_encrypted"),
        (broken, "written_broken"),
        (bomb, "written_too_large"),
        (written_bytes(folder.path(), "program.exe", b"MZ\x90\x00\x03"), "written_unsupported"),
    ];
    for (written, code) in cases {
        assert_refused(folder.path(), &video, &["--written", written.to_str().unwrap()], code);
    }
}

/// A document whose text unpacks to a gigabyte.
fn zip_bomb(path: &Path) {
    const PROGRAM: &str = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:
    z.writestr('[Content_Types].xml', '<Types/>')
    with z.open('word/document.xml', 'w', force_zip64=True) as f:
        f.write(b'<w:document><w:body><w:p><w:r><w:t>')
        for _ in range(1024): f.write(b' ' * (1 << 20))
";
    crate::support::tool("python3", &["-c", PROGRAM, path.to_str().unwrap()]);
}
