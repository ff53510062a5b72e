//! Uploads over several requests on a remote storage that answers wrongly, late or not at all.

use std::sync::Arc;
use std::time::Duration;

use huibao_models::storage::{Storage, StorageError, Stored, UploadId, UploadState, sha256_hex};

use crate::faults::{INTERNAL, behind_proxy, fate};
use crate::harness::{Harness, MIB, body, noise, pausing_body};
use crate::proxy::Fate;
use crate::s3::assert_busy;

const RECORD: &str = "PUT record.json";
/// A record or a fragment; of the append below, the fourth is the fragment.
const OBJECT: &str = "PUT /uploads/ x-id=PutObject";
const PART: &str = "PUT partNumber";
const BEGIN: &str = "POST ?uploads";
const COMPLETE: &str = "POST uploadId";

/// An upload behind a proxy, to which nothing was appended.
async fn begin(
    judge: impl Fn(&str) -> Fate + Send + Sync + 'static,
) -> (Harness, Arc<dyn Storage>, UploadId) {
    let (harness, storage) = behind_proxy(judge).await;
    let id = UploadId::new();
    harness.storage.create_upload(id, &harness.key("a.bin")).await.unwrap();
    (harness, storage, id)
}

async fn assert_finishes(harness: &Harness, id: UploadId, bytes: &[u8]) {
    let expected = Stored { size_bytes: bytes.len() as u64, sha256: sha256_hex(bytes) };
    assert_eq!(harness.storage.finish_upload(id).await.unwrap(), expected);
    assert!(harness.read("a.bin", None).await == bytes);
    assert_eq!(harness.unfinished().await, 0);
    harness.storage.remove_upload(id).await.unwrap();
    assert_eq!(harness.upload_objects().await, 0);
}

#[tokio::test]
async fn a_lost_answer_to_an_append_is_not_noticed() {
    let bytes = noise(20 * MIB + 5);
    for (what, nth, times) in [
        (RECORD, 0, 1),
        (RECORD, 2, 1),
        // The record is read to find out.
        (RECORD, 0, usize::MAX),
        (OBJECT, 3, 1),
        (PART, 1, 1),
        (BEGIN, 0, 1),
    ] {
        let (harness, storage, id) = begin(fate(what, Fate::Lose, nth, times)).await;
        let end = storage.append(id, 0, body(bytes.clone()), u64::MAX).await.unwrap();
        assert_eq!(end, bytes.len() as u64, "{what}");
        // A second multipart upload of a lost answer is a leftover.
        let leftovers = harness.unfinished().await - 1;
        assert_eq!(leftovers, usize::from(what == BEGIN));
        if leftovers > 0 {
            let removed = harness.storage.abort_leftovers(Duration::from_hours(1)).await;
            assert_eq!(removed.unwrap(), 0);
            continue;
        }
        assert_finishes(&harness, id, &bytes).await;
    }
}

#[tokio::test]
async fn an_append_that_fails_can_be_repeated() {
    let bytes = noise(20 * MIB + 5);
    for (what, nth, durable) in [
        (RECORD, 0, 0),
        (RECORD, 1, 0),
        (RECORD, 2, 8 * MIB),
        (RECORD, 3, 16 * MIB),
        (PART, 1, 8 * MIB),
        (BEGIN, 0, 0),
        (OBJECT, 3, 16 * MIB),
    ] {
        // A lost answer is not an error for the record; a stalled request takes seconds.
        let fates: &[Fate] = match what {
            PART => &[INTERNAL, Fate::Lose, Fate::Stall],
            RECORD => &[INTERNAL],
            _ => &[INTERNAL, Fate::Lose],
        };
        for &broken in fates {
            let (harness, storage, id) = begin(fate(what, broken, nth, usize::MAX)).await;
            let append = storage.append(id, 0, body(bytes.clone()), u64::MAX).await;
            assert_busy(append.unwrap_err());
            let at = harness.storage.upload_status(id).await.unwrap().offset;
            assert_eq!(at, durable as u64, "{what} {nth}");
            let rest = body(&bytes[durable..]);
            harness.storage.append(id, at, rest, u64::MAX).await.unwrap();
            let done = harness.storage.finish_upload(id).await.unwrap();
            assert_eq!(done.sha256, sha256_hex(&bytes), "{what} {nth}");
            assert!(harness.read("a.bin", None).await == bytes);
        }
    }
}

