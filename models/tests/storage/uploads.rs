//! What every storage promises of uploads over several requests.

use std::time::Duration;

use futures::future::join_all;
use huibao_models::storage::{
    ResumableUploads, StorageError, StorageKey, Stored, UploadId, UploadState, hash_file,
    sha256_hex,
};
use serde_json::json;

use crate::harness::{Harness, MIB, body, broken_body, contract, noise, stopping_body};

contract! {
    pieces_become_an_object
    many_small_pieces_become_an_object
    a_broken_stream_keeps_what_arrived
    a_dropped_append_keeps_a_beginning
    a_wrong_offset_is_told_the_right_one
    a_repeated_append_adds_nothing
    one_of_many_appends_wins
    the_limit_is_kept
    an_upload_is_begun_once
    finishing_again_changes_nothing
    finishing_at_the_same_time_makes_one_object
    a_finished_upload_takes_no_more
    another_object_is_never_replaced
    finish_continues_where_a_process_died
    a_removed_upload_leaves_nothing_behind
    removing_a_finished_upload_keeps_the_object
    what_nobody_finished_finishing_is_removed
    uploads_are_listed
    only_old_uploads_are_removed
    a_lost_checksum_is_made_again
    a_damaged_record_is_an_error
}

async fn begin(harness: &Harness, name: &str) -> UploadId {
    let id = UploadId::new();
    harness.storage.create_upload(id, &harness.key(name)).await.unwrap();
    id
}

async fn append(storage: &(impl ResumableUploads + ?Sized), id: UploadId, at: usize, bytes: &[u8]) {
    let end = storage.append(id, at as u64, body(bytes), u64::MAX).await.unwrap();
    assert_eq!(end, (at + bytes.len()) as u64);
}

/// An upload of these bytes that is not finished.
async fn uploaded(harness: &Harness, name: &str, bytes: &[u8]) -> UploadId {
    let id = begin(harness, name).await;
    append(&*harness.storage, id, 0, bytes).await;
    id
}

async fn offset(harness: &Harness, id: UploadId) -> usize {
    usize::try_from(harness.storage.upload_status(id).await.unwrap().offset).unwrap()
}

fn stored(bytes: &[u8]) -> Stored {
    Stored { size_bytes: bytes.len() as u64, sha256: sha256_hex(bytes) }
}

async fn pieces_become_an_object(harness: Harness) {
    let sizes = [0, 1, 5 * MIB - 1, 5 * MIB, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 21 * MIB + 7];
    let all = noise(21 * MIB + 7);
    for len in sizes {
        for cuts in [vec![], vec![1], vec![5 * MIB, 8 * MIB], vec![len.saturating_sub(1)]] {
            let bytes = &all[..len];
            let name = format!("{len}-{cuts:?}.bin");
            let id = begin(&harness, &name).await;
            let mut at = 0;
            for end in cuts.into_iter().chain([len]).map(|cut| cut.min(len)) {
                // Another process.
                append(&*harness.reopened().await, id, at, &bytes[at..end]).await;
                at = end;
                assert_eq!(offset(&harness, id).await, at);
            }
            assert_eq!(harness.keys("").await, Vec::<String>::new());
            let done = harness.reopened().await.finish_upload(id).await.unwrap();
            assert_eq!(done, stored(bytes), "{name}");
            assert!(harness.read(&name, None).await == bytes, "{name}");
            let (key, scratch) = (harness.key(&name), harness.folder.path().join("tmp"));
            let path = harness.storage.fetch(&key, &scratch).await.unwrap();
            assert_eq!(hash_file(path).await.unwrap(), done);
            harness.storage.remove_upload(id).await.unwrap();
            harness.storage.delete(&key).await.unwrap();
            harness.assert_empty().await;
        }
    }
}

