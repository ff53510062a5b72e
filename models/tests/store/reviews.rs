//! Reviews: decisions are pinned to what was read, comments reach those whom they are for.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::audit::AuditAction;
use huibao_models::domain::correction::{Correction, ReadSegment};
use huibao_models::domain::ids::{CommentId, PersonId, ReportId, SubmissionId};
use huibao_models::domain::job::JobState;
use huibao_models::domain::notice::NoticeEvent;
use huibao_models::domain::person::{Grant, LoginName, Role};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::ReportState;
use huibao_models::domain::review::{Anchor, Comment, Verdict};
use huibao_models::domain::submission::FileKind;
use huibao_models::store::{
    AuditFilter, NewComment, NewDecision, NewPerson, NewReport, StoreError, UnitOfWork,
};

use crate::harness::{Harness, new_report, new_submission};

on_every_engine! {
    a_decision_is_pinned_to_what_was_read
    what_cannot_be_read_is_not_reviewed
    a_correction_begins_a_review_and_makes_a_decision_stale
    a_decision_is_reopened_and_made_again
    a_decision_makes_the_archive_again
    comments_are_answered_settled_and_removed
    comments_are_told_to_the_other_side_once
}

impl Harness {
    async fn begin_as(&self, person: PersonId) -> UnitOfWork {
        self.store.begin(Actor::Person(person), self.now).await.unwrap()
    }

    async fn decide(&self, verdict: Verdict, read: u32) -> Result<(), StoreError> {
        let mut unit = self.begin_as(self.person).await;
        let new = NewDecision { verdict, reasons: "请补充日期".into(), read };
        unit.reviews().decide(self.report, &new).await?;
        unit.commit().await.map(drop)
    }

    async fn report_state(&self) -> ReportState {
        self.snapshot().await.reports().get(self.report).await.unwrap().unwrap().state
    }

    async fn audited(&self) -> Vec<String> {
        let filter = AuditFilter::default();
        let entries = self.snapshot().await.audit().list(&filter, 20).await.unwrap();
        entries.into_iter().map(|entry| entry.action).collect()
    }

    async fn comments(&self) -> Vec<Comment> {
        self.snapshot().await.comments().of(self.report).await.unwrap()
    }

    fn remark(&self, parent: Option<CommentId>, shared: bool) -> NewComment {
        NewComment {
            report: self.report,
            submission: self.submission,
            parent,
            text: "哪一天？".into(),
            anchor: Anchor::Time { ms: 1500 },
            shared,
        }
    }

    async fn comment(&self, by: PersonId, new: &NewComment) -> CommentId {
        let mut unit = self.begin_as(by).await;
        let id = unit.comments().add(new).await.unwrap();
        unit.commit().await.unwrap();
        id
    }
}

async fn a_decision_is_pinned_to_what_was_read(harness: Harness) {
    harness.make_ready().await;
    for other in [1, 3] {
        let error = harness.decide(Verdict::Accept, other).await.unwrap_err();
        assert!(matches!(error, StoreError::Outdated { .. }), "{error}");
    }
    assert_eq!(harness.report_state().await, ReportState::Submitted, "nothing is half done");
    harness.decide(Verdict::Accept, 2).await.unwrap();
    assert_eq!(harness.report_state().await, ReportState::Accepted);
    let decisions = harness.snapshot().await.reviews().decisions(harness.report).await.unwrap();
    let [decision] = &decisions[..] else { panic!("{decisions:?}") };
    assert_eq!((decision.verdict, decision.person), (Verdict::Accept, harness.person));
    assert_eq!((decision.submission, decision.submission_version), (harness.submission, 1));
    assert_eq!((decision.transcript_version, decision.stale), (2, false));
    assert_eq!((decision.reasons.as_str(), decision.at), ("请补充日期", harness.now));
    let audited = harness.audited().await;
    for action in [AuditAction::ReportDecided, AuditAction::ReviewBegun] {
        assert!(audited.contains(&action.to_string()), "{audited:?}");
    }
}

async fn what_cannot_be_read_is_not_reviewed(harness: Harness) {
    let refused = async || {
        let error = harness.decide(Verdict::Accept, 2).await.unwrap_err();
        assert!(matches!(error, StoreError::IllegalTransition { .. }), "{error}");
    };
    refused().await;
    harness.make_ready().await;
    let mut unit = harness.begin().await;
    unit.reports().set_state(harness.report, ReportState::Withdrawn).await.unwrap();
    unit.commit().await.unwrap();
    refused().await;
    assert_eq!(harness.report_state().await, ReportState::Withdrawn);
}

async fn a_correction_begins_a_review_and_makes_a_decision_stale(harness: Harness) {
    harness.make_ready().await;
    let correct = async |from: &str, to: &str| {
        let replaced = vec![ReadSegment { id: 1, text: from.into() }];
        let correction = Correction { replaced, by: vec![to.into()] };
        let mut unit = harness.begin_as(harness.person).await;
        let made = unit.reviews().correct(harness.report, &correction).await.unwrap();
        unit.commit().await.unwrap();
        made.version
    };
    let text = harness.transcript().await.unwrap().segments[0].text.clone();
    assert_eq!(correct(&text, "一").await, 3);
    assert_eq!(harness.report_state().await, ReportState::InReview);
    let mut unit = harness.begin().await;
    let withdrawn = unit.reports().set_state(harness.report, ReportState::Withdrawn).await;
    assert!(withdrawn.is_err(), "somebody works on it");
    drop(unit);

    harness.decide(Verdict::Accept, 3).await.unwrap();
    let stale = async || {
        harness.snapshot().await.reviews().decisions(harness.report).await.unwrap()[0].stale
    };
    assert!(!stale().await);
    correct("一", "二").await;
    assert!(stale().await);
    let mut unit = harness.begin_as(harness.person).await;
    unit.reviews().undo(harness.report, 4).await.unwrap();
    unit.commit().await.unwrap();
    assert!(stale().await, "it is another version, even with the same words");
}

