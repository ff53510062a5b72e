//! People, what they are, where they are signed in, and which reports they find.

use std::time::Duration;

use chrono::TimeDelta;
use huibao_models::credentials::NewSecret;
use huibao_models::domain::access::{Access, Action, Principal, Resource, Whose, may};
use huibao_models::domain::ids::{PersonId, ReportId, RoundId};
use huibao_models::domain::person::{Grant, LoginName, Number, Role};
use huibao_models::domain::report::{ReportKind, ReportState, VisibleState};
use huibao_models::domain::scope::Scopes;
use huibao_models::store::{
    NewPerson, NewReport, NewToken, PeopleFilter, ReportContent, ReportFilter, ReportOverview,
    SESSION_IDLE, SESSION_LIFETIME, StoreError,
};

use crate::harness::Harness;

on_every_engine! {
    a_name_belongs_to_one_person
    grants_are_given_once_and_taken_away
    a_list_shows_what_may_be_read_and_nothing_else
    sessions_end_with_time_and_with_their_account
    tokens_expire_and_die_with_their_account
    failures_block_longer_and_longer_and_are_forgotten
    a_draft_is_changed_by_one_at_a_time
    a_submission_is_begun_once
    a_number_belongs_to_one_person
    rules_of_a_sign_on_give_and_take
    people_are_listed_by_branch_role_and_text
    ten_thousand_failures_block_no_longer_than_the_longest
}

async fn add(harness: &Harness, name: &str, grants: &[(Role, &str)]) -> PersonId {
    let new = person(name);
    let mut unit = harness.begin().await;
    assert!(unit.people().insert(&new).await.unwrap());
    for (role, branch) in grants {
        assert!(unit.people().grant(new.id, &grant(*role, branch)).await.unwrap());
    }
    unit.commit().await.unwrap();
    new.id
}

fn person(name: &str) -> NewPerson {
    NewPerson {
        display_name: name.to_uppercase(),
        ..NewPerson::named(LoginName::parse(name).unwrap())
    }
}

fn grant(role: Role, branch: &str) -> Grant {
    Grant { role, branch: branch.parse().unwrap() }
}

async fn a_name_belongs_to_one_person(harness: Harness) {
    assert!(!harness.snapshot().await.people().any().await.unwrap());
    let li = add(&harness, "Li", &[]).await;
    let mut unit = harness.begin().await;
    assert!(!unit.people().insert(&person("LI")).await.unwrap());
    drop(unit);
    let mut snapshot = harness.snapshot().await;
    let found = snapshot.people().by_name(&LoginName::parse("li").unwrap()).await.unwrap().unwrap();
    assert_eq!((found.id, found.display_name.as_str()), (li, "LI"));
    assert_eq!(snapshot.people().list().await.unwrap(), [found]);
    assert_eq!(snapshot.people().password_hash(li).await.unwrap(), None);
    assert!(snapshot.people().any().await.unwrap());
}

async fn grants_are_given_once_and_taken_away(harness: Harness) {
    let li = add(&harness, "li", &[(Role::Activist, "/校/院/支部"), (Role::Reviewer, "/")]).await;
    let reviewer = grant(Role::Reviewer, "/");
    let mut unit = harness.begin().await;
    assert!(!unit.people().grant(li, &reviewer).await.unwrap(), "it is there already");
    assert!(unit.people().revoke(li, &reviewer).await.unwrap());
    assert!(!unit.people().revoke(li, &reviewer).await.unwrap());
    unit.commit().await.unwrap();
    let grants = harness.snapshot().await.people().grants(li).await.unwrap();
    assert_eq!(grants, [grant(Role::Activist, "/校/院/支部")]);
}

/// A report of somebody in a branch.
async fn report(harness: &Harness, author: PersonId, branch: &str, state: ReportState) -> ReportId {
    let id = ReportId::new();
    let mut unit = harness.begin().await;
    let new = NewReport {
        author: Some(author),
        branch: branch.parse().unwrap(),
        ..NewReport::anonymous(id, branch.to_owned(), String::new())
    };
    unit.reports().insert(&new).await.unwrap();
    if state != ReportState::Draft {
        unit.reports().set_state(id, state).await.unwrap();
    }
    unit.commit().await.unwrap();
    id
}