async fn many_small_pieces_become_an_object(harness: Harness) {
    let bytes = noise(9 * MIB);
    let id = begin(&harness, "a.bin").await;
    let mut at = 0;
    for piece in bytes[..40_000].chunks(1000).chain(bytes[40_000..].chunks(2 * MIB)) {
        append(&*harness.storage, id, at, piece).await;
        at += piece.len();
    }
    // A record, a lock or a few fragments, but not one for each piece.
    assert!(harness.upload_objects().await < 20);
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
    assert!(harness.read("a.bin", None).await == bytes);
}

async fn a_broken_stream_keeps_what_arrived(harness: Harness) {
    let bytes = noise(50 * MIB);
    let id = begin(&harness, "a.bin").await;
    let mut at = 0;
    for len in [0, 1, 100, 8 * MIB - 101, 8 * MIB + 1, 20 * MIB] {
        let broken = broken_body(bytes[at..at + len].to_vec());
        let error = harness.storage.append(id, at as u64, broken, u64::MAX).await.unwrap_err();
        assert!(matches!(error, StorageError::Source(_)), "{error}");
        at += len;
        assert_eq!(offset(&harness, id).await, at);
    }
    append(&*harness.storage, id, at, &bytes[at..]).await;
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
    assert!(harness.read("a.bin", None).await == bytes);
}

async fn a_dropped_append_keeps_a_beginning(harness: Harness) {
    let bytes = noise(20 * MIB);
    let id = begin(&harness, "a.bin").await;
    let (stopping, stopped) = stopping_body(bytes.clone());
    let storage = harness.storage.clone();
    let appending = tokio::spawn(async move { storage.append(id, 0, stopping, u64::MAX).await });
    stopped.notified().await;
    appending.abort();
    assert!(appending.await.unwrap_err().is_cancelled());
    let at = offset(&harness, id).await;
    assert!((8 * MIB..=20 * MIB).contains(&at), "{at}");
    append(&*harness.reopened().await, id, at, &bytes[at..]).await;
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
    assert!(harness.read("a.bin", None).await == bytes);
}

async fn a_wrong_offset_is_told_the_right_one(harness: Harness) {
    let id = uploaded(&harness, "a.bin", b"abc").await;
    for wrong in [0, 2, 4, u64::MAX] {
        let error = harness.storage.append(id, wrong, body("xyz"), u64::MAX).await.unwrap_err();
        let StorageError::WrongOffset { id: of, requested, actual } = error else {
            panic!("{error}")
        };
        assert_eq!((of, requested, actual), (id, wrong, 3));
    }
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(b"abc"));
}

async fn a_repeated_append_adds_nothing(harness: Harness) {
    let bytes = noise(9 * MIB);
    let id = uploaded(&harness, "a.bin", &bytes).await;
    let again = harness.storage.append(id, 0, body(bytes.clone()), u64::MAX).await;
    assert!(matches!(again, Err(StorageError::WrongOffset { .. })));
    // Nothing to add is no error.
    append(&*harness.storage, id, bytes.len(), b"").await;
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
}

async fn one_of_many_appends_wins(harness: Harness) {
    for len in [1000, 9 * MIB] {
        let name = format!("{len}.bin");
        let id = begin(&harness, &name).await;
        let bodies: Vec<_> = (0..6_u8).map(|i| vec![i; len]).collect();
        let appends =
            bodies.iter().map(|bytes| harness.storage.append(id, 0, body(&**bytes), u64::MAX));
        let done = join_all(appends).await;
        let winners: Vec<_> = (0..6_u8).filter(|&i| done[usize::from(i)].is_ok()).collect();
        assert!(winners.len() == 1 || (winners.is_empty() && len > MIB), "{done:?}");
        for lost in done.into_iter().filter_map(Result::err) {
            let typed =
                matches!(lost, StorageError::UploadConflict(_) | StorageError::WrongOffset { .. });
            assert!(typed, "{lost}");
        }
        let at = offset(&harness, id).await;
        append(&*harness.storage, id, at, b"the end").await;
        let found = harness.storage.finish_upload(id).await.unwrap();
        let bytes = harness.read(&name, None).await;
        assert_eq!(found, stored(&bytes));
        // Of one writer only.
        let (beginning, end) = bytes.split_at(at);
        assert_eq!(end, b"the end");
        assert!(beginning.iter().all(|byte| *byte == beginning[0]));
        if let Some(winner) = winners.first() {
            assert!(at == len && beginning[0] == *winner);
        }
    }
}

