//! Rounds: who takes part follows from grants, how they stand from their reports.

use chrono::TimeDelta;
use huibao_models::domain::ids::{PersonId, RoundId};
use huibao_models::domain::person::{Grant, LoginName, Role};
use huibao_models::domain::report::ReportState;
use huibao_models::domain::round::{Round, RoundException, Standing};
use huibao_models::store::{NewPerson, NewReport, RoundContent, StoreError};

use crate::harness::{Harness, new_report, new_submission};

on_every_engine! {
    newcomers_appear_and_those_who_leave_do_not
    how_people_stand_follows_from_their_reports
    a_round_is_changed_by_one_at_a_time_until_it_is_closed
    rounds_are_found_from_above_and_below
    one_report_of_a_person_counts_for_a_round
}

async fn person(harness: &Harness, name: &str, branch: &str) -> PersonId {
    let new = NewPerson::named(LoginName::parse(name).unwrap());
    let grant = Grant { role: Role::Activist, branch: branch.parse().unwrap() };
    let mut unit = harness.begin().await;
    assert!(unit.people().insert(&new).await.unwrap());
    unit.people().grant(new.id, &grant).await.unwrap();
    unit.commit().await.unwrap();
    new.id
}

async fn open(harness: &Harness, branch: &str) -> Round {
    let id = RoundId::new();
    let mut unit = harness.begin().await;
    unit.rounds().insert(id, &branch.parse().unwrap(), &content(harness)).await.unwrap();
    unit.commit().await.unwrap();
    harness.snapshot().await.rounds().get(id).await.unwrap().unwrap()
}

fn content(harness: &Harness) -> RoundContent {
    RoundContent {
        title: "第四季度".into(),
        period: "2026Q4".parse().unwrap(),
        kinds: vec![],
        instructions: String::new(),
        max_seconds: Some(300),
        deadline: harness.now + TimeDelta::days(7),
    }
}

/// Everybody and how they stand, a few at a time.
async fn standings(harness: &Harness, round: &Round) -> Vec<(PersonId, Standing)> {
    let mut snapshot = harness.snapshot().await;
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let rounds = &mut snapshot.rounds();
        let page = rounds.participants(round, &round.branch, after, 2, harness.now).await.unwrap();
        after = page.last().map(|participant| participant.person);
        all.extend(page.iter().map(|participant| (participant.person, participant.standing)));
        if page.len() < 2 {
            return all;
        }
    }
}

async fn newcomers_appear_and_those_who_leave_do_not(harness: Harness) {
    let round = open(&harness, "/a").await;
    assert_eq!(standings(&harness, &round).await, []);
    let li = person(&harness, "li", "/a/b").await;
    person(&harness, "other", "/b").await;
    let wang = person(&harness, "wang", "/a").await;
    let due = [(li, Standing::Due), (wang, Standing::Due)];
    assert_eq!(standings(&harness, &round).await, due);
    let mut unit = harness.begin().await;
    unit.people().set_disabled(li, true).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(standings(&harness, &round).await, due[1..]);
}

