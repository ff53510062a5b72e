//! What every storage promises.

use std::time::Duration;

use chrono::Utc;
use futures::TryStreamExt;
use futures::future::join_all;
use huibao_models::domain::ids::SubmissionId;
use huibao_models::storage::{StorageError, StorageKey, hash_file};

use crate::harness::{Harness, MIB, body, broken_body, contract, noise, stopping_body};

contract! {
    what_is_put_comes_back
    large_objects_come_back
    an_object_is_never_replaced
    one_of_many_writers_wins
    too_much_leaves_nothing_behind
    a_broken_source_leaves_nothing_behind
    a_dropped_upload_leaves_nothing_behind
    an_unfinished_upload_is_not_there
    ranges_are_cut_as_asked
    copies_outlive_their_source
    files_are_moved_in
    what_is_missing_is_not_found
    listings_are_complete_and_in_order
    deleting_twice_is_no_error
    health_leaves_nothing_behind
    only_old_leftovers_are_removed
}

async fn what_is_put_comes_back(harness: Harness) {
    for (name, bytes) in [("empty.txt", ""), ("a.txt", "abc"), ("思想 汇报+#?.txt", "汇报")] {
        let key = harness.key(name);
        let limit = bytes.len() as u64;
        let stored = harness.storage.put(&key, body(bytes), limit).await.unwrap();
        assert_eq!(stored.size_bytes, limit);
        assert_eq!(harness.read(name, None).await, bytes.as_bytes());
        assert_eq!(harness.storage.size(&key).await.unwrap(), limit);
    }
    let again = harness.storage.put(&harness.key("b.txt"), body("abc"), 3).await.unwrap();
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(again.sha256, known);
    assert_eq!(harness.unfinished().await, 0);
}

async fn large_objects_come_back(harness: Harness) {
    // Around the size of a part, and several parts with a rest.
    for len in [8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 41 * MIB + 5] {
        let name = format!("{len}.bin");
        let bytes = noise(len);
        let key = harness.key(&name);
        let stored = harness.storage.put(&key, body(bytes.clone()), len as u64).await.unwrap();
        assert_eq!(stored.size_bytes, len as u64);
        assert!(harness.read(&name, None).await == bytes, "{len}");
        let path = harness.storage.fetch(&key, &harness.folder.path().join("tmp")).await.unwrap();
        assert_eq!(hash_file(path).await.unwrap(), stored);
    }
    assert_eq!(harness.unfinished().await, 0);
}

async fn an_object_is_never_replaced(harness: Harness) {
    let key = harness.key("a.bin");
    harness.storage.put(&key, body("first"), 5).await.unwrap();
    for bytes in [b"other".to_vec(), noise(9 * MIB)] {
        let again = harness.storage.put(&key, body(bytes), u64::MAX).await;
        assert!(matches!(again, Err(StorageError::Exists(taken)) if taken == key));
    }
    assert_eq!(harness.read("a.bin", None).await, b"first");
    assert_eq!(harness.unfinished().await, 0);
}

