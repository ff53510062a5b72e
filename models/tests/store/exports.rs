//! Exports: asked for once, made by a job, kept for a while.

use std::time::Duration;

use huibao_models::domain::audit::AuditAction;
use huibao_models::domain::export::{ExportFile, ExportFormat, ExportSubject, KEPT};
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::{ExportId, PersonId, RoundId};
use huibao_models::domain::job::{Job, JobState};
use huibao_models::domain::person::LoginName;
use huibao_models::store::{
    AuditFilter, Claim, EXPORT_JOB, ExportFilter, ExportResult, JobFilter, NewPerson, RoundContent,
};

use crate::harness::{Harness, TEST};

on_every_engine! {
    an_export_is_as_far_as_its_job
    an_export_of_a_round_keeps_its_branches
    what_is_being_made_is_not_made_twice
    an_export_that_failed_says_why_and_can_be_asked_for_again
    exports_are_listed_for_those_who_asked
    what_has_expired_goes_with_its_job
    a_file_is_referred_to_from_its_commit_to_its_end
}

async fn person(harness: &Harness, name: &str) -> PersonId {
    let new = NewPerson::named(LoginName::parse(name).unwrap());
    let mut unit = harness.begin().await;
    assert!(unit.people().insert(&new).await.unwrap());
    unit.commit().await.unwrap();
    new.id
}

async fn request(harness: &Harness, who: PersonId, format: ExportFormat) -> ExportId {
    let subject = ExportSubject::Report(harness.report);
    let mut unit = harness.begin().await;
    let id = unit.exports().request(who, subject, &[], format).await.unwrap();
    unit.commit().await.unwrap();
    id
}

/// The jobs of exports, the newest first.
async fn jobs(harness: &Harness) -> Vec<Job> {
    let filter = JobFilter { kind: Some(EXPORT_JOB.into()), ..JobFilter::default() };
    harness.snapshot().await.jobs().list(&filter, 100).await.unwrap()
}

async fn claim(harness: &Harness) -> Claim {
    let message = jobs(harness).await[0].message();
    harness.store.claim(&message, &TEST, &harness.policy, harness.now).await.unwrap().unwrap()
}

fn result(harness: &Harness, claim: &Claim, export: ExportId, person: PersonId) -> ExportResult {
    let file = ExportFile {
        key: format!("exports/{export}/{}-export.docx", claim.token),
        name: "汇报.docx".into(),
        size_bytes: 3,
        sha256: "00".into(),
    };
    ExportResult { export, person, file, reports: vec![harness.report] }
}

async fn an_export_is_as_far_as_its_job(harness: Harness) {
    let who = person(&harness, "wang").await;
    let id = request(&harness, who, ExportFormat::Docx).await;
    let get =
        async || harness.snapshot().await.exports().get(id, harness.now).await.unwrap().unwrap();
    let export = get().await;
    assert_eq!((export.state, export.file), (JobState::Queued, None));
    assert_eq!(export.subject, ExportSubject::Report(harness.report));
    assert_eq!((export.requested_by, export.expires_at), (who, harness.now + KEPT));
    let claim = claim(&harness).await;
    assert_eq!(claim.payload, Some(serde_json::json!({ "export": id })));
    harness.store.renew(&claim, Duration::from_mins(1), 0.5, harness.now).await.unwrap().unwrap();
    assert_eq!((get().await.state, get().await.progress), (JobState::Running, 0.5));
    let made = result(&harness, &claim, id, who);
    harness.store.complete(&claim, &made, 5, None, harness.now).await.unwrap().unwrap();
    let export = get().await;
    assert_eq!((export.state, export.file), (JobState::Done, Some(made.file)));
    let of_report = AuditFilter {
        subject: Some(format!("report:{}", harness.report)),
        ..AuditFilter::default()
    };
    let log = harness.snapshot().await.audit().list(&of_report, 10).await.unwrap();
    let actions: Vec<_> = log.iter().map(|entry| entry.action.as_str()).collect();
    for action in [AuditAction::ExportRequested, AuditAction::ReportExported] {
        assert!(actions.contains(&action.as_str()), "{actions:?}");
    }
}

async fn what_is_being_made_is_not_made_twice(harness: Harness) {
    let who = person(&harness, "wang").await;
    let other = person(&harness, "zhao").await;
    let first = request(&harness, who, ExportFormat::Docx).await;
    assert_eq!(request(&harness, who, ExportFormat::Docx).await, first);
    assert_ne!(request(&harness, who, ExportFormat::Pdf).await, first);
    assert_ne!(request(&harness, other, ExportFormat::Docx).await, first);
    assert_eq!(jobs(&harness).await.len(), 3);
}