/// Whatever the rules say of each report alone, the list says of all.
async fn a_list_shows_what_may_be_read_and_nothing_else(harness: Harness) {
    let mut people = Vec::new();
    for (name, grants) in [
        ("author", &[(Role::Activist, "/a/b")][..]),
        ("other", &[(Role::Activist, "/a/b"), (Role::Activist, "/c")]),
        ("branch", &[(Role::Reviewer, "/a/b")]),
        ("college", &[(Role::Reviewer, "/a"), (Role::Reviewer, "/a/b")]),
        ("odd", &[(Role::Reviewer, "/a/b%"), (Role::Reviewer, "/a/_")]),
        ("all", &[(Role::Reviewer, "/")]),
        ("operator", &[(Role::Operator, "/")]),
        ("contact", &[]),
    ] {
        people.push(add(&harness, name, grants).await);
    }
    let (author, contact) = (people[0], people[7]);
    let mut unit = harness.begin().await;
    unit.people().set_contact(contact, author, true).await.unwrap();
    unit.commit().await.unwrap();
    let states = [ReportState::Draft, ReportState::Submitted, ReportState::Withdrawn];
    for who in &people[..2] {
        for branch in ["/a/b", "/a/bb", "/a/b/c", "/c", "/a/b 2"] {
            for state in states {
                report(&harness, *who, branch, state).await;
            }
        }
    }
    let mut snapshot = harness.snapshot().await;
    let all = snapshot.reports().newest(None, 1000).await.unwrap();
    assert_eq!(all.len(), 31, "and the harness's own, which belongs to nobody");
    for person in people {
        let principal = snapshot.people().principal(person).await.unwrap();
        for filter in filters() {
            let shown = all.iter().filter(|overview| {
                let what = Resource::from(&overview.report);
                may(&principal, Action::Read, &what) == Access::Allowed
                    && is_left(overview, &filter, &principal)
            });
            let shown: Vec<_> = shown.map(|overview| overview.report.id).collect();
            // In pages of three.
            let (mut listed, mut before) = (Vec::new(), None);
            loop {
                let scope = principal.scope();
                let page = snapshot.reports().newest_for(&scope, &filter, before, 3).await.unwrap();
                listed.extend(page.iter().map(|overview| overview.report.id));
                before = listed.last().copied();
                // One that is not full is the last.
                if page.len() < 3 {
                    break;
                }
            }
            assert_eq!(listed, shown, "{filter:?} {principal:?}");
        }
    }
}

fn filters() -> Vec<ReportFilter> {
    let all = ReportFilter::default();
    let mut filters: Vec<_> =
        Whose::ALL.iter().map(|whose| ReportFilter { whose: *whose, ..all.clone() }).collect();
    filters.extend([
        ReportFilter { states: vec![VisibleState::Submitted], ..all.clone() },
        ReportFilter { states: vec![VisibleState::Draft, VisibleState::Withdrawn], ..all.clone() },
        ReportFilter { states: vec![VisibleState::Ready], ..all.clone() },
        ReportFilter { branch: Some("/a/b".parse().unwrap()), ..all.clone() },
        ReportFilter { kind: Some(ReportKind::Study), ..all.clone() },
        ReportFilter { kind: Some(ReportKind::Other), ..all.clone() },
        ReportFilter { round: Some(RoundId::new()), ..all },
    ]);
    filters
}

fn is_left(overview: &ReportOverview, filter: &ReportFilter, who: &Principal) -> bool {
    let report = &overview.report;
    let submission = overview.submission.as_ref().map(|submission| submission.state);
    let state = VisibleState::of(report.state, submission);
    let own = report.author == Some(who.person);
    (filter.states.is_empty() || filter.states.contains(&state))
        && filter.kind.is_none_or(|kind| kind == report.kind)
        && filter.round.is_none_or(|round| Some(round) == report.round)
        && filter.branch.as_ref().is_none_or(|branch| branch.contains(&report.branch))
        && match filter.whose {
            Whose::All => true,
            Whose::Own => own,
            Whose::Others => !own,
            Whose::Contacts => report.author.is_some_and(|author| who.contacts.contains(&author)),
        }
}

