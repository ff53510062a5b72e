//! Good examples: shown while they are accepted and their authors agree, to those of their branch.

use huibao_models::domain::access::{Access, Action, Principal, Resource, may};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::audit::AuditAction;
use huibao_models::domain::ids::{PersonId, ReportId};
use huibao_models::domain::person::{Grant, LoginName, Role};
use huibao_models::domain::report::ReportState;
use huibao_models::domain::review::Verdict;
use huibao_models::domain::scope::Scopes;
use huibao_models::store::{AuditFilter, NewDecision, NewPerson, NewReport, Store, StoreError};

use crate::harness::Harness;

on_every_engine! {
    an_example_needs_an_accepted_report_and_consent
    what_is_taken_back_is_gone_at_once
    a_report_that_is_reviewed_again_is_no_example
    lists_show_what_may_be_opened
    examples_move
}

impl Harness {
    async fn verdict(&self, verdict: Verdict) {
        let mut unit = self.store.begin(Actor::Person(self.person), self.now).await.unwrap();
        let new = NewDecision { verdict, reasons: String::new(), read: 2 };
        unit.reviews().decide(self.report, &new).await.unwrap();
        unit.commit().await.unwrap();
    }

    async fn publish(&self) -> Result<(), StoreError> {
        let mut unit = self.store.begin(Actor::Person(self.person), self.now).await.unwrap();
        unit.examples().publish(self.report).await?;
        unit.commit().await.map(drop)
    }

    async fn consent(&self) -> Result<(), StoreError> {
        let mut unit = self.begin().await;
        unit.examples().consent(self.report).await?;
        unit.commit().await.map(drop)
    }

    async fn shown(&self) -> bool {
        let example = self.snapshot().await.examples().get(self.report).await.unwrap();
        example.is_some_and(|example| example.published.is_some())
    }
}

async fn an_example_needs_an_accepted_report_and_consent(harness: Harness) {
    harness.make_ready().await;
    let refused = |result: Result<(), StoreError>| {
        assert!(matches!(result, Err(StoreError::IllegalTransition { .. })), "{result:?}");
    };
    refused(harness.consent().await);
    refused(harness.publish().await);
    harness.verdict(Verdict::Accept).await;
    refused(harness.publish().await);
    harness.consent().await.unwrap();
    assert!(!harness.shown().await);
    harness.publish().await.unwrap();
    harness.publish().await.unwrap();
    let example = harness.snapshot().await.examples().get(harness.report).await.unwrap().unwrap();
    let published = example.published.unwrap();
    assert_eq!((published.by, published.at), (harness.person, harness.now));
    let filter = AuditFilter {
        action: Some(AuditAction::ExamplePublished.to_string()),
        ..AuditFilter::default()
    };
    let told = harness.snapshot().await.audit().list(&filter, 9).await.unwrap();
    assert_eq!(told.len(), 1, "it was published once");
}

async fn what_is_taken_back_is_gone_at_once(harness: Harness) {
    harness.make_ready().await;
    harness.verdict(Verdict::Accept).await;
    harness.consent().await.unwrap();
    harness.publish().await.unwrap();
    let mut unit = harness.begin().await;
    unit.examples().withdraw(harness.report).await.unwrap();
    unit.commit().await.unwrap();
    assert!(!harness.shown().await);
    harness.publish().await.unwrap();
    assert!(harness.shown().await, "its author still agrees");
    let mut unit = harness.begin().await;
    unit.examples().refuse(harness.report).await.unwrap();
    unit.commit().await.unwrap();
    assert!(!harness.shown().await);
    assert!(harness.publish().await.is_err());
}

async fn a_report_that_is_reviewed_again_is_no_example(harness: Harness) {
    harness.make_ready().await;
    harness.verdict(Verdict::Accept).await;
    harness.consent().await.unwrap();
    harness.publish().await.unwrap();
    harness.verdict(Verdict::Reopen).await;
    assert!(!harness.shown().await);
    harness.verdict(Verdict::Accept).await;
    assert!(harness.publish().await.is_err(), "its author agreed to what was accepted then");
}

async fn lists_show_what_may_be_opened(harness: Harness) {
    let new = NewPerson::named(LoginName::parse("li").unwrap());
    let author = new.id;
    let mut unit = harness.begin().await;
    unit.people().insert(&new).await.unwrap();
    unit.commit().await.unwrap();
    let mut ids = Vec::new();
    for branch in ["/", "/a", "/a/b", "/a/bb", "/c"] {
        for state in [ReportState::Accepted, ReportState::InReview] {
            let (id, branch) = (ReportId::new(), branch.parse().unwrap());
            let mut unit = harness.begin().await;
            let report = NewReport::anonymous(id, String::new(), String::new());
            unit.reports()
                .insert(&NewReport { author: Some(author), branch, ..report })
                .await
                .unwrap();
            for step in [ReportState::Submitted, ReportState::InReview, ReportState::Accepted] {
                unit.reports().set_state(id, step).await.unwrap();
            }
            unit.examples().consent(id).await.unwrap();
            unit.commit().await.unwrap();
            let mut unit =
                harness.store.begin(Actor::Person(harness.person), harness.now).await.unwrap();
            unit.examples().publish(id).await.unwrap();
            if state == ReportState::InReview {
                unit.reports().set_state(id, state).await.unwrap();
            }
            unit.commit().await.unwrap();
            ids.push(id);
        }
    }
    for (person, role, of) in [
        (author, Role::Activist, "/x"),
        (PersonId::new(), Role::Activist, "/a"),
        (PersonId::new(), Role::Activist, "/a/b/d"),
        (PersonId::new(), Role::Reviewer, "/a"),
        (PersonId::new(), Role::Reviewer, "/"),
        (PersonId::new(), Role::Operator, "/"),
        (PersonId::new(), Role::Operator, "/c"),
    ] {
        let grants = vec![Grant { role, branch: of.parse().unwrap() }];
        let who = Principal { person, grants, contacts: vec![], scopes: Scopes::all() };
        let mut snapshot = harness.snapshot().await;
        let listed = snapshot.examples().newest_for(&who.example_scope(), 50).await.unwrap();
        let mut listed: Vec<_> = listed.iter().map(|(one, _)| one.report.id).collect();
        let mut allowed = Vec::new();
        for id in &ids {
            let report = snapshot.reports().get(*id).await.unwrap().unwrap();
            let what = Resource::Example {
                author: report.author,
                branch: &report.branch,
                state: report.state,
                published: true,
            };
            if may(&who, Action::SeeExample, &what) == Access::Allowed {
                allowed.push(*id);
            }
        }
        listed.sort();
        assert_eq!(listed, allowed, "{role} {of}");
        assert!(!listed.is_empty());
    }
}

async fn examples_move(harness: Harness) {
    harness.make_ready().await;
    harness.verdict(Verdict::Accept).await;
    harness.consent().await.unwrap();
    harness.publish().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = Store::open_sqlite(&folder.path().join("other.db")).await.unwrap();
    let rows = harness.store.report_rows(harness.report).await.unwrap().unwrap();
    other.adopt(&rows, harness.now).await.unwrap();
    assert!(other.report_rows(harness.report).await.unwrap().unwrap().same_as(&rows));
    let example = other.snapshot().await.unwrap().examples().get(harness.report).await.unwrap();
    assert!(example.unwrap().published.is_some());
}
