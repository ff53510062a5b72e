//! The audit log: it tells of changes with them, cannot be changed, and its chain shows if it was.

use huibao_models::checkpoint::CheckpointKey;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::audit::{AuditAction, ChainHash, Subject};
use huibao_models::domain::person::{LoginName, Role};
use huibao_models::store::{AuditFilter, NewPerson};
use serde_json::json;

use crate::harness::Harness;

on_every_engine! {
    changes_tell_of_themselves_with_who_and_from_where
    what_is_not_committed_is_not_told
    entries_join_one_chain_in_which_every_hash_is_right
    nothing_in_the_log_can_be_changed_or_removed
    writers_do_not_wait_for_each_other
    lists_are_filtered_and_go_on_where_they_ended
}

async fn record(harness: &Harness, count: usize) {
    let mut unit = harness.begin().await;
    for number in 0..count {
        let detail = json!({ "number": number });
        unit.audit().record(AuditAction::ReportViewed, Subject::system(), detail).await.unwrap();
    }
    unit.commit().await.unwrap();
}

async fn seal(harness: &Harness) -> u32 {
    let mut unit = harness.begin().await;
    let sealed = unit.audit().seal(1000).await.unwrap();
    unit.commit().await.unwrap();
    sealed
}

async fn changes_tell_of_themselves_with_who_and_from_where(harness: Harness) {
    let new = NewPerson::named(LoginName::parse("li").unwrap());
    let operator = huibao_models::domain::ids::PersonId::new();
    let unit = harness.store.begin(Actor::Person(operator), harness.now).await.unwrap();
    let mut unit = unit.from_address("192.0.2.7".parse().unwrap());
    unit.people().insert(&new).await.unwrap();
    let grant = huibao_models::domain::person::Grant {
        role: Role::Reviewer,
        branch: "/a/b".parse().unwrap(),
    };
    assert!(unit.people().grant(new.id, &grant).await.unwrap());
    assert!(!unit.people().grant(new.id, &grant).await.unwrap(), "once more is nothing");
    unit.people().set_disabled(new.id, true).await.unwrap();
    unit.people().set_disabled(new.id, true).await.unwrap();
    unit.commit().await.unwrap();
    let filter = AuditFilter {
        subject: Some(Subject::from(new.id).as_str().to_owned()),
        ..AuditFilter::default()
    };
    let entries = harness.snapshot().await.audit().list(&filter, 10).await.unwrap();
    let actions: Vec<_> = entries.iter().rev().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["person_added", "granted", "person_disabled"]);
    for entry in &entries {
        assert_eq!(entry.actor, Actor::Person(operator).to_string());
        assert_eq!(entry.person, Some(operator));
        assert_eq!(entry.address, Some("192.0.2.7".parse().unwrap()));
        assert_eq!(entry.at, harness.now);
    }
    assert_eq!(entries[1].detail, r#"{"branch":"/a/b","role":"reviewer"}"#);
}

async fn what_is_not_committed_is_not_told(harness: Harness) {
    let before = harness.snapshot().await.audit().counts().await.unwrap();
    let mut unit = harness.begin().await;
    unit.people().insert(&NewPerson::named(LoginName::parse("li").unwrap())).await.unwrap();
    drop(unit);
    assert_eq!(harness.snapshot().await.audit().counts().await.unwrap(), before);
}

async fn entries_join_one_chain_in_which_every_hash_is_right(harness: Harness) {
    let (before, _) = harness.snapshot().await.audit().counts().await.unwrap();
    record(&harness, 5).await;
    assert_eq!(u64::from(seal(&harness).await), before + 5);
    assert_eq!(seal(&harness).await, 0);
    record(&harness, 3).await;
    assert_eq!(seal(&harness).await, 3);
    let mut snapshot = harness.snapshot().await;
    let links = snapshot.audit().chain(0, 1000).await.unwrap();
    assert_eq!(links.len() as u64, before + 8);
    let mut hash = ChainHash::GENESIS;
    for (link, seq) in links.iter().zip(1..) {
        // As it was read from this engine: what it keeps is what was hashed.
        hash = hash.followed_by(&link.entry);
        assert_eq!((link.seq, link.hash), (seq, hash));
    }
    let head = snapshot.audit().head().await.unwrap();
    assert_eq!((head.entries, head.hash), (before + 8, hash));
    assert_eq!(snapshot.audit().counts().await.unwrap(), (before + 8, 0));
    drop(snapshot);
    let key = CheckpointKey::from_bytes(&[7; 32]);
    let mut unit = harness.begin().await;
    unit.audit().add_checkpoint(&head, &key.sign(&head)).await.unwrap();
    unit.commit().await.unwrap();
    let notes = harness.snapshot().await.audit().checkpoints().await.unwrap();
    assert_eq!(key.public().verify(&notes[0].0).unwrap(), head);
}

async fn nothing_in_the_log_can_be_changed_or_removed(harness: Harness) {
    record(&harness, 2).await;
    seal(&harness).await;
    let head = harness.snapshot().await.audit().head().await.unwrap();
    let mut unit = harness.begin().await;
    unit.audit().add_checkpoint(&head, "note").await.unwrap();
    unit.commit().await.unwrap();
    for change in [
        "UPDATE audit_entries SET actor = 'nobody'",
        "DELETE FROM audit_entries",
        "UPDATE audit_chain SET seq = seq + 1",
        "DELETE FROM audit_chain",
        "UPDATE audit_checkpoints SET note = ''",
        "DELETE FROM audit_checkpoints",
    ] {
        let error = harness.statement(change).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{change}: {error}");
    }
}

/// On PostgreSQL, a unit of work with an entry does not hold up another one; with a chain in which each writer
/// needs the hash before, it would.
async fn writers_do_not_wait_for_each_other(harness: Harness) {
    if harness.url.starts_with("sqlite:") {
        // It has one writer anyway.
        return;
    }
    let mut first = harness.begin().await;
    first.audit().record(AuditAction::Refused, Subject::system(), json!({})).await.unwrap();
    let others = async {
        record(&harness, 1).await;
        seal(&harness).await;
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), others).await.unwrap();
    first.commit().await.unwrap();
    // Its entry is older than those in the chain, and joins it all the same.
    assert_eq!(seal(&harness).await, 1);
}

async fn lists_are_filtered_and_go_on_where_they_ended(harness: Harness) {
    record(&harness, 5).await;
    let mut snapshot = harness.snapshot().await;
    let action = Some(AuditAction::ReportViewed.as_str().to_owned());
    let mut filter = AuditFilter { action, ..AuditFilter::default() };
    let mut seen = Vec::new();
    loop {
        let page = snapshot.audit().list(&filter, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        filter.before = Some(last.id);
        seen.extend(page);
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|one, next| one.id > next.id));
    filter.before = None;
    filter.person = Some(huibao_models::domain::ids::PersonId::new());
    assert_eq!(snapshot.audit().list(&filter, 2).await.unwrap(), []);
    filter.person = None;
    filter.subject = Some("system".into());
    assert_eq!(snapshot.audit().list(&filter, 9).await.unwrap().len(), 5);
}