async fn sessions_end_with_time_and_with_their_account(harness: Harness) {
    let li = add(&harness, "li", &[]).await;
    let (one, other) = (NewSecret::new().unwrap(), NewSecret::new().unwrap());
    let mut unit = harness.begin().await;
    let first = unit.sessions().insert(li, &one.digest(), "Firefox").await.unwrap();
    let second = unit.sessions().insert(li, &other.digest(), "微信").await.unwrap();
    unit.commit().await.unwrap();
    let (idle, life) = (span(SESSION_IDLE), span(SESSION_LIFETIME));
    let minute = TimeDelta::minutes(1);
    let mut snapshot = harness.snapshot().await;
    let session = snapshot.sessions().find(&one.digest(), harness.now).await.unwrap().unwrap();
    assert_eq!((session.id, session.person, session.user_agent.as_str()), (first, li, "Firefox"));
    assert!(!session.is_stale(harness.now) && session.is_stale(harness.now + minute * 6));
    let unused = snapshot.sessions().find(&one.digest(), harness.now + idle + minute).await;
    assert_eq!(unused.unwrap(), None);
    let wrong = NewSecret::new().unwrap();
    assert_eq!(snapshot.sessions().find(&wrong.digest(), harness.now).await.unwrap(), None);
    drop(snapshot);

    // Used all the time, and over in the end.
    let late = harness.now + life - minute;
    let mut unit =
        harness.store.begin(huibao_models::domain::actor::Actor::System, late).await.unwrap();
    unit.sessions().touch(first).await.unwrap();
    assert_eq!(unit.sessions().prune().await.unwrap(), 1, "the other was not used");
    unit.commit().await.unwrap();
    let mut snapshot = harness.snapshot().await;
    assert!(snapshot.sessions().find(&one.digest(), late).await.unwrap().is_some());
    assert_eq!(snapshot.sessions().find(&one.digest(), late + minute).await.unwrap(), None);
    assert_eq!(snapshot.sessions().find(&other.digest(), harness.now).await.unwrap(), None);
    drop(snapshot);

    let mut unit = harness.begin().await;
    assert!(!unit.sessions().end(PersonId::new(), first).await.unwrap(), "it is another's");
    assert!(!unit.sessions().end(li, second).await.unwrap());
    unit.people().set_disabled(li, true).await.unwrap();
    unit.commit().await.unwrap();
    let sessions = harness.snapshot().await.sessions().of(li, late).await.unwrap();
    assert!(sessions.is_empty());
}

fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap()
}

async fn tokens_expire_and_die_with_their_account(harness: Harness) {
    let li = add(&harness, "li", &[]).await;
    let (one, other) = (NewSecret::token().unwrap(), NewSecret::token().unwrap());
    let day = TimeDelta::days(1);
    let mut unit = harness.begin().await;
    let expires = Some(harness.now + day);
    let first = unit
        .tokens()
        .insert(
            NewToken { person: li, name: "一", scopes: Scopes::all(), expires_at: expires },
            &one.digest(),
        )
        .await
        .unwrap();
    let second = unit
        .tokens()
        .insert(
            NewToken { person: li, name: "二", scopes: Scopes::all(), expires_at: None },
            &other.digest(),
        )
        .await
        .unwrap();
    unit.commit().await.unwrap();
    let mut snapshot = harness.snapshot().await;
    assert_eq!(snapshot.tokens().of(li).await.unwrap(), [second.clone(), first.clone()]);
    let found = snapshot.tokens().find(&one.digest(), harness.now).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    assert_eq!(snapshot.tokens().find(&one.digest(), harness.now + day).await.unwrap(), None);
    assert!(
        snapshot.tokens().find(&other.digest(), harness.now + day * 999).await.unwrap().is_some()
    );
    drop(snapshot);
    let mut unit = harness.begin().await;
    unit.tokens().touch(second.id).await.unwrap();
    assert!(!unit.tokens().remove(PersonId::new(), first.id).await.unwrap(), "it is another's");
    assert!(unit.tokens().remove(li, first.id).await.unwrap());
    unit.people().set_disabled(li, true).await.unwrap();
    unit.commit().await.unwrap();
    let mut snapshot = harness.snapshot().await;
    assert_eq!(snapshot.tokens().of(li).await.unwrap()[0].used_at, Some(harness.now));
    assert_eq!(snapshot.tokens().find(&other.digest(), harness.now).await.unwrap(), None);
}

