//! Downloads: ranges, conditions, dispositions, transcripts.

use huibao_models::domain::pipeline::Stage;
use reqwest::Response;

use crate::harness::{Harness, VIDEO, error_code};

async fn harness_with_rendition() -> (Harness, String) {
    let harness = Harness::new().await;
    let path = format!("/api/v1/reports/{}", harness.submit().await);
    harness.work(Stage::Ingest).await;
    harness.work(Stage::Transcode).await;
    (harness, path)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn ranges_are_served() {
    let (harness, path) = harness_with_rendition().await;
    let video = || harness.get(&format!("{path}/video"));
    let whole = video().send().await.unwrap();
    assert_eq!(whole.status(), 200);
    assert_eq!(header(&whole, "content-type"), "video/mp4");
    assert_eq!(header(&whole, "accept-ranges"), "bytes");
    assert_eq!(header(&whole, "cache-control"), "private");
    assert_eq!(header(&whole, "content-disposition"), "inline; filename*=UTF-8''rendition.mp4");
    let etag = header(&whole, "etag").to_owned();
    assert_eq!(whole.bytes().await.unwrap(), VIDEO);

    let size = VIDEO.len();
    for (range, bytes, place) in [
        ("bytes=2-4", &VIDEO[2..=4], format!("bytes 2-4/{size}")),
        ("bytes=5-", &VIDEO[5..], format!("bytes 5-{}/{size}", size - 1)),
        ("bytes=-3", &VIDEO[size - 3..], format!("bytes {}-{}/{size}", size - 3, size - 1)),
    ] {
        let part = video().header("range", range).header("if-range", &etag).send().await.unwrap();
        assert_eq!(part.status(), 206, "{range}");
        assert_eq!(header(&part, "content-range"), place);
        assert_eq!(header(&part, "content-length"), bytes.len().to_string());
        assert_eq!(part.bytes().await.unwrap(), bytes);
    }
    let stale = video().header("range", "bytes=0-1").header("if-range", "\"old\"");
    assert_eq!(stale.send().await.unwrap().status(), 200);
    let held = video().header("if-none-match", &etag).send().await.unwrap();
    assert_eq!(held.status(), 304);
    let outside = video().header("range", "bytes=999-").send().await.unwrap();
    assert_eq!(header(&outside, "content-range"), format!("bytes */{size}"));
    assert_eq!(error_code(outside).await, (416, "range_not_satisfiable".into()));
}

#[tokio::test]
async fn head_tells_the_size_without_the_bytes() {
    let (harness, path) = harness_with_rendition().await;
    let url = format!("http://{}{path}/video", harness.address);
    let head = harness.client.head(url).header("range", "bytes=0-1").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(header(&head, "content-length"), VIDEO.len().to_string());
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn files_of_users_are_saved_and_never_shown() {
    let (harness, path) = harness_with_rendition().await;
    let original = harness.get(&format!("{path}/original")).send().await.unwrap();
    assert_eq!(
        header(&original, "content-disposition"),
        "attachment; filename*=UTF-8''%E6%B1%87%E6%8A%A5.mp4"
    );
    assert_eq!(header(&original, "x-content-type-options"), "nosniff");
    let poster = harness.get(&format!("{path}/poster")).send().await.unwrap();
    assert_eq!(header(&poster, "content-type"), "image/jpeg");
    let written = harness.get(&format!("{path}/written")).send().await.unwrap();
    assert_eq!(error_code(written).await, (404, "not_ready".into()));
}

#[tokio::test]
async fn the_transcript_comes_in_four_formats() {
    let (harness, path) = harness_with_rendition().await;
    let early = harness.get(&format!("{path}/transcript.vtt")).send().await.unwrap();
    assert_eq!(error_code(early).await, (404, "not_ready".into()));
    harness.work(Stage::Transcribe).await;
    for (ending, content_type, start) in [
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.250 --> 00:00:01.900\n敬爱"),
        ("srt", "text/plain; charset=utf-8", "1\n00:00:00,250 --> 00:00:01,900\n敬爱"),
        ("txt", "text/plain; charset=utf-8", "敬爱的党组织。\n"),
        ("json", "application/json", "{\n  \"language\": \"zh\""),
    ] {
        let response = harness.get(&format!("{path}/transcript.{ending}")).send().await.unwrap();
        assert_eq!(header(&response, "content-type"), content_type);
        assert_eq!(
            header(&response, "content-disposition"),
            format!("attachment; filename*=UTF-8''transcript.{ending}")
        );
        assert!(response.text().await.unwrap().starts_with(start), "{ending}");
    }
}
