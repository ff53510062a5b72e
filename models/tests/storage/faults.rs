//! A remote storage that answers wrongly, late or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use huibao_models::storage::{self, SettingPart, Storage, StorageError, hash_file};

use crate::harness::{Backend, Harness, MIB, body, noise, with_parameter};
use crate::proxy::{self, Fate};
use crate::s3::{assert_busy, assert_setting};

/// What overloaded servers say.
pub const INTERNAL: Fate = Fate::Fail(500, "InternalError");

pub async fn behind_proxy(
    judge: impl Fn(&str) -> Fate + Send + Sync + 'static,
) -> (Harness, Arc<dyn Storage>) {
    let harness = Harness::new(Backend::S3).await;
    let url = harness.url.clone().unwrap();
    let endpoint = proxy::start(&url, judge).await;
    let url = with_parameter(&with_parameter(&url, "endpoint", &endpoint), "timeout", "1");
    let storage = storage::open(url.as_str()).await.unwrap();
    (harness, storage)
}

pub fn fate(what: &'static str, fate: Fate, nth: usize, times: usize) -> impl Fn(&str) -> Fate {
    let seen = AtomicUsize::new(0);
    move |line| {
        if !what.split_whitespace().all(|part| line.contains(part)) {
            return Fate::Pass;
        }
        let seen = seen.fetch_add(1, Ordering::Relaxed);
        if (nth..nth.saturating_add(times)).contains(&seen) { fate } else { Fate::Pass }
    }
}

#[tokio::test]
async fn answers_are_told_apart() {
    for (status, code, part) in [
        (404, "NoSuchBucket", Some(SettingPart::Bucket)),
        (301, "PermanentRedirect", Some(SettingPart::Region)),
        (400, "AuthorizationHeaderMalformed", Some(SettingPart::Region)),
        (403, "AccessDenied", Some(SettingPart::Credentials)),
        (403, "RequestTimeTooSkewed", Some(SettingPart::Credentials)),
        (400, "ExpiredToken", Some(SettingPart::Credentials)),
        (503, "SlowDown", None),
        (429, "TooManyRequests", None),
        (502, "", None),
        (409, "ConditionalRequestConflict", None),
    ] {
        let no = Fate::Fail(status, code);
        // Small objects, and large ones.
        for (what, len) in [("PUT x-id=PutObject", 5), ("POST uploads", 9 * MIB)] {
            let (harness, storage) = behind_proxy(fate(what, no, 0, usize::MAX)).await;
            let put = storage.put(&harness.key("a.bin"), body(noise(len)), u64::MAX).await;
            match part {
                Some(part) => assert_setting(put.unwrap_err(), part),
                None => assert_busy(put.unwrap_err()),
            }
        }
    }
    let (harness, storage) = behind_proxy(fate("PUT", Fate::Fail(400, "Strange"), 0, 1)).await;
    let refused = storage.put(&harness.key("a.bin"), body("abc"), 3).await.unwrap_err();
    assert!(matches!(&refused, StorageError::Refused { .. }), "{refused}");
    assert!(refused.to_string().contains("Strange"), "{refused}");
}

#[tokio::test]
async fn errors_in_the_middle_of_an_upload_undo_it() {
    for (what, first) in [("PUT partNumber", 1), ("POST uploadId", 0), ("PUT x-id=PutObject", 0)] {
        let (harness, storage) = behind_proxy(fate(what, INTERNAL, first, usize::MAX)).await;
        let len = if what.contains("PutObject") { 5 } else { 30 * MIB };
        let put = storage.put(&harness.key("a.bin"), body(noise(len)), u64::MAX).await;
        assert_busy(put.unwrap_err());
        harness.assert_empty().await;
        // The next try starts afresh, and works.
        harness.storage.put(&harness.key("a.bin"), body(noise(len)), u64::MAX).await.unwrap();
    }
}

#[tokio::test]
async fn passing_errors_are_not_noticed() {
    let (harness, storage) = behind_proxy(fate("PUT partNumber", INTERNAL, 1, 2)).await;
    let bytes = noise(20 * MIB);
    storage.put(&harness.key("a.bin"), body(bytes.clone()), u64::MAX).await.unwrap();
    assert!(harness.read("a.bin", None).await == bytes);
}

#[tokio::test]
async fn a_server_that_hangs_does_not_hang_us() {
    for what in ["PUT partNumber", "POST uploads", "HEAD"] {
        let (harness, storage) = behind_proxy(fate(what, Fate::Stall, 0, usize::MAX)).await;
        let put = storage.put(&harness.key("a.bin"), body(noise(9 * MIB)), u64::MAX).await;
        assert_busy(put.unwrap_err());
        harness.assert_empty().await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_not_a_lost_object() {
    // The second attempt is refused, because the first one did it.
    for (what, len) in [("PUT x-id=PutObject", 5), ("POST uploadId", 9 * MIB)] {
        for times in [1, usize::MAX] {
            let (harness, storage) = behind_proxy(fate(what, Fate::Lose, 0, times)).await;
            let bytes = noise(len);
            storage.put(&harness.key("a.bin"), body(bytes.clone()), u64::MAX).await.unwrap();
            assert!(harness.read("a.bin", None).await == bytes);
            assert_eq!(harness.unfinished().await, 0);
        }
    }
    let (harness, storage) = behind_proxy(fate("PUT x-id=CopyObject", Fate::Lose, 0, 1)).await;
    harness.storage.put(&harness.key("a.bin"), body("abc"), 3).await.unwrap();
    storage.copy(&harness.key("a.bin"), &harness.key("b.bin")).await.unwrap();
    assert_eq!(harness.read("b.bin", None).await, b"abc");
}

#[tokio::test]
async fn damage_on_the_way_is_noticed() {
    for len in [1000, 17 * MIB] {
        let (harness, storage) = behind_proxy(fate("GET", Fate::Damage, 0, usize::MAX)).await;
        let scratch = harness.folder.path().join("tmp");
        let key = harness.key("a.bin");
        harness.storage.put(&key, body(noise(len)), u64::MAX).await.unwrap();
        let error = storage.fetch(&key, &scratch).await.unwrap_err();
        assert!(matches!(error, StorageError::Damaged { .. }), "{len}: {error}");
        assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_noticed() {
    let (harness, storage) = behind_proxy(fate("GET", Fate::CutShort, 0, 1)).await;
    let scratch = harness.folder.path().join("tmp");
    let key = harness.key("a.bin");
    let stored = harness.storage.put(&key, body(noise(MIB)), u64::MAX).await.unwrap();
    assert_busy(storage.fetch(&key, &scratch).await.unwrap_err());
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    let path = storage.fetch(&key, &scratch).await.unwrap();
    assert_eq!(hash_file(path).await.unwrap(), stored);
}