#[tokio::test]
async fn a_lost_answer_to_finish_is_not_noticed() {
    for (len, what) in [
        (5, "PUT a.bin x-id=PutObject"),
        (5, RECORD),
        (9 * MIB, COMPLETE),
        (9 * MIB, RECORD),
        (9 * MIB, PART),
        (16 * MIB, COMPLETE),
    ] {
        for times in [1, usize::MAX] {
            // Whether a part arrived, only its answer tells.
            if times > 1 && what == PART {
                continue;
            }
            let bytes = noise(len);
            let (harness, storage, id) = begin(fate(what, Fate::Lose, 0, times)).await;
            harness.storage.append(id, 0, body(bytes.clone()), u64::MAX).await.unwrap();
            let done = storage.finish_upload(id).await.unwrap();
            assert_eq!(done.sha256, sha256_hex(&bytes), "{len} {what}");
            assert_finishes(&harness, id, &bytes).await;
        }
    }
}

#[tokio::test]
async fn finish_continues_after_an_outage_at_any_step() {
    for (len, what, nth, is_made) in [
        (5, RECORD, 0, false),
        (5, "PUT a.bin x-id=PutObject", 0, false),
        (5, RECORD, 1, true),
        // With a rest that becomes the last part.
        (9 * MIB, RECORD, 0, false),
        (9 * MIB, PART, 0, false),
        (9 * MIB, RECORD, 1, false),
        (9 * MIB, RECORD, 2, false),
        (9 * MIB, COMPLETE, 0, false),
        (9 * MIB, RECORD, 3, true),
        (16 * MIB, RECORD, 1, true),
    ] {
        let bytes = noise(len);
        let (harness, storage, id) = begin(fate(what, INTERNAL, nth, usize::MAX)).await;
        harness.storage.append(id, 0, body(bytes.clone()), u64::MAX).await.unwrap();
        assert_busy(storage.finish_upload(id).await.unwrap_err());
        let made = harness.storage.size(&harness.key("a.bin")).await;
        assert_eq!(made.is_ok(), is_made, "{len} {what} {nth}");
        if is_made {
            let status = harness.storage.upload_status(id).await.unwrap();
            assert_eq!(status.state, UploadState::Finishing);
            let more = harness.storage.append(id, len as u64, body("x"), u64::MAX).await;
            assert!(matches!(more, Err(StorageError::UploadClosed(_))));
        }
        assert_finishes(&harness, id, &bytes).await;
    }
}

#[tokio::test]
async fn removing_continues_after_an_outage_at_any_step() {
    for (what, nth) in [(RECORD, 0), ("DELETE uploadId", 0), ("DELETE /uploads/", 0), ("DELETE", 2)]
    {
        let (harness, storage, id) = begin(fate(what, INTERNAL, nth, usize::MAX)).await;
        harness.storage.append(id, 0, body(noise(9 * MIB)), u64::MAX).await.unwrap();
        assert_busy(storage.remove_upload(id).await.unwrap_err());
        if what != RECORD {
            let status = harness.storage.upload_status(id).await;
            assert!(matches!(status, Err(StorageError::NoUpload(_))));
        }
        harness.storage.remove_upload(id).await.unwrap();
        harness.assert_empty().await;
    }
}

/// Two processes write at the same time, and no lock keeps them apart: the first one stalls while a part is
/// on its way, and continues when the other has finished.
#[tokio::test]
async fn a_stalled_writer_changes_nothing() {
    let (harness, storage, id) = begin(|_| Fate::Pass).await;
    let (mine, theirs) = (noise(20 * MIB), vec![7; 20 * MIB]);
    let (stopping, stopped, go) = pausing_body(mine, 12 * MIB);
    let slow = tokio::spawn(async move { storage.append(id, 0, stopping, u64::MAX).await });
    stopped.notified().await;
    let at = 8 * MIB as u64;
    while harness.storage.upload_status(id).await.unwrap().offset != at {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let end = harness.storage.append(id, at, body(theirs.clone()), u64::MAX).await.unwrap();
    go.notify_one();
    let lost = slow.await.unwrap().unwrap_err();
    assert!(matches!(lost, StorageError::UploadConflict(_)), "{lost}");
    assert_eq!(harness.storage.upload_status(id).await.unwrap().offset, end);
    let expected: Vec<_> = noise(8 * MIB).into_iter().chain(theirs).collect();
    assert_finishes(&harness, id, &expected).await;
}