async fn one_of_many_writers_wins(harness: Harness) {
    let key = harness.key("a.bin");
    // Small ones and some in parts.
    let bodies: Vec<_> = (0..8_u8).map(|i| vec![i; if i < 6 { 1000 } else { 9 * MIB }]).collect();
    let puts = bodies.iter().map(|bytes| harness.storage.put(&key, body(bytes.clone()), u64::MAX));
    let done = join_all(puts).await;
    let winners: Vec<_> = (0..8).filter(|&i| done[i].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{done:?}");
    assert!(harness.read("a.bin", None).await == bodies[winners[0]]);
    for lost in done.into_iter().filter_map(Result::err) {
        assert!(matches!(lost, StorageError::Exists(_)), "{lost}");
    }
    assert_eq!(harness.unfinished().await, 0);
}

async fn too_much_leaves_nothing_behind(harness: Harness) {
    for (len, limit) in [(4, 3), (20 * MIB, 17 * MIB as u64), (20 * MIB, 20 * MIB as u64 - 1)] {
        let refused = harness.storage.put(&harness.key("a.bin"), body(noise(len)), limit).await;
        assert!(matches!(refused, Err(StorageError::TooLarge { limit: l }) if l == limit));
        harness.assert_empty().await;
    }
}

async fn a_broken_source_leaves_nothing_behind(harness: Harness) {
    for len in [0, 100, 20 * MIB] {
        let broken = broken_body(noise(len));
        let refused = harness.storage.put(&harness.key("a.bin"), broken, u64::MAX).await;
        assert!(matches!(refused, Err(StorageError::Source(_))));
        harness.assert_empty().await;
    }
    harness.storage.put(&harness.key("a.bin"), body("whole"), 5).await.unwrap();
}

async fn a_dropped_upload_leaves_nothing_behind(harness: Harness) {
    for len in [100, 20 * MIB] {
        let (stopping, stopped) = stopping_body(noise(len));
        let (storage, key) = (harness.storage.clone(), harness.key("a.bin"));
        let upload = tokio::spawn(async move { storage.put(&key, stopping, u64::MAX).await });
        stopped.notified().await;
        upload.abort();
        assert!(upload.await.unwrap_err().is_cancelled());
        harness.wait_for_unfinished(0).await;
        harness.assert_empty().await;
    }
}

async fn an_unfinished_upload_is_not_there(harness: Harness) {
    let (stopping, stopped) = stopping_body(noise(20 * MIB));
    let (storage, key) = (harness.storage.clone(), harness.key("a.bin"));
    let upload = tokio::spawn(async move { storage.put(&key, stopping, u64::MAX).await });
    stopped.notified().await;
    harness.wait_for_unfinished(1).await;
    assert_eq!(harness.keys("").await, Vec::<String>::new());
    let size = harness.storage.size(&harness.key("a.bin")).await;
    assert!(matches!(size, Err(StorageError::NotFound(_))));
    upload.abort();
    harness.wait_for_unfinished(0).await;
}

async fn ranges_are_cut_as_asked(harness: Harness) {
    harness.storage.put(&harness.key("a.txt"), body("0123456789"), 10).await.unwrap();
    for (range, expected) in [
        (0..1, "0"),
        (3..7, "3456"),
        (9..10, "9"),
        (0..10, "0123456789"),
        (5..u64::MAX, "56789"),
        (4..4, ""),
        (10..20, ""),
    ] {
        let found = harness.read("a.txt", Some(range.clone())).await;
        assert_eq!(String::from_utf8(found).unwrap(), expected, "{range:?}");
    }
    let bytes = noise(17 * MIB);
    harness.storage.put(&harness.key("b.bin"), body(bytes.clone()), u64::MAX).await.unwrap();
    // Across the seam of two parts.
    let seam = 8 * MIB - 3..8 * MIB + 3;
    let found = harness.read("b.bin", Some(seam.start as u64..seam.end as u64)).await;
    assert_eq!(found, bytes[seam]);
}

async fn copies_outlive_their_source(harness: Harness) {
    for len in [5, 17 * MIB] {
        let (from, to) = (format!("报告 {len}.bin"), format!("copy-{len}.bin"));
        let bytes = noise(len);
        let (from_key, to_key) = (harness.key(&from), harness.key(&to));
        harness.storage.put(&from_key, body(bytes.clone()), u64::MAX).await.unwrap();
        harness.storage.copy(&from_key, &to_key).await.unwrap();
        let again = harness.storage.copy(&from_key, &to_key).await;
        assert!(matches!(again, Err(StorageError::Exists(taken)) if taken == to_key));
        harness.storage.delete(&from_key).await.unwrap();
        assert!(harness.read(&to, None).await == bytes);
        let missing = harness.storage.copy(&from_key, &harness.key("other.bin")).await;
        assert!(matches!(missing, Err(StorageError::NotFound(key)) if key == from_key));
    }
}

async fn files_are_moved_in(harness: Harness) {
    for len in [0, 5, 17 * MIB] {
        let path = harness.folder.path().join("made.bin");
        std::fs::write(&path, noise(len)).unwrap();
        let expected = hash_file(path.clone()).await.unwrap();
        let key = harness.key(&format!("{len}.bin"));
        assert_eq!(harness.storage.put_file(&key, &path).await.unwrap(), expected);
        assert!(!path.exists());
        std::fs::write(&path, "again").unwrap();
        let again = harness.storage.put_file(&key, &path).await;
        assert!(matches!(again, Err(StorageError::Exists(_))));
        assert!(path.exists());
    }
    let missing =
        harness.storage.put_file(&harness.key("x"), &harness.folder.path().join("x")).await;
    assert!(matches!(missing, Err(StorageError::Io { .. })));
    assert_eq!(harness.unfinished().await, 0);
}

async fn what_is_missing_is_not_found(harness: Harness) {
    let (storage, key) = (&harness.storage, harness.key("a.bin"));
    let scratch = harness.folder.path().join("tmp");
    assert!(matches!(storage.size(&key).await, Err(StorageError::NotFound(_))));
    assert!(matches!(storage.open(&key, None).await.err(), Some(StorageError::NotFound(_))));
    assert!(matches!(storage.open(&key, Some(0..1)).await.err(), Some(StorageError::NotFound(_))));
    assert!(matches!(storage.open(&key, Some(1..1)).await.err(), Some(StorageError::NotFound(_))));
    assert!(matches!(storage.fetch(&key, &scratch).await, Err(StorageError::NotFound(_))));
    assert!(matches!(storage.copy(&key, &harness.key("b")).await, Err(StorageError::NotFound(_))));
}

async fn listings_are_complete_and_in_order(harness: Harness) {
    harness.assert_empty().await;
    let before = Utc::now() - chrono::TimeDelta::minutes(1);
    let other = SubmissionId::new();
    let bag = |path: &str| StorageKey::bag_file(harness.submission, 2, path);
    let mut keys = vec![
        StorageKey::original(harness.submission, "mp4"),
        bag("bagit.txt"),
        bag("data/original.mp4"),
        StorageKey::original(other, "mp4"),
        // Of an earlier version.
        earlier(other),
    ];
    for key in &keys {
        harness.storage.put(key, body("12345"), 5).await.unwrap();
    }
    keys.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    let all: Vec<_> = harness.storage.list("").try_collect().await.unwrap();
    assert_eq!(all.iter().map(|o| o.key.clone()).collect::<Vec<_>>(), keys);
    assert!(all.iter().all(|o| o.size_bytes == 5 && o.modified > before));
    let bag_only = harness.keys(&format!("submissions/{}/2-bag/", harness.submission)).await;
    assert_eq!(bag_only, [bag("bagit.txt").to_string(), bag("data/original.mp4").to_string()]);
    let by_part_of_a_name =
        harness.keys(&format!("submissions/{}/2-bag/ba", harness.submission)).await;
    assert_eq!(by_part_of_a_name, [bag("bagit.txt").to_string()]);
    assert_eq!(harness.keys(&format!("submissions/{other}")).await.len(), 1);
    assert_eq!(harness.keys("elsewhere/").await.len(), 0);
}

async fn deleting_twice_is_no_error(harness: Harness) {
    let key = harness.key("a.txt");
    harness.storage.put(&key, body("abc"), 3).await.unwrap();
    harness.storage.delete(&key).await.unwrap();
    harness.storage.delete(&key).await.unwrap();
    harness.assert_empty().await;
    harness.storage.put(&key, body("new"), 3).await.unwrap();
    assert_eq!(harness.read("a.txt", None).await, b"new");
}

async fn health_leaves_nothing_behind(harness: Harness) {
    harness.storage.health().await.unwrap();
    harness.assert_empty().await;
}

async fn only_old_leftovers_are_removed(harness: Harness) {
    for key in [harness.key("a.bin"), earlier(harness.submission)] {
        let (stopping, stopped) = stopping_body(noise(20 * MIB));
        let storage = harness.storage.clone();
        let upload = tokio::spawn(async move { storage.put(&key, stopping, u64::MAX).await });
        stopped.notified().await;
        harness.wait_for_unfinished(1).await;
        let hour = Duration::from_hours(1);
        assert_eq!(harness.storage.abort_leftovers(hour).await.unwrap(), 0);
        assert_eq!(harness.storage.abort_leftovers(Duration::MAX).await.unwrap(), 0);
        assert_eq!(harness.unfinished().await, 1);
        assert_eq!(harness.storage.abort_leftovers(Duration::ZERO).await.unwrap(), 1);
        harness.assert_empty().await;
        upload.abort();
    }
}

/// A key as versions made it that did not tell reports and submissions apart.
fn earlier(submission: SubmissionId) -> StorageKey {
    StorageKey::parse(&format!("reports/{submission}/original.mp4")).unwrap()
}