async fn failures_block_longer_and_longer_and_are_forgotten(harness: Harness) {
    let keys = ["account:li", "address:192.0.2.1"];
    let mut unit = harness.begin().await;
    let mut waits = Vec::new();
    for _ in 0..8 {
        unit.sign_ins().failed(keys[0], 1).await.unwrap();
        let until = unit.sign_ins().blocked_until(keys, harness.now).await.unwrap();
        waits.push(until.map(|until| (until - harness.now).num_seconds()));
    }
    assert_eq!(waits, [None, None, None, None, None, Some(2), Some(4), Some(8)]);
    let elsewhere = ["account:wang", "address:192.0.2.1"];
    assert_eq!(unit.sign_ins().blocked_until(elsewhere, harness.now).await.unwrap(), None);
    let after = harness.now + TimeDelta::seconds(8);
    assert_eq!(unit.sign_ins().blocked_until(keys, after).await.unwrap(), None);
    unit.sign_ins().succeeded(keys[0]).await.unwrap();
    assert_eq!(unit.sign_ins().blocked_until(keys, harness.now).await.unwrap(), None);
    assert_eq!(unit.sign_ins().prune().await.unwrap(), 0);
    unit.commit().await.unwrap();
}

async fn a_draft_is_changed_by_one_at_a_time(harness: Harness) {
    let li = add(&harness, "li", &[]).await;
    let id = report(&harness, li, "/a", ReportState::Draft).await;
    let content = ReportContent {
        kind: ReportKind::Oath,
        period: "2026Q4".parse().unwrap(),
        written_text: "敬爱的党组织：\n".into(),
        language: "auto".into(),
    };
    let mut unit = harness.begin().await;
    unit.reports().edit(id, 1, "题目", &content).await.unwrap();
    let late = unit.reports().edit(id, 1, "另一个", &content).await;
    assert!(matches!(late, Err(StoreError::Outdated { .. })), "{late:?}");
    unit.commit().await.unwrap();
    let kept = harness.snapshot().await.reports().get(id).await.unwrap().unwrap();
    assert_eq!((kept.title.as_str(), kept.revision, kept.kind), ("题目", 2, ReportKind::Oath));
    assert_eq!(
        (kept.period, kept.written_text),
        (content.period.clone(), content.written_text.clone())
    );
    assert_eq!((kept.author, kept.author_name.as_deref()), (Some(li), Some("LI")));
    let mut unit = harness.begin().await;
    let handed_in = unit.reports().edit(harness.report, 1, "题目", &content).await;
    assert!(matches!(handed_in, Err(StoreError::IllegalTransition { .. })), "{handed_in:?}");
}

async fn a_submission_is_begun_once(harness: Harness) {
    let li = add(&harness, "li", &[]).await;
    let id = report(&harness, li, "/a", ReportState::Draft).await;
    let mut unit = harness.begin().await;
    let begun = unit.reports().begin_submission(id).await.unwrap();
    assert_eq!(unit.reports().begin_submission(id).await.unwrap(), begun);
    let closed = unit.reports().begin_submission(harness.report).await;
    assert!(matches!(closed, Err(StoreError::IllegalTransition { .. })), "{closed:?}");
    unit.commit().await.unwrap();
    let kept = harness.snapshot().await.reports().get(id).await.unwrap().unwrap();
    assert_eq!(kept.draft_submission, Some(begun));
}

async fn a_number_belongs_to_one_person(harness: Harness) {
    let number = Number::parse("2026-1").unwrap();
    let li = NewPerson { number: Some(number.clone()), ..person("li") };
    let mut unit = harness.begin().await;
    assert!(unit.people().insert(&li).await.unwrap());
    let same = NewPerson { number: Some(number.clone()), ..person("wang") };
    assert!(!unit.people().insert(&same).await.unwrap());
    let wang = person("wang");
    assert!(unit.people().insert(&wang).await.unwrap());
    assert!(!unit.people().describe(wang.id, "王", Some(&number), None).await.unwrap());
    assert!(unit.people().describe(li.id, "李", Some(&number), Some("li@x")).await.unwrap());
    let found = unit.people().by_number(&number).await.unwrap().unwrap();
    assert_eq!((found.id, found.display_name.as_str()), (li.id, "李"));
    assert_eq!((found.number, found.email.as_deref()), (Some(number), Some("li@x")));
}

