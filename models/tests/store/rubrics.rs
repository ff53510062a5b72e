//! Rubrics: the nearest branch asks, answers keep what was asked, decisions tell what was left open.

use chrono::TimeDelta;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::audit::AuditAction;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::ids::{PersonId, QuestionId};
use huibao_models::domain::report::{ReportKind, ReportState};
use huibao_models::domain::review::{Anchor, Verdict};
use huibao_models::domain::rubric::{Answer, Question, Rubric};
use huibao_models::store::{AuditFilter, NewAnswer, NewDecision, Store, StoreError};

use crate::harness::Harness;

on_every_engine! {
    the_nearest_branch_above_asks
    a_rubric_is_changed_by_who_has_read_it
    an_answer_is_its_writers_and_keeps_what_was_asked
    what_is_decided_is_not_answered
    a_decision_tells_what_was_open
    rubrics_and_answers_move
}

const KIND: ReportKind = ReportKind::Other;

fn branch(text: &str) -> BranchPath {
    text.parse().unwrap()
}

impl Harness {
    async fn ask(&self, of: &str, texts: &[&str], read: u32) -> Result<Rubric, StoreError> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        let mut unit = self.begin().await;
        let set = unit.rubrics().set(&branch(of), KIND, &texts, read).await?;
        unit.commit().await.unwrap();
        Ok(set)
    }

    async fn questions(&self, of: &str) -> Vec<Question> {
        self.snapshot().await.rubrics().questions(&branch(of), KIND).await.unwrap()
    }

    async fn answer_as(
        &self,
        person: PersonId,
        question: QuestionId,
        text: &str,
        read: u32,
    ) -> Result<Answer, StoreError> {
        let at = self.now + TimeDelta::seconds(i64::from(read));
        let mut unit = self.store.begin(Actor::Person(person), at).await.unwrap();
        let evidence = vec![Anchor::Time { ms: 1500 }, Anchor::Written { quote: "一".into() }];
        let new = NewAnswer { question, text: text.into(), evidence, read };
        let made = unit.rubrics().answer(self.report, &new).await?;
        unit.commit().await.unwrap();
        Ok(made)
    }

    async fn answers(&self) -> Vec<Answer> {
        self.snapshot().await.rubrics().answers(self.submission).await.unwrap()
    }

    async fn judge(&self, verdict: Verdict) {
        let mut unit = self.store.begin(Actor::Person(self.person), self.now).await.unwrap();
        let new = NewDecision { verdict, reasons: String::new(), read: 2 };
        unit.reviews().decide(self.report, &new).await.unwrap();
        unit.commit().await.unwrap();
    }
}

async fn the_nearest_branch_above_asks(harness: Harness) {
    assert_eq!(harness.questions("/a/b").await, []);
    let root = harness.ask("/", &["根？"], 0).await.unwrap();
    let college = harness.ask("/a", &["院一？", "院二？"], 0).await.unwrap();
    assert_eq!((college.revision, college.questions.len()), (1, 2));
    for (of, expected) in
        [("/a/b", &college), ("/a", &college), ("/aa", &root), ("/", &root), ("/c/d", &root)]
    {
        assert_eq!(harness.questions(of).await, expected.questions, "{of}");
    }
    // One without questions asks nothing of its own.
    harness.ask("/a", &[], 1).await.unwrap();
    assert_eq!(harness.questions("/a/b").await, root.questions);
    let mut snapshot = harness.snapshot().await;
    let other = snapshot.rubrics().questions(&branch("/a"), ReportKind::Oath).await.unwrap();
    assert_eq!(other, [], "it is another kind");
    let around = async |of, below| {
        let mut snapshot = harness.snapshot().await;
        let rubrics = snapshot.rubrics().around(&branch(of), below).await.unwrap();
        rubrics.iter().map(|rubric| rubric.branch.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(around("/", true).await, ["/", "/a"]);
    assert_eq!(around("/", false).await, ["/"]);
    assert_eq!(around("/a/b", false).await, ["/", "/a"]);
}

async fn a_rubric_is_changed_by_who_has_read_it(harness: Harness) {
    let first = harness.ask("/a", &["一？", "二？"], 0).await.unwrap();
    for stale in [0, 2] {
        let error = harness.ask("/a", &["三？"], stale).await.unwrap_err();
        assert!(matches!(error, StoreError::Outdated { .. }), "{error}");
    }
    let second = harness.ask("/a", &["二？", "三？"], 1).await.unwrap();
    assert_eq!(second.revision, 2);
    assert_eq!(second.questions[0], first.questions[1], "the same words are the same question");
    assert_ne!(second.questions[1].id, first.questions[0].id);
    let filter = AuditFilter {
        action: Some(AuditAction::RubricChanged.to_string()),
        ..AuditFilter::default()
    };
    let entries = harness.snapshot().await.audit().list(&filter, 9).await.unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].subject.as_str(), "branch:/a");
}