async fn the_limit_is_kept(harness: Harness) {
    let bytes = noise(20 * MIB);
    for (first, second, limit) in [(0, 4, 3), (3, 1, 3), (5, 20 * MIB - 5, 17 * MIB)] {
        let name = format!("{first}.bin");
        let id = uploaded(&harness, &name, &bytes[..first]).await;
        let more = body(&bytes[first..first + second]);
        let refused = harness.storage.append(id, first as u64, more, limit as u64).await;
        assert!(matches!(refused, Err(StorageError::TooLarge { limit: l }) if l == limit as u64));
        let at = offset(&harness, id).await;
        assert!((first..=limit).contains(&at), "{at}");
        // Up to the limit is no error.
        let rest = body(&bytes[at..limit]);
        let end = harness.storage.append(id, at as u64, rest, limit as u64).await.unwrap();
        assert_eq!(end, limit as u64);
        assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes[..limit]));
    }
}

async fn an_upload_is_begun_once(harness: Harness) {
    let id = uploaded(&harness, "a.bin", b"abc").await;
    let again = harness.storage.create_upload(id, &harness.key("b.bin")).await;
    assert!(matches!(again, Err(StorageError::UploadExists(of)) if of == id));
    let unknown = UploadId::new();
    let status = harness.storage.upload_status(unknown).await;
    assert!(matches!(status, Err(StorageError::NoUpload(of)) if of == unknown));
    let append = harness.storage.append(unknown, 0, body("abc"), u64::MAX).await;
    assert!(matches!(append, Err(StorageError::NoUpload(_))));
    assert!(matches!(harness.storage.finish_upload(unknown).await, Err(StorageError::NoUpload(_))));
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(b"abc"));
}

async fn finishing_again_changes_nothing(harness: Harness) {
    for len in [0, 5, 8 * MIB, 9 * MIB] {
        let (name, bytes) = (format!("{len}.bin"), noise(len));
        let id = uploaded(&harness, &name, &bytes).await;
        for _ in 0..3 {
            let done = harness.reopened().await.finish_upload(id).await.unwrap();
            assert_eq!(done, stored(&bytes));
            assert!(harness.read(&name, None).await == bytes);
        }
        assert_eq!(harness.unfinished().await, 0);
    }
}

async fn finishing_at_the_same_time_makes_one_object(harness: Harness) {
    for len in [5, 9 * MIB] {
        let bytes = noise(len);
        let id = uploaded(&harness, &format!("{len}.bin"), &bytes).await;
        for done in join_all((0..6).map(|_| harness.storage.finish_upload(id))).await {
            match done {
                Ok(done) => assert_eq!(done, stored(&bytes)),
                Err(error) => assert!(matches!(error, StorageError::UploadConflict(_)), "{error}"),
            }
        }
        assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
        assert!(harness.read(&format!("{len}.bin"), None).await == bytes);
    }
    assert_eq!(harness.unfinished().await, 0);
}

async fn a_finished_upload_takes_no_more(harness: Harness) {
    let id = uploaded(&harness, "a.bin", b"abc").await;
    assert_eq!(harness.storage.upload_status(id).await.unwrap().state, UploadState::Open);
    harness.storage.finish_upload(id).await.unwrap();
    for at in [0, 3] {
        let error = harness.storage.append(id, at, body("x"), u64::MAX).await.unwrap_err();
        assert!(matches!(error, StorageError::UploadClosed(of) if of == id), "{error}");
    }
    let status = harness.storage.upload_status(id).await.unwrap();
    assert_eq!(status.state, UploadState::Finished(stored(b"abc")));
    assert_eq!(harness.read("a.bin", None).await, b"abc");
}

