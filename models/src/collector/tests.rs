//! Over all that a storage and a database can hold: what is referred to stays.

use proptest::collection::{hash_set, vec};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::ids::SubmissionId;
use crate::storage::StorageKey;

/// Few reports and tokens, so that they meet often.
fn key() -> impl Strategy<Value = StorageKey> {
    let name = prop::sample::select(vec!["audio.wav", "2-a.mp4", "bag/data/original.mp4"]);
    (0..3_u128, 0..4_i64, name).prop_map(|(report, token, name)| {
        let report = SubmissionId::from(Uuid::from_u128(report));
        match token {
            0 => StorageKey::original(report, "mp4"),
            token => StorageKey::output(report, token, name),
        }
    })
}

fn references() -> impl Strategy<Value = References> {
    let running = hash_set((0..3_u128, 1..4_i64), 0..4);
    (vec(key(), 0..8), running).prop_map(|(keys, running)| References {
        keys: keys.iter().map(ToString::to_string).collect(),
        running: running.into_iter().map(|(id, token)| (Uuid::from_u128(id), token)).collect(),
    })
}

proptest! {
    #[test]
    fn only_what_nobody_needs_is_garbage(key in key(), references in references()) {
        let referenced = references.keys.contains(key.as_str());
        let running = references.running.iter().any(|(report, token)| {
            key.as_str().starts_with(&format!("submissions/{report}/{token}-"))
        });
        let object = StoredObject { key, size_bytes: 1, modified: Utc::now() };
        prop_assert_eq!(is_garbage(&object, &references), !referenced && !running);
    }
}

#[test]
fn what_names_no_report_is_left_alone() {
    let key = StorageKey::parse("reports/notes/1-readme.txt").unwrap();
    let object = StoredObject { key, size_bytes: 1, modified: DateTime::<Utc>::MIN_UTC };
    assert!(!is_garbage(&object, &References::default()));
}
