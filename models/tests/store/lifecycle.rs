//! The life of reports, submissions and jobs: illegal transitions are refused by the store.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::{JobState, RetryPolicy};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::ReportState;
use huibao_models::domain::submission::SubmissionState;
use huibao_models::store::{Claim, Continuation, NewSubmission, StoreError};

use crate::harness::{Harness, LEASE, TEST, hand_in, new_report, new_submission, outcome, stages};

on_every_engine! {
    a_report_only_goes_where_it_may
    a_submission_only_goes_where_it_may
    what_does_not_exist_is_told
    nothing_is_handed_in_where_it_may_not
    a_returned_report_is_handed_in_again
    submissions_that_are_handed_in_together_are_counted
    whatever_happens_to_jobs_is_legal
}

/// A report in this state.
async fn report_in(harness: &Harness, state: ReportState) -> ReportId {
    use ReportState::{Accepted, Draft, InReview, Returned, Submitted, Withdrawn};
    let path: &[ReportState] = match state {
        Draft => &[],
        Submitted => &[Submitted],
        InReview => &[Submitted, InReview],
        Accepted => &[Submitted, InReview, Accepted],
        Returned => &[Submitted, InReview, Returned],
        Withdrawn => &[Withdrawn],
    };
    let report = new_report();
    let mut unit = harness.begin().await;
    unit.reports().insert(&report).await.unwrap();
    for next in path {
        unit.reports().set_state(report.id, *next).await.unwrap();
    }
    unit.commit().await.unwrap();
    report.id
}

async fn a_report_only_goes_where_it_may(harness: Harness) {
    for from in ReportState::ALL {
        for to in ReportState::ALL {
            let report = report_in(&harness, *from).await;
            let mut unit = harness.begin().await;
            let moved = unit.reports().set_state(report, *to).await;
            unit.commit().await.unwrap();
            let stored = harness.snapshot().await.reports().get(report).await.unwrap().unwrap();
            if from.may_become(*to) {
                moved.unwrap();
                assert_eq!(stored.state, *to, "from {from}");
            } else {
                let error = moved.unwrap_err();
                let refused = matches!(error, StoreError::IllegalTransition { .. });
                assert!(refused, "{from} to {to}: {error}");
                assert_eq!(stored.state, *from, "to {to}");
            }
        }
    }
}

/// A submission in this state.
async fn submission_in(harness: &Harness, state: SubmissionState) -> SubmissionId {
    use SubmissionState::{Failed, Processing, Ready, Submitted};
    let path: &[SubmissionState] = match state {
        Submitted => &[],
        Processing => &[Processing],
        Ready => &[Processing, Ready],
        Failed => &[Failed],
    };
    let (_, submission, _) = hand_in(&harness.store, harness.now).await;
    for next in path {
        let mut unit = harness.begin().await;
        unit.submissions().set_state(submission, *next, None).await.unwrap();
        unit.commit().await.unwrap();
    }
    submission
}

async fn a_submission_only_goes_where_it_may(harness: Harness) {
    let failure = Failure::new(FailureCode::NotMedia, "text");
    for from in SubmissionState::ALL {
        for to in SubmissionState::ALL {
            let submission = submission_in(&harness, *from).await;
            let mut unit = harness.begin().await;
            let moved = unit.submissions().set_state(submission, *to, Some(&failure)).await;
            unit.commit().await.unwrap();
            let mut snapshot = harness.snapshot().await;
            let stored = snapshot.submissions().get(submission).await.unwrap().unwrap();
            // What can be read stays so, whatever its jobs do.
            let stays = *from == SubmissionState::Ready;
            if stays || from == to || from.may_become(*to) {
                moved.unwrap();
                assert_eq!(stored.state, if stays { *from } else { *to }, "from {from}");
                let failed = stored.state == SubmissionState::Failed;
                assert_eq!(stored.failure.is_some(), failed, "{from} to {to}");
            } else {
                let error = moved.unwrap_err();
                let refused = matches!(error, StoreError::IllegalTransition { .. });
                assert!(refused, "{from} to {to}: {error}");
                assert_eq!((stored.state, stored.failure), (*from, None), "to {to}");
            }
        }
    }
}

