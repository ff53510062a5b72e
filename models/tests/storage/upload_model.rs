//! Uploads against a model: whatever is appended, broken off and tried again, in whatever pieces, the object
//! is what was appended.

use huibao_models::storage::{StorageError, UploadId, sha256_hex};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::harness::{Backend, Harness, MIB, body, broken_body, noise};

/// What one request does.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Appends so many bytes.
    Append(usize),
    /// Appends so many bytes, after which the stream breaks.
    Break(usize),
    /// Appends a byte more than the limit allows, which is so many bytes from here.
    TooMuch(usize),
    /// Appends so many bytes behind the end.
    Gap(usize),
    /// Another process continues.
    Reopen,
}

/// Mostly small, or around the size of a part.
fn len() -> impl Strategy<Value = usize> {
    prop_oneof![0..2000_usize, 0..9 * MIB, (8 * MIB - 2..8 * MIB + 3), Just(8 * MIB)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => len().prop_map(Step::Append),
        2 => len().prop_map(Step::Break),
        1 => len().prop_map(Step::TooMuch),
        1 => (1..100_usize).prop_map(Step::Gap),
        2 => Just(Step::Reopen),
    ]
}

fn check(backend: Backend, cases: u32) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let runtime = Runtime::new().unwrap();
    let all = noise(110 * MIB);
    TestRunner::new(config)
        .run(&vec(step(), 0..12), |steps| {
            runtime.block_on(upload(backend, &all, &steps));
            Ok(())
        })
        .unwrap();
}

async fn upload(backend: Backend, all: &[u8], steps: &[Step]) {
    let harness = Harness::new(backend).await;
    let mut storage = harness.storage.clone();
    let id = UploadId::new();
    storage.create_upload(id, &harness.key("a.bin")).await.unwrap();
    let mut at = 0;
    for step in steps {
        match *step {
            Step::Append(len) => {
                let piece = body(&all[at..at + len]);
                at += len;
                let end = storage.append(id, (at - len) as u64, piece, at as u64).await.unwrap();
                assert_eq!(end, at as u64);
            }
            Step::Break(len) => {
                let piece = broken_body(all[at..at + len].to_vec());
                let broken = storage.append(id, at as u64, piece, u64::MAX).await;
                assert!(matches!(broken, Err(StorageError::Source(_))));
                at += len;
            }
            Step::TooMuch(len) => {
                let (piece, limit) = (body(&all[at..=at + len]), (at + len) as u64);
                let refused = storage.append(id, at as u64, piece, limit).await;
                assert!(matches!(refused, Err(StorageError::TooLarge { .. })));
                let offset = storage.upload_status(id).await.unwrap().offset;
                assert!((at as u64..=limit).contains(&offset));
                at = usize::try_from(offset).unwrap();
            }
            Step::Gap(len) => {
                let gap = storage.append(id, (at + len) as u64, body("abc"), u64::MAX).await;
                let Err(StorageError::WrongOffset { actual, .. }) = gap else { panic!("{gap:?}") };
                assert_eq!(actual, at as u64);
            }
            Step::Reopen => storage = harness.reopened().await,
        }
        assert_eq!(storage.upload_status(id).await.unwrap().offset, at as u64);
    }
    let stored = storage.finish_upload(id).await.unwrap();
    assert_eq!((stored.size_bytes, stored.sha256), (at as u64, sha256_hex(&all[..at])));
    assert!(harness.read("a.bin", None).await == all[..at]);
    storage.remove_upload(id).await.unwrap();
    storage.delete(&harness.key("a.bin")).await.unwrap();
    harness.assert_empty().await;
}

#[test]
fn a_folder_stores_what_was_appended() {
    check(Backend::Local, 48);
}

#[test]
fn a_bucket_stores_what_was_appended() {
    check(Backend::S3, 24);
}