async fn another_object_is_never_replaced(harness: Harness) {
    for len in [5, 9 * MIB] {
        let (name, bytes) = (format!("{len}.bin"), noise(len));
        let key = harness.key(&name);
        let other: Vec<_> = bytes.iter().map(|byte| !byte).collect();
        harness.storage.put(&key, body(other.clone()), u64::MAX).await.unwrap();
        let id = uploaded(&harness, &name, &bytes).await;
        for _ in 0..2 {
            let taken = harness.storage.finish_upload(id).await.unwrap_err();
            assert!(matches!(&taken, StorageError::Exists(of) if *of == key), "{taken}");
            assert!(harness.read(&name, None).await == other);
        }
        // The same bytes are as good as its own.
        let same = uploaded(&harness, &name, &other).await;
        assert_eq!(harness.storage.finish_upload(same).await.unwrap(), stored(&other));
        for id in [id, same] {
            harness.storage.remove_upload(id).await.unwrap();
        }
        assert!(harness.read(&name, None).await == other);
        // A free key is taken after all.
        let id = uploaded(&harness, &name, &bytes).await;
        assert!(harness.storage.finish_upload(id).await.is_err());
        harness.storage.delete(&key).await.unwrap();
        assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
        harness.storage.remove_upload(id).await.unwrap();
    }
    assert_eq!((harness.unfinished().await, harness.upload_objects().await), (0, 0));
}

async fn finish_continues_where_a_process_died(harness: Harness) {
    let bytes = noise(1000);
    // Before the object was made.
    let id = uploaded(&harness, "a.bin", &bytes).await;
    harness.edit_record(id, |record| record["phase"] = json!("finishing")).await;
    let closed = harness.storage.append(id, 1000, body("x"), u64::MAX).await;
    assert!(matches!(closed, Err(StorageError::UploadClosed(_))));
    let state = harness.storage.upload_status(id).await.unwrap().state;
    assert_eq!(state, UploadState::Finishing);
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
    // After that, and before it was recorded: on a folder the object has two names then.
    let id = uploaded(&harness, "b.bin", &bytes).await;
    harness.storage.finish_upload(id).await.unwrap();
    half_finished(&harness, id, "b.bin").await;
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
    assert_eq!(harness.read("b.bin", None).await, bytes);
    harness.storage.remove_upload(id).await.unwrap();
    assert_eq!(harness.read("b.bin", None).await, bytes);
}

/// Puts an upload back into the state in which its object is there and its record does not say so.
async fn half_finished(harness: &Harness, id: UploadId, name: &str) {
    harness.edit_record(id, |record| record["phase"] = json!("finishing")).await;
    if harness.url.is_none() {
        let files = harness.folder.path().join("files");
        let object = files.join(harness.key(name).as_str());
        std::fs::hard_link(object, files.join(format!("uploads/{id}/data"))).unwrap();
    }
}

async fn a_removed_upload_leaves_nothing_behind(harness: Harness) {
    for len in [0, 5, 20 * MIB] {
        let id = uploaded(&harness, "a.bin", &noise(len)).await;
        harness.storage.remove_upload(id).await.unwrap();
        harness.assert_empty().await;
        let append = harness.storage.append(id, len as u64, body("x"), u64::MAX).await;
        assert!(matches!(append, Err(StorageError::NoUpload(_))));
        assert!(matches!(harness.storage.finish_upload(id).await, Err(StorageError::NoUpload(_))));
        assert!(matches!(harness.storage.upload_status(id).await, Err(StorageError::NoUpload(_))));
        harness.storage.remove_upload(id).await.unwrap();
    }
}

async fn removing_a_finished_upload_keeps_the_object(harness: Harness) {
    for len in [5, 9 * MIB] {
        let (name, bytes) = (format!("{len}.bin"), noise(len));
        let id = uploaded(&harness, &name, &bytes).await;
        harness.storage.finish_upload(id).await.unwrap();
        harness.storage.remove_upload(id).await.unwrap();
        assert!(harness.read(&name, None).await == bytes);
        assert_eq!((harness.unfinished().await, harness.upload_objects().await), (0, 0));
    }
}

