//! `huibao process` on good input.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::media::{ffmpeg, probe_video, sample, short};
use crate::support::text::character_error_rate;
use crate::support::{assert_valid_bags, fixture, huibao, names, only_object, process, tool};

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn the_sample_becomes_a_valid_archive() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let video = sample();
    let written = fixture("report-zh.txt");
    let (code, json) = process(&video, &out, &["--written", written.to_str().unwrap()]);
    assert_eq!(code, 0, "{json}");

    let media = &json["media"];
    assert_eq!((media["width"].as_u64(), media["height"].as_u64()), (Some(720), Some(1280)));
    assert_eq!(media["rotation_degrees"], 90);
    assert_eq!((text(&media["video_codec"]), text(&media["audio_codec"])), ("h264", "aac"));
    assert_eq!(media["remuxed"], false, "the rotation must be baked in");
    assert!((media["duration_seconds"].as_f64().unwrap() - 85.0).abs() < 1.0, "{media}");

    let transcript = &json["transcript"];
    assert_eq!((text(&transcript["language"]), &transcript["no_speech"]), ("zh", &false.into()));
    let said = std::fs::read_to_string(written).unwrap();
    let rate = character_error_rate(&said, text(&transcript["text"]));
    // 0.11 without the written report, which says what is said.
    assert!(rate <= 0.07, "character error rate {rate}: {transcript}");
    let segments = transcript["segments"].as_array().unwrap();
    let words = segments.iter().flat_map(|segment| segment["words"].as_array().unwrap());
    let taken: Vec<&Value> = words.filter(|word| word.get("scores").is_some()).collect();
    assert!(taken.len() > 5, "words of the written report: {taken:?}");
    assert!(taken.iter().all(|word| word["heard"] != word["text"]), "{taken:?}");
    let starts: Vec<f64> = segments.iter().map(|s| s["start"].as_f64().unwrap()).collect();
    assert!(starts.is_sorted(), "{starts:?}");

    let bag = Path::new(text(&json["bag"]));
    assert_eq!(names(&out), [text(&json["report"]["id"])], "nothing but the bag");
    assert_eq!(assert_valid_bags(bag), 1);
    assert_eq!(
        names(&bag.join("data")),
        [
            "comparison.json",
            "original.mp4",
            "poster.jpg",
            "rendition.mp4",
            "transcript-raw.json",
            "transcript.json",
            "transcript.srt",
            "transcript.txt",
            "transcript.vtt",
            "written-text.txt",
            "written.txt"
        ]
    );
    assert_compared(&bag.join("data"));
    let original = std::fs::read(bag.join("data/original.mp4")).unwrap();
    assert!(original == std::fs::read(&video).unwrap(), "the original is as given");
    let rendition = bag.join("data/rendition.mp4");
    assert_eq!(probe_video(&rendition, "width,height,pix_fmt"), "720,1280,yuv420p");
    assert_covered(&bag.join("data/transcript.json"));
}

/// The comparison in a bag has all of the written report, most of which was said.
fn assert_compared(data: &Path) {
    let json = std::fs::read_to_string(data.join("comparison.json")).unwrap();
    let comparison: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&comparison["format"], &comparison["transcript_version"]), (&json!(1), &json!(2)));
    let passages = comparison["written"].as_array().unwrap();
    let joined: String = passages.iter().map(|passage| text(&passage["text"])).collect();
    assert_eq!(joined, std::fs::read_to_string(data.join("written-text.txt")).unwrap());
    let same = passages.iter().filter(|passage| passage["agreement"] == "same");
    let same: usize = same.map(|passage| text(&passage["text"]).len()).sum();
    assert!(same * 10 > joined.len() * 8, "{json}");
}

#[test]
fn older_documents_and_photographed_pages_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (out, wps) = (folder.path().join("out"), folder.path().join("汇报.wps"));
    let video = short(folder.path(), 4);
    // What WPS writes is what Word wrote.
    std::fs::copy(fixture("written/report.doc"), &wps).unwrap();
    let photo = fixture("written/rotated.heic");
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (rtf, photo, wps) = (path(&fixture("written/report.rtf")), path(&photo), path(&wps));
    let said = |out: &str, flags: &[&str]| {
        let (code, json) = process(&video, &folder.path().join(out), flags);
        assert_eq!(code, 0, "{json}");
        let data = Path::new(text(&json["bag"])).join("data");
        (std::fs::read_to_string(data.join("written-text.txt")).unwrap(), data)
    };
    let flags = ["--written", &photo, "--written", &wps, "--written", &photo];
    let (written, data) = said("out", &flags);
    assert!(written.starts_with("思想汇报\n敬爱的党组织："), "{written}");
    assert_eq!(assert_valid_bags(&out), 1);
    let pages: Vec<_> = names(&data).into_iter().filter(|name| name.starts_with("page")).collect();
    assert_eq!(pages, ["page-1-original.heic", "page-1.jpg", "page-2-original.heic", "page-2.jpg"]);
    assert_eq!(probe_video(&data.join("page-1.jpg"), "width,height"), "480,640");
    assert_eq!(said("rtf", &["--written", &rtf]).0, written);

    let output = huibao()
        .args(["process", "--json", "--written", &wps, "--out"])
        .arg(folder.path().join("off"))
        .arg(&video)
        .env("HUIBAO_LIBREOFFICE", "off")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(65));
    assert_eq!(only_object(&output)["error"]["code"], "written_old_format");
    let (code, json) = process(&video, &out, &["--written", &wps, "--written", &rtf]);
    assert_eq!((code, text(&json["error"]["code"])), (2, "usage"), "{json}");
}