async fn rules_of_a_sign_on_give_and_take(harness: Harness) {
    let li = add(&harness, "li", &[(Role::Activist, "/a")]).await;
    let mut unit = harness.begin().await;
    let [a, b, c] = ["/a", "/b", "/c"].map(|branch| grant(Role::Activist, branch));
    unit.people().sync_grants(li, "oidc", &[a.clone(), b.clone()]).await.unwrap();
    assert_eq!(unit.people().grants(li).await.unwrap(), [a.clone(), b.clone()]);
    unit.people().sync_grants(li, "oidc", std::slice::from_ref(&c)).await.unwrap();
    assert_eq!(
        unit.people().grants(li).await.unwrap(),
        [a.clone(), c.clone()],
        "a person gave the first"
    );
    unit.people().sync_grants(li, "cas", &[]).await.unwrap();
    assert_eq!(unit.people().grants(li).await.unwrap(), [a, c], "another provider's are not its");
    unit.identities().link("oidc", "subject", li).await.unwrap();
    assert_eq!(unit.identities().person("oidc", "subject").await.unwrap(), Some(li));
    assert_eq!(unit.identities().person("cas", "subject").await.unwrap(), None);
}

async fn people_are_listed_by_branch_role_and_text(harness: Harness) {
    let li = add(&harness, "li", &[(Role::Activist, "/a/b")]).await;
    let wang = add(&harness, "wang", &[(Role::Reviewer, "/a"), (Role::Activist, "/c")]).await;
    let none = add(&harness, "nobody", &[]).await;
    let mut snapshot = harness.snapshot().await;
    let within = |branches: &[&str]| Some(branches.iter().map(|b| b.parse().unwrap()).collect());
    let all = PeopleFilter::default();
    for (filter, expected) in [
        (all.clone(), vec![li, wang, none]),
        (PeopleFilter { within: within(&["/a"]), ..all.clone() }, vec![li, wang]),
        (PeopleFilter { within: within(&["/c", "/a/b"]), ..all.clone() }, vec![li, wang]),
        (PeopleFilter { within: within(&[]), ..all.clone() }, vec![]),
        (PeopleFilter { role: Some(Role::Activist), ..all.clone() }, vec![li, wang]),
        (
            PeopleFilter { within: within(&["/a"]), role: Some(Role::Activist), ..all.clone() },
            vec![li],
        ),
        (PeopleFilter { text: Some("WAN".into()), ..all.clone() }, vec![wang]),
        (PeopleFilter { text: Some("%".into()), ..all.clone() }, vec![]),
        (PeopleFilter { after: Some(li), ..all.clone() }, vec![wang, none]),
    ] {
        for size in [1, 2, 100] {
            let mut page = PeopleFilter { ..filter.clone() };
            let mut found = Vec::new();
            loop {
                let people = snapshot.people().page(&page, size).await.unwrap();
                page.after = people.last().map(|entry| entry.person.id).or(page.after);
                found.extend(people.iter().map(|entry| entry.person.id));
                if people.len() < size as usize {
                    break;
                }
            }
            assert_eq!(found, expected, "{filter:?}");
        }
    }
    let wang = snapshot
        .people()
        .page(&PeopleFilter { text: Some("wang".into()), ..all }, 9)
        .await
        .unwrap();
    assert_eq!(wang[0].grants, [grant(Role::Activist, "/c"), grant(Role::Reviewer, "/a")]);
}

async fn ten_thousand_failures_block_no_longer_than_the_longest(harness: Harness) {
    let keys = ["account:li", "address:192.0.2.1"];
    let mut unit = harness.begin().await;
    for _ in 0..10_000 {
        unit.sign_ins().failed(keys[0], 1).await.unwrap();
    }
    unit.commit().await.unwrap();
    let mut snapshot = harness.snapshot().await;
    let until = snapshot.sign_ins().blocked_until(keys, harness.now).await.unwrap().unwrap();
    assert_eq!(until, harness.now + TimeDelta::minutes(15));
    // Whoever it is about comes in when that is over.
    assert_eq!(snapshot.sign_ins().blocked_until(keys, until).await.unwrap(), None);
}