async fn what_does_not_exist_is_told(harness: Harness) {
    let mut unit = harness.begin().await;
    let error = unit.reports().set_state(ReportId::new(), ReportState::Submitted).await;
    assert!(matches!(error, Err(StoreError::NoSuchRow { what: "report", .. })), "{error:?}");
    let error = unit.submissions().hand_in(&new_submission(ReportId::new())).await;
    assert!(matches!(error, Err(StoreError::NoSuchRow { what: "report", .. })), "{error:?}");
    let unknown = SubmissionId::new();
    let error = unit.submissions().set_state(unknown, SubmissionState::Processing, None).await;
    assert!(matches!(error, Err(StoreError::NoSuchRow { what: "submission", .. })), "{error:?}");
}

async fn nothing_is_handed_in_where_it_may_not(harness: Harness) {
    let report = report_in(&harness, ReportState::Accepted).await;
    let new = new_submission(report);
    let mut unit = harness.begin().await;
    let error = unit.submissions().hand_in(&new).await.unwrap_err();
    assert!(matches!(error, StoreError::IllegalTransition { what: "report", .. }), "{error}");
    assert_eq!(unit.commit().await.unwrap(), []);
    let mut snapshot = harness.snapshot().await;
    assert!(snapshot.submissions().get(new.id).await.unwrap().is_none());
    assert!(snapshot.submissions().files(new.id).await.unwrap().is_empty());
    assert!(snapshot.jobs().of_submission(new.id).await.unwrap().is_empty());
}

impl Harness {
    /// Returns the report, and hands it in again.
    async fn return_and_hand_in(&self) -> NewSubmission {
        let new = new_submission(self.report);
        let mut unit = self.begin().await;
        for next in [ReportState::InReview, ReportState::Returned] {
            unit.reports().set_state(self.report, next).await.unwrap();
        }
        unit.submissions().hand_in(&new).await.unwrap();
        assert_eq!(stages(&unit.commit().await.unwrap()), [Stage::Ingest]);
        new
    }
}

async fn a_returned_report_is_handed_in_again(mut harness: Harness) {
    harness.make_ready().await;
    let first = harness.submission;
    let (files, jobs, text) =
        (harness.files().await, harness.jobs().await, harness.transcript().await);
    let new = harness.return_and_hand_in().await;

    let mut snapshot = harness.snapshot().await;
    let overview = snapshot.reports().overview(harness.report).await.unwrap().unwrap();
    assert_eq!(overview.report.state, ReportState::Submitted);
    assert_eq!(overview.report.current_submission, Some(new.id));
    let second = overview.submission.unwrap();
    assert_eq!((second.id, second.version), (new.id, 2));
    assert_eq!((second.state, second.report_id), (SubmissionState::Submitted, harness.report));
    let all = snapshot.submissions().of_report(harness.report).await.unwrap();
    let told: Vec<_> = all.iter().map(|it| (it.id, it.version, it.state)).collect();
    let expected = [(first, 1, SubmissionState::Ready), (new.id, 2, SubmissionState::Submitted)];
    assert_eq!(told, expected);
    let newest = snapshot.reports().newest(None, 10).await.unwrap();
    assert_eq!(newest.len(), 1, "it is one report");
    assert_eq!(newest[0].submission.as_ref().map(|it| it.id), Some(new.id));
    let of_second = snapshot.jobs().of_submission(new.id).await.unwrap();
    assert_eq!(of_second.len(), Stage::ALL.len());
    assert!(of_second.iter().all(|job| jobs.iter().all(|old| old.id != job.id)));
    drop(snapshot);

    // The second one goes its own way, and the first one stays what it was.
    harness.submission = new.id;
    assert_eq!(harness.transcript().await, None);
    harness.make_ready().await;
    assert_eq!(harness.files().await.len(), 4);
    harness.submission = first;
    assert_eq!(harness.files().await, files);
    assert_eq!(harness.jobs().await, jobs);
    assert_eq!(harness.transcript().await, text);
    assert!(harness.submission().await.id != first, "the second one counts");
}

