//! Downloads: ranges, conditions, dispositions, transcripts.

use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::upload::MAX_PAGES;
use reqwest::Response;
use serde_json::{Value, json};

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
async fn photographed_pages_stand_in_the_order_in_which_they_were_sent() {
    let harness = Harness::new().await;
    let id = harness.draft(json!({})).await;
    let path = format!("/api/v1/reports/{id}");
    for (role, name) in [("video", "a.mp4"), ("written", "第二.JPG"), ("page", "1.heic")] {
        assert_eq!(harness.upload(id, role, name, VIDEO).await.status(), 201, "{name}");
    }
    let refused = harness.upload(id, "page", "a.docx", VIDEO).await;
    assert_eq!(error_code(refused).await, (415, "written_unsupported".into()));
    let refused = harness.upload(id, "written", "a.png", b"no picture").await;
    assert_eq!(error_code(refused).await, (415, "written_unsupported".into()));
    // Of what was refused with its first bytes, nothing stays.
    let uploads = harness.json(&path).await["report"]["uploads"].clone();
    let roles: Vec<_> = uploads.as_array().unwrap().iter().map(|one| &one["role"]).collect();
    assert_eq!(roles, ["video", "page", "page"]);
    assert_eq!(harness.hand_in(id).await.status(), 202);

    let page = |number: &str| harness.get(&format!("{path}/pages/{number}")).send();
    let pages = harness.json(&path).await["report"]["pages"].clone();
    assert_eq!((&pages[0]["file_name"], &pages[0]["url"]), (&json!("第二.JPG"), &Value::Null));
    assert_eq!(error_code(page("1").await.unwrap()).await, (404, "not_ready".into()));
    harness.work(Stage::Ingest).await;
    let pages = harness.json(&path).await["report"]["pages"].clone();
    let [first, second] = pages.as_array().unwrap().as_slice() else { panic!("{pages}") };
    assert_eq!(
        (&first["url"], &second["file_name"]),
        (&json!(format!("{path}/pages/1")), &json!("1.heic"))
    );
    let shown = page("2").await.unwrap();
    assert_eq!(header(&shown, "content-type"), "image/jpeg");
    assert_eq!(header(&shown, "content-disposition"), "inline; filename*=UTF-8''page-2.jpg");
    let photo = page("2/original").await.unwrap();
    assert_eq!(header(&photo, "content-disposition"), "attachment; filename*=UTF-8''1.heic");
    for number in ["0", "3", "-1", "x", "99999999999999999999", "3/original"] {
        let none = page(number).await.unwrap();
        assert_eq!(error_code(none).await, (404, "not_found".into()), "{number}");
    }
}

#[tokio::test]
async fn pages_are_not_taken_without_end() {
    let harness = Harness::new().await;
    let id = harness.draft(json!({})).await;
    for _ in 0..MAX_PAGES {
        assert_eq!(harness.upload(id, "page", "a.jpg", b"\xff\xd8\xff").await.status(), 201);
    }
    let one_more = harness.upload(id, "page", "a.jpg", b"\xff\xd8\xff").await;
    assert_eq!(error_code(one_more).await, (413, "quota_exceeded".into()));
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