async fn a_decision_is_reopened_and_made_again(harness: Harness) {
    harness.make_ready().await;
    harness.decide(Verdict::Accept, 2).await.unwrap();
    assert!(harness.decide(Verdict::Return, 2).await.is_err(), "it is accepted");
    harness.decide(Verdict::Reopen, 2).await.unwrap();
    assert_eq!(harness.report_state().await, ReportState::InReview);
    harness.decide(Verdict::Return, 2).await.unwrap();
    assert_eq!(harness.report_state().await, ReportState::Returned);
    assert!(harness.decide(Verdict::Reopen, 2).await.is_err(), "its author works on it");
    let decisions = harness.snapshot().await.reviews().decisions(harness.report).await.unwrap();
    let verdicts: Vec<_> = decisions.iter().map(|decision| decision.verdict).collect();
    assert_eq!(verdicts, [Verdict::Return, Verdict::Reopen, Verdict::Accept]);
}

async fn a_decision_makes_the_archive_again(harness: Harness) {
    harness.make_ready().await;
    harness.decide(Verdict::Accept, 2).await.unwrap();
    let job = harness.job(Stage::Archive).await;
    assert_eq!((job.state, job.attempt), (JobState::Queued, 0));
    // Another decision before that is done needs no further one.
    harness.decide(Verdict::Reopen, 2).await.unwrap();
    harness.work(Stage::Archive).await;
    let bags = harness.files().await.into_iter().filter(|file| file.kind == FileKind::Bag).count();
    assert_eq!(bags, 2);
    assert_eq!(harness.job(Stage::Archive).await.state, JobState::Done);
}

async fn comments_are_answered_settled_and_removed(harness: Harness) {
    harness.make_ready().await;
    let (one, two) = (harness.person, PersonId::new());
    let first = harness.comment(one, &harness.remark(None, true)).await;
    let answer =
        NewComment { anchor: Anchor::Report, shared: false, ..harness.remark(Some(first), false) };
    let answer = harness.comment(two, &answer).await;
    let mut unit = harness.begin_as(one).await;
    // Threads have one level.
    let error = unit.comments().add(&harness.remark(Some(answer), true)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchRow { .. }), "{error}");
    unit.comments().edit(harness.report, first, "哪一年？").await.unwrap();
    unit.comments().resolve(harness.report, first, true).await.unwrap();
    unit.commit().await.unwrap();

    let comments = harness.comments().await;
    let ids: Vec<_> = comments.iter().map(|comment| (comment.id, comment.parent)).collect();
    assert_eq!(ids, [(first, None), (answer, Some(first))]);
    assert_eq!(comments[0].text, "哪一年？");
    assert_eq!(
        (comments[0].edited_at, comments[0].resolved_at),
        (Some(harness.now), Some(harness.now))
    );
    assert_eq!(comments[1].anchor, comments[0].anchor, "an answer is where its comment is");
    assert!(comments[1].shared);
    assert_eq!(harness.report_state().await, ReportState::Submitted, "words alone are no review");

    let mut unit = harness.begin_as(one).await;
    unit.comments().resolve(harness.report, first, false).await.unwrap();
    unit.comments().remove(harness.report, first).await.unwrap();
    unit.commit().await.unwrap();
    let comments = harness.comments().await;
    assert_eq!((comments.len(), comments[0].text.as_str()), (2, ""), "its answer needs it");
    assert!(comments[0].removed_at.is_some() && comments[0].resolved_at.is_none());
    let mut unit = harness.begin_as(two).await;
    unit.comments().remove(harness.report, answer).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(harness.comments().await.len(), 1);
}

async fn comments_are_told_to_the_other_side_once(mut harness: Harness) {
    let mut people = Vec::new();
    for (name, role) in
        [("li", Role::Activist), ("zhang", Role::Reviewer), ("wang", Role::Reviewer)]
    {
        let new = NewPerson::named(LoginName::parse(name).unwrap());
        let grant = Grant { role, branch: "/a".parse().unwrap() };
        let mut unit = harness.begin().await;
        unit.people().insert(&new).await.unwrap();
        unit.people().grant(new.id, &grant).await.unwrap();
        unit.commit().await.unwrap();
        people.push(new.id);
    }
    let [author, zhang, wang] = people[..] else { unreachable!() };
    (harness.report, harness.submission) = report_of(&harness, author).await;

    let told = async |person| {
        let notices = harness.snapshot().await.notices().of(person, None, 20).await.unwrap();
        notices.iter().filter(|notice| notice.event == NoticeEvent::Commented).count()
    };
    harness.comment(zhang, &harness.remark(None, false)).await;
    assert_eq!(told(author).await, 0, "it is not for them");
    let shared = harness.comment(zhang, &harness.remark(None, true)).await;
    harness.comment(wang, &harness.remark(Some(shared), true)).await;
    assert_eq!((told(author).await, told(zhang).await), (1, 0), "they have not looked yet");
    harness.comment(author, &harness.remark(None, true)).await;
    assert_eq!((told(author).await, told(zhang).await, told(wang).await), (1, 1, 1));
}

async fn report_of(harness: &Harness, author: PersonId) -> (ReportId, SubmissionId) {
    let new = NewReport { author: Some(author), branch: "/a".parse().unwrap(), ..new_report() };
    let submission = new_submission(new.id);
    let mut unit = harness.begin().await;
    assert!(unit.reports().insert(&new).await.unwrap());
    unit.submissions().hand_in(&submission).await.unwrap();
    unit.commit().await.unwrap();
    (new.id, submission.id)
}
