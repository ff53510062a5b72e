//! The embedded pages.

use crate::harness::{Harness, error_code, stranger};

#[tokio::test]
async fn the_page_is_served_and_revalidated() {
    let harness = Harness::new().await;
    let page = harness.get("/").send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers()["cache-control"], "no-cache");
    let etag = page.headers()["etag"].clone();
    let again = harness.get("/").header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let harness = Harness::new().await;
    for path in ["/nothing", "/assets/nothing.js", "/../Cargo.toml", "/assets/..%2findex.html"] {
        let missing = harness.get(path).send().await.unwrap();
        assert_eq!(error_code(missing).await, (404, "not_found".into()), "{path}");
    }
}

#[tokio::test]
async fn the_page_is_told_the_limits() {
    let harness = Harness::new().await;
    let info = harness.json("/api/v1/info").await;
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["limits"]["max_video_bytes"], 100_000);
    assert_eq!(info["limits"]["max_duration_seconds"], 600);
    assert_eq!(info["languages"][0], "zh");
}

#[tokio::test]
async fn the_interface_can_be_read_about_without_asking_another_host() {
    let harness = Harness::new().await;
    let page = stranger().get(harness.url("/api/docs")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let html = page.text().await.unwrap();
    assert!(!html.contains("http"), "{html}");
    for link in html.split(['"', '\'']).filter(|text| text.starts_with("/assets/")) {
        let asset = stranger().get(harness.url(link)).send().await.unwrap();
        assert_eq!(asset.status(), 200, "{link}");
    }
}

#[tokio::test]
async fn texts_are_compressed_for_whoever_can_read_that() {
    let harness = Harness::new().await;
    let page = harness.get("/").send().await.unwrap().text().await.unwrap();
    let script =
        page.split('"').find(|text| text.contains("assets/") && text.contains(".js")).unwrap();
    let script = script.trim_start_matches("./");
    let ask = async |path: &str, encoding: &str| {
        harness.get(path).header("accept-encoding", encoding).send().await.unwrap()
    };
    for path in [&format!("/{script}"), "/api/v1/openapi.json"] {
        let plain = ask(path, "identity").await;
        assert!(plain.headers().get("content-encoding").is_none(), "{path}");
        let plain = plain.bytes().await.unwrap().len();
        let packed = ask(path, "br, gzip").await;
        assert_eq!(packed.headers()["content-encoding"], "gzip", "{path}");
        assert!(packed.headers()["vary"].to_str().unwrap().contains("accept-encoding"), "{path}");
        let packed = packed.bytes().await.unwrap().len();
        assert!(packed * 2 < plain, "{path}: {plain} bytes are {packed}");
    }
    let short = ask("/healthz", "gzip").await;
    assert!(short.headers().get("content-encoding").is_none());
    let id = harness.submit().await;
    let original = ask(&format!("/api/v1/reports/{id}/original"), "gzip").await;
    assert!(original.headers().get("content-encoding").is_none(), "a video is no text");
    let events = ask(&format!("/api/v1/reports/{id}/events"), "gzip").await;
    assert!(events.headers().get("content-encoding").is_none(), "events go out as they come");
}