async fn what_nobody_finished_finishing_is_removed(harness: Harness) {
    let id = uploaded(&harness, "a.bin", b"abc").await;
    harness.storage.finish_upload(id).await.unwrap();
    half_finished(&harness, id, "a.bin").await;
    harness.storage.remove_upload(id).await.unwrap();
    harness.assert_empty().await;
    // An object of somebody else stays.
    harness.storage.put(&harness.key("b.bin"), body("other"), 5).await.unwrap();
    let id = uploaded(&harness, "b.bin", b"bytes").await;
    harness.storage.finish_upload(id).await.unwrap_err();
    harness.storage.remove_upload(id).await.unwrap();
    assert_eq!(harness.read("b.bin", None).await, b"other");
}

async fn uploads_are_listed(harness: Harness) {
    let open = uploaded(&harness, "a.bin", b"abc").await;
    let finished = uploaded(&harness, "b.bin", b"abcd").await;
    let removed = uploaded(&harness, "c.bin", b"abcde").await;
    harness.storage.finish_upload(finished).await.unwrap();
    harness.storage.remove_upload(removed).await.unwrap();
    let mut uploads = harness.reopened().await.uploads().await.unwrap();
    uploads.sort_by_key(|upload| upload.id);
    let shown: Vec<(UploadId, StorageKey, u64, _)> = uploads
        .into_iter()
        .map(|upload| (upload.id, upload.key, upload.offset, upload.state))
        .collect();
    let expected = [
        (open, harness.key("a.bin"), 3, UploadState::Open),
        (finished, harness.key("b.bin"), 4, UploadState::Finished(stored(b"abcd"))),
    ];
    assert_eq!(shown, expected);
    assert_eq!(harness.keys("").await, [harness.key("b.bin").to_string()]);
}

async fn only_old_uploads_are_removed(harness: Harness) {
    let bytes = noise(9 * MIB);
    let open = uploaded(&harness, "a.bin", &bytes).await;
    let finished = uploaded(&harness, "b.bin", b"abc").await;
    harness.storage.finish_upload(finished).await.unwrap();
    for age in [Duration::from_hours(1), Duration::MAX] {
        assert_eq!(harness.storage.abort_leftovers(age).await.unwrap(), 0);
    }
    append(&*harness.storage, open, bytes.len(), b"more").await;
    // Both are old now: one is removed, of the other its record.
    assert_eq!(harness.storage.abort_leftovers(Duration::ZERO).await.unwrap(), 2);
    assert_eq!(harness.storage.uploads().await.unwrap(), []);
    assert_eq!((harness.unfinished().await, harness.upload_objects().await), (0, 0));
    assert_eq!(harness.keys("").await, [harness.key("b.bin").to_string()]);
}

async fn a_lost_checksum_is_made_again(harness: Harness) {
    for len in [5, 9 * MIB] {
        let bytes = noise(len);
        let id = uploaded(&harness, &format!("{len}.bin"), &bytes[..len - 1]).await;
        harness.edit_record(id, |record| record["hash"] = json!("sha2-9.9:AAAA")).await;
        append(&*harness.storage, id, len - 1, &bytes[len - 1..]).await;
        assert_eq!(harness.storage.finish_upload(id).await.unwrap(), stored(&bytes));
    }
}

async fn a_damaged_record_is_an_error(harness: Harness) {
    for (field, value) in
        [("version", json!(2)), ("size_bytes", json!("x")), ("key", json!("../x"))]
    {
        let id = uploaded(&harness, "a.bin", b"abc").await;
        harness.edit_record(id, |record| record[field] = value).await;
        let error = harness.storage.finish_upload(id).await.unwrap_err();
        let damaged = matches!(&error, StorageError::UploadDamaged { id: of, .. } if *of == id);
        assert!(damaged, "{error}");
    }
}