async fn submissions_that_are_handed_in_together_are_counted(harness: Harness) {
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (store, report, now) = (harness.store.clone(), harness.report, harness.now);
        set.spawn(async move {
            let mut unit = store.begin(Actor::System, now).await.unwrap();
            unit.submissions().hand_in(&new_submission(report)).await.unwrap();
            unit.commit().await.unwrap();
        });
    }
    set.join_all().await;
    let mut snapshot = harness.snapshot().await;
    let all = snapshot.submissions().of_report(harness.report).await.unwrap();
    let versions: Vec<_> = all.iter().map(|submission| submission.version).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6, 7]);
    let report = snapshot.reports().get(harness.report).await.unwrap().unwrap();
    assert_eq!(report.current_submission, all.last().map(|submission| submission.id));
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// Does something, as workers and people may at any time; workers also with claims that they have lost.
async fn do_something(
    harness: &Harness,
    dice: &mut Dice,
    claims: &mut Vec<Claim>,
    now: &mut DateTime<Utc>,
) {
    let (store, policy) = (&harness.store, &harness.policy);
    let stage = Stage::ALL[dice.roll(Stage::ALL.len())];
    // Mostly one of the newest.
    let oldest = if dice.roll(4) == 0 { 0 } else { claims.len().saturating_sub(2) };
    let claim =
        (!claims.is_empty()).then(|| claims[oldest + dice.roll(claims.len() - oldest)].clone());
    match (dice.roll(13), claim) {
        (0..=3, _) => claims.extend(harness.try_claim(stage, *now).await),
        (4..=7, Some(claim)) => {
            let next = claim.kind.parse::<Stage>().unwrap().continues_with();
            let next = next.map(|stage| Continuation { kind: stage.as_str(), claimant: TEST });
            let next = next.filter(|_| dice.roll(2) == 0);
            let made = outcome(&claim);
            let ended = store.complete(&claim, &*made, 1, next.as_ref(), *now).await.unwrap();
            claims.extend(ended.ok().and_then(|committed| committed.next));
        }
        (8, Some(claim)) => {
            let codes = [FailureCode::NotMedia, FailureCode::DiskFull, FailureCode::DiskFull];
            let failure = Failure::new(codes[dice.roll(codes.len())], "x");
            let _ = store.fail(&claim, &failure, policy, *now).await.unwrap();
        }
        (9, Some(claim)) => {
            let _ = store.hand_back(&claim, *now).await.unwrap();
        }
        (10, _) => {
            let mut unit = store.begin(Actor::System, *now).await.unwrap();
            unit.jobs().replay(harness.job(stage).await.id).await.unwrap();
            unit.commit().await.unwrap();
        }
        (11, _) => {
            let mut unit = store.begin(Actor::System, *now).await.unwrap();
            unit.jobs().recognize_again(harness.submission, "small").await.unwrap();
            unit.commit().await.unwrap();
        }
        _ => *now += LEASE + Duration::from_secs(1),
    }
}

async fn whatever_happens_to_jobs_is_legal(mut harness: Harness) {
    use JobState::{Dead, Done, Queued, Running, Waiting};

    harness.policy = RetryPolicy { max_attempts: 2, ..RetryPolicy::default() };
    let (mut dice, mut now) = (Dice(20_261_127), harness.now);
    let mut seen = HashSet::new();
    for _ in 0..8 {
        let mut claims = Vec::new();
        let mut before = harness.jobs().await;
        for _ in 0..80 {
            Box::pin(do_something(&harness, &mut dice, &mut claims, &mut now)).await;
            let after = harness.jobs().await;
            for (old, new) in before.iter().zip(&after) {
                if old.state != new.state {
                    let (from, to) = (old.state, new.state);
                    assert!(from.may_become(to), "{} went from {from} to {to}", new.kind);
                    seen.insert((from, to));
                }
                assert!(new.token >= old.token, "tokens only grow");
            }
            let states = after.iter().map(|job| job.state);
            let state = harness.submission().await.state;
            if state != SubmissionState::Ready {
                assert_eq!(state, SubmissionState::from_jobs(states));
            }
            before = after;
        }
        harness.submission = harness.return_and_hand_in().await.id;
    }
    for step in [
        (Waiting, Queued),
        (Waiting, Running),
        (Queued, Running),
        (Running, Queued),
        (Running, Done),
        (Running, Dead),
        (Dead, Queued),
        (Done, Queued),
        (Done, Waiting),
    ] {
        assert!(seen.contains(&step), "{step:?} was not tried");
    }
}