/// Every stretch of speech of two seconds or more has text.
fn assert_covered(transcript: &Path) {
    let json: Value = serde_json::from_slice(&std::fs::read(transcript).unwrap()).unwrap();
    let span = |v: &Value| (v["start_ms"].as_u64().unwrap(), v["end_ms"].as_u64().unwrap());
    let texts: Vec<_> = json["segments"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|segment| !text(&segment["text"]).is_empty())
        .map(span)
        .collect();
    let speech = json["speech"].as_array().unwrap();
    assert!(!speech.is_empty());
    for (start, end) in speech.iter().map(span).filter(|(start, end)| end - start >= 2000) {
        assert!(
            texts.iter().any(|&(from, to)| from < end && to > start),
            "no text for {start}..{end} ms in {texts:?}"
        );
    }
}

#[test]
fn a_web_playable_video_is_remuxed_and_silence_is_a_success() {
    let folder = tempfile::tempdir().unwrap();
    let video = folder.path().join("silence.mp4");
    ffmpeg(
        &video,
        "-f lavfi -i testsrc2=s=640x360:r=25:d=3 -f lavfi -i anullsrc=r=48000:cl=mono",
        "-shortest -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac",
    );
    let (code, json) = process(&video, &folder.path().join("out"), &[]);
    assert_eq!(code, 0, "{json}");
    assert_eq!(json["media"]["remuxed"], true);
    assert_eq!(json["transcript"]["no_speech"], true);
    assert_eq!(json["transcript"]["segments"], Value::Array(vec![]));
    assert_eq!(assert_valid_bags(Path::new(text(&json["bag"]))), 1);
}

#[test]
fn the_glossary_and_what_is_known_put_right_what_sounds_like_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script.json");
    std::fs::write(&script, r#"{"engine": "scripted", "text": "我是司徒家和在计算机学苑读书"}"#)
        .unwrap();
    let glossary = folder.path().join("words.txt");
    std::fs::write(&glossary, "# 学院\n计算机学院\n").unwrap();
    let run = |glossary: &Path| {
        let output = huibao()
            .args(["process", "--json", "--speaker", "司徒嘉禾", "--out"])
            .arg(folder.path().join("out"))
            .arg(short(folder.path(), 3))
            .env("HUIBAO_MODEL", &script)
            .env("HUIBAO_GLOSSARY", glossary)
            .output()
            .unwrap();
        (output.status.code(), only_object(&output))
    };
    let (code, json) = run(&glossary);
    assert_eq!(code, Some(0), "{json}");
    assert_eq!(text(&json["transcript"]["text"]), "我是司徒嘉禾在计算机学院读书。");
    let bag = Path::new(text(&json["bag"]));
    let raw = std::fs::read_to_string(bag.join("data/transcript-raw.json")).unwrap();
    assert!(raw.contains("计算机学苑"), "{raw}");

    let (code, json) = run(&folder.path().join("none.txt"));
    assert_eq!(code, Some(2), "{json}");
    assert!(text(&json["error"]["message"]).contains("glossary"), "{json}");
}

#[test]
fn a_person_reads_the_text_and_where_the_archive_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = huibao()
        .args(["--lang", "zh", "process", "--out"])
        .arg(folder.path().join("out"))
        .arg(short(folder.path(), 8))
        .output()
        .unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && answer.contains("党") && answer.contains("归档："),
        "{answer}"
    );
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_stop_signal_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let child = huibao()
        .args(["process", "--json", "--out"])
        .arg(&out)
        .arg(sample())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Wait until the pipeline has begun, which shows in its working folder.
    while !names(&out).iter().any(|name| out.join(name).join("tmp").exists()) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    tool("kill", &["-INT", &child.id().to_string()]);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(75));
    assert_eq!(only_object(&output)["error"]["code"], "interrupted");
    assert!(names(&out).is_empty(), "{:?}", names(&out));
}