async fn an_answer_is_its_writers_and_keeps_what_was_asked(harness: Harness) {
    let asked = harness.ask("/", &["一？"], 0).await.unwrap().questions[0].clone();
    let early = harness.answer_as(harness.person, asked.id, "有", 0).await.unwrap_err();
    assert!(matches!(early, StoreError::IllegalTransition { .. }), "nothing can be read: {early}");
    harness.make_ready().await;
    let unknown = harness.answer_as(harness.person, QuestionId::new(), "有", 0).await.unwrap_err();
    assert!(matches!(unknown, StoreError::NoSuchRow { .. }), "{unknown}");
    let first = harness.answer_as(harness.person, asked.id, "有", 0).await.unwrap();
    assert_eq!((first.revision, first.evidence.len(), first.changed_at), (1, 2, harness.now));
    let report = harness.snapshot().await.reports().get(harness.report).await.unwrap().unwrap();
    assert_eq!(report.state, ReportState::InReview);

    let other = PersonId::new();
    harness.answer_as(other, asked.id, "没有", 0).await.unwrap();
    let stale = harness.answer_as(harness.person, asked.id, "又", 0).await.unwrap_err();
    assert!(matches!(stale, StoreError::Outdated { .. }), "{stale}");
    harness.ask("/", &["二？"], 1).await.unwrap();
    let later = harness.answer_as(harness.person, asked.id, "确有", 1).await.unwrap();
    assert_eq!((later.revision, later.question), (2, asked.clone()));
    assert!(later.changed_at > first.changed_at);
    let answers = harness.answers().await;
    let texts: Vec<_> = answers.iter().map(|it| (it.person, it.text.as_str())).collect();
    assert_eq!(texts, [(harness.person, "确有"), (other, "没有")]);
    assert!(answers.iter().all(|answer| answer.question == asked));
    // It is not asked any more, so nobody begins to answer it.
    let late = harness.answer_as(PersonId::new(), asked.id, "有", 0).await.unwrap_err();
    assert!(matches!(late, StoreError::NoSuchRow { .. }), "{late}");
}

async fn what_is_decided_is_not_answered(harness: Harness) {
    let asked = harness.ask("/", &["一？"], 0).await.unwrap().questions[0].id;
    harness.make_ready().await;
    harness.judge(Verdict::Accept).await;
    let error = harness.answer_as(harness.person, asked, "有", 0).await.unwrap_err();
    assert!(matches!(error, StoreError::IllegalTransition { .. }), "{error}");
    harness.judge(Verdict::Reopen).await;
    harness.answer_as(harness.person, asked, "有", 0).await.unwrap();
}

async fn a_decision_tells_what_was_open(harness: Harness) {
    let rubric = harness.ask("/", &["一？", "二？"], 0).await.unwrap();
    harness.make_ready().await;
    harness.answer_as(harness.person, rubric.questions[0].id, "有", 0).await.unwrap();
    harness.judge(Verdict::Accept).await;
    harness.ask("/", &["三？"], 1).await.unwrap();
    let decisions = harness.snapshot().await.reviews().decisions(harness.report).await.unwrap();
    assert_eq!(decisions[0].open_questions, ["二？"], "as it was when it was decided");
}

async fn rubrics_and_answers_move(harness: Harness) {
    let asked = harness.ask("/", &["一？"], 0).await.unwrap().questions[0].id;
    harness.make_ready().await;
    harness.answer_as(harness.person, asked, "有", 0).await.unwrap();
    harness.judge(Verdict::Accept).await;
    let folder = tempfile::tempdir().unwrap();
    let other = Store::open_sqlite(&folder.path().join("other.db")).await.unwrap();
    let accounts = harness.store.account_rows().await.unwrap();
    other.adopt_accounts(&accounts, harness.now).await.unwrap();
    let rows = harness.store.report_rows(harness.report).await.unwrap().unwrap();
    other.adopt(&rows, harness.now).await.unwrap();
    assert!(other.report_rows(harness.report).await.unwrap().unwrap().same_as(&rows));
    let mut snapshot = other.snapshot().await.unwrap();
    let answers = snapshot.rubrics().answers(harness.submission).await.unwrap();
    assert_eq!(answers.len(), 1);
    assert_eq!(snapshot.rubrics().questions(&branch("/"), KIND).await.unwrap()[0].id, asked);
}