async fn how_people_stand_follows_from_their_reports(mut harness: Harness) {
    let round = open(&harness, "/a").await;
    let (li, wang) = (person(&harness, "li", "/a").await, person(&harness, "wang", "/a").await);
    let report = NewReport { author: Some(li), round: Some(round.id), ..new_report() };
    let mut unit = harness.begin().await;
    assert!(unit.reports().insert(&report).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(standings(&harness, &round).await[0], (li, Standing::Due), "a draft is nothing yet");
    let mut unit = harness.begin().await;
    unit.submissions().hand_in(&new_submission(report.id)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(standings(&harness, &round).await, [(li, Standing::Done), (wang, Standing::Due)]);
    let mut unit = harness.begin().await;
    unit.reports().set_state(report.id, ReportState::InReview).await.unwrap();
    unit.reports().set_state(report.id, ReportState::Returned).await.unwrap();
    let excused = RoundException { excused: true, reason: "病假".into(), ..Default::default() };
    unit.rounds().set_exception(round.id, wang, &excused).await.unwrap();
    unit.commit().await.unwrap();
    let after = [(li, Standing::Returned), (wang, Standing::Excused)];
    assert_eq!(standings(&harness, &round).await, after);
    // Another rule takes the place of the one before.
    let mut unit = harness.begin().await;
    let extended_to = Some(round.deadline + TimeDelta::days(1));
    let extended = RoundException { extended_to, ..Default::default() };
    unit.rounds().set_exception(round.id, wang, &extended).await.unwrap();
    unit.commit().await.unwrap();
    harness.now = round.deadline + TimeDelta::hours(1);
    assert_eq!(standings(&harness, &round).await[1], (wang, Standing::Due));
    harness.now += TimeDelta::days(1);
    assert_eq!(standings(&harness, &round).await[1], (wang, Standing::Overdue));
    let mut snapshot = harness.snapshot().await;
    let counts = snapshot.rounds().standings(&round, &round.branch, harness.now).await.unwrap();
    assert_eq!((counts["returned"], counts["overdue"], counts["done"]), (1, 1, 0));
    let one = snapshot.rounds().participant(&round, wang, harness.now).await.unwrap().unwrap();
    assert_eq!((one.exception, one.report), (extended, None));
    assert_eq!(
        snapshot.rounds().participant(&round, PersonId::new(), harness.now).await.unwrap(),
        None
    );
}

async fn a_round_is_changed_by_one_at_a_time_until_it_is_closed(harness: Harness) {
    let round = open(&harness, "/a").await;
    let changed = RoundContent { title: "改".into(), ..content(&harness) };
    let mut unit = harness.begin().await;
    unit.rounds().edit(round.id, round.revision, &changed).await.unwrap();
    let again = unit.rounds().edit(round.id, round.revision, &changed).await;
    assert!(matches!(again, Err(StoreError::Outdated { .. })));
    let now = unit.rounds().get(round.id).await.unwrap().unwrap();
    assert_eq!((now.title.as_str(), now.revision), ("改", round.revision + 1));
    assert!(unit.rounds().close(round.id).await.unwrap());
    assert!(!unit.rounds().close(round.id).await.unwrap());
    let closed = unit.rounds().get(round.id).await.unwrap().unwrap();
    assert_eq!(closed.closed_at, Some(harness.now));
    let late = unit.rounds().edit(round.id, closed.revision, &changed).await;
    assert!(matches!(late, Err(StoreError::Outdated { .. })));
}

async fn rounds_are_found_from_above_and_below(harness: Harness) {
    let (a, ab) = (open(&harness, "/a").await, open(&harness, "/a/b").await);
    open(&harness, "/a 2").await;
    let mut snapshot = harness.snapshot().await;
    for (branch, below, expected) in [
        ("/a/b/c", false, vec![ab.id, a.id]),
        ("/a", false, vec![a.id]),
        ("/a", true, vec![ab.id, a.id]),
        ("/c", true, vec![]),
    ] {
        let found = snapshot.rounds().around(&branch.parse().unwrap(), below, 10).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|round| round.id).collect();
        assert_eq!(found, expected, "{branch}");
    }
}

async fn one_report_of_a_person_counts_for_a_round(harness: Harness) {
    let round = open(&harness, "/a").await;
    let li = person(&harness, "li", "/a").await;
    let report = || NewReport { author: Some(li), round: Some(round.id), ..new_report() };
    let mut unit = harness.begin().await;
    assert!(unit.reports().insert(&report()).await.unwrap());
    assert!(!unit.reports().insert(&report()).await.unwrap());
    assert!(unit.reports().insert(&NewReport { round: None, ..report() }).await.unwrap());
    unit.commit().await.unwrap();
}