async fn an_export_that_failed_says_why_and_can_be_asked_for_again(harness: Harness) {
    let who = person(&harness, "wang").await;
    let id = request(&harness, who, ExportFormat::Pdf).await;
    let claim = claim(&harness).await;
    let failure = Failure::new(FailureCode::PdfFontMissing, "none");
    harness.store.fail(&claim, &failure, &harness.policy, harness.now).await.unwrap().unwrap();
    let export = harness.snapshot().await.exports().get(id, harness.now).await.unwrap().unwrap();
    assert_eq!((export.state, export.failure), (JobState::Dead, Some(failure)));
    assert_ne!(request(&harness, who, ExportFormat::Pdf).await, id);
}

async fn exports_are_listed_for_those_who_asked(harness: Harness) {
    let who = person(&harness, "wang").await;
    let other = person(&harness, "zhao").await;
    let docx = request(&harness, who, ExportFormat::Docx).await;
    let pdf = request(&harness, who, ExportFormat::Pdf).await;
    request(&harness, other, ExportFormat::Docx).await;
    let list = async |filter: ExportFilter, limit| {
        let mut snapshot = harness.snapshot().await;
        let found = snapshot.exports().of(who, &filter, limit, harness.now).await.unwrap();
        found.into_iter().map(|export| export.id).collect::<Vec<_>>()
    };
    let of_report = ExportFilter { report: Some(harness.report), ..ExportFilter::default() };
    assert_eq!(list(ExportFilter::default(), 10).await, [pdf, docx]);
    assert_eq!(list(of_report, 1).await, [pdf]);
    assert_eq!(list(ExportFilter { before: Some(pdf), ..of_report }, 10).await, [docx]);
    let of_round =
        ExportFilter { round: Some(uuid::Uuid::now_v7().into()), ..ExportFilter::default() };
    assert_eq!(list(of_round, 10).await, []);
}

async fn what_has_expired_goes_with_its_job(mut harness: Harness) {
    let who = person(&harness, "wang").await;
    let id = request(&harness, who, ExportFormat::Docx).await;
    let claim = claim(&harness).await;
    harness.now += KEPT + Duration::from_secs(1);
    let there = async |harness: &Harness| {
        harness.snapshot().await.exports().get(id, harness.now).await.unwrap()
    };
    assert_eq!(there(&harness).await, None, "it has expired");
    let prune = async |harness: &Harness| {
        let mut unit = harness.begin().await;
        let pruned = unit.exports().prune().await.unwrap();
        unit.commit().await.unwrap();
        pruned
    };
    assert_eq!(prune(&harness).await, 0, "a worker still makes it");
    let made = result(&harness, &claim, id, who);
    harness.store.complete(&claim, &made, 5, None, harness.now).await.unwrap().unwrap();
    assert_eq!(prune(&harness).await, 1);
    assert_eq!(jobs(&harness).await.len(), 0);
}

async fn a_file_is_referred_to_from_its_commit_to_its_end(mut harness: Harness) {
    let who = person(&harness, "wang").await;
    let id = request(&harness, who, ExportFormat::Docx).await;
    let references =
        async |harness: &Harness| harness.store.references(id.uuid(), id.uuid()).await.unwrap();
    assert!(references(&harness).await.running.is_empty());
    let claim = claim(&harness).await;
    assert!(references(&harness).await.running.contains(&(id.uuid(), claim.token)));
    let made = result(&harness, &claim, id, who);
    harness.store.complete(&claim, &made, 5, None, harness.now).await.unwrap().unwrap();
    let after = references(&harness).await;
    assert!(after.running.is_empty() && after.keys.contains(&made.file.key));
    harness.now += KEPT + Duration::from_secs(1);
    let mut unit = harness.begin().await;
    unit.exports().prune().await.unwrap();
    unit.commit().await.unwrap();
    assert!(references(&harness).await.keys.is_empty());
}

async fn an_export_of_a_round_keeps_its_branches(harness: Harness) {
    let who = person(&harness, "wang").await;
    let round = RoundId::new();
    let content = RoundContent {
        title: "第四季度".into(),
        period: "2026Q4".parse().unwrap(),
        kinds: vec![],
        instructions: String::new(),
        max_seconds: None,
        deadline: harness.now,
    };
    let (subject, branches) = (ExportSubject::Round(round), ["/a/b".parse().unwrap()]);
    let mut unit = harness.begin().await;
    unit.rounds().insert(round, &"/a".parse().unwrap(), &content).await.unwrap();
    let mut exports = unit.exports();
    let id = exports.request(who, subject, &branches, ExportFormat::Table).await.unwrap();
    let more = ["/a".parse().unwrap()];
    let other = exports.request(who, subject, &more, ExportFormat::Table).await.unwrap();
    assert_ne!(id, other, "who reviews more by now gets more");
    let export = exports.get(id, harness.now).await.unwrap().unwrap();
    assert_eq!((export.subject, export.branches), (subject, branches.to_vec()));
    unit.commit().await.unwrap();
}
