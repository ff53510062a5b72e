//! Notices: written with what they tell of, to those whose business it is, and by mail as they want it.

use chrono::TimeDelta;
use huibao_models::domain::channel::{Channel, ChannelKind};
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::job::{Job, JobState};
use huibao_models::domain::notice::{MailMode, MailState, Notice, NoticeEvent, NoticeSettings};
use huibao_models::domain::person::{Grant, LoginName, Role};
use huibao_models::domain::submission::SubmissionState;
use huibao_models::store::{JobFilter, MAIL_JOB, NewPerson, NewReport, POST_JOB};
use uuid::Uuid;

use crate::harness::{Harness, new_report, new_submission};

on_every_engine! {
    an_author_is_told_what_becomes_of_a_report
    readers_are_told_when_there_is_something_to_read
    mail_waits_for_the_morning_and_comes_as_it_is_wanted
    of_a_round_everything_is_told_once
    notices_are_read_and_followed
    channels_are_told_of_their_branches_and_not_too_fast
}

async fn person(harness: &Harness, name: &str, role: Role, branch: &str) -> PersonId {
    let named = NewPerson::named(LoginName::parse(name).unwrap());
    let new = NewPerson { email: Some(format!("{name}@example.org")), ..named };
    let grant = Grant { role, branch: branch.parse().unwrap() };
    let mut unit = harness.begin().await;
    assert!(unit.people().insert(&new).await.unwrap());
    unit.people().grant(new.id, &grant).await.unwrap();
    unit.commit().await.unwrap();
    new.id
}

/// A report of somebody in a branch, handed in.
async fn report(harness: &Harness, author: PersonId, branch: &str) -> NewReport {
    let (author, branch) = (Some(author), branch.parse().unwrap());
    let report = NewReport { author, branch, ..new_report() };
    let mut unit = harness.begin().await;
    unit.reports().insert(&report).await.unwrap();
    unit.submissions().hand_in(&new_submission(report.id)).await.unwrap();
    unit.commit().await.unwrap();
    report
}

async fn becomes(harness: &Harness, report: &NewReport, state: SubmissionState) {
    let mut unit = harness.begin().await;
    let current = unit.reports().get(report.id).await.unwrap().unwrap().current_submission.unwrap();
    let failure = Failure::new(FailureCode::NoAudioTrack, "text");
    let failure = (state == SubmissionState::Failed).then_some(&failure);
    unit.submissions().set_state(current, SubmissionState::Processing, None).await.unwrap();
    unit.submissions().set_state(current, state, failure).await.unwrap();
    unit.submissions().set_state(current, state, failure).await.unwrap();
    unit.commit().await.unwrap();
}

async fn told(harness: &Harness, person: PersonId) -> Vec<Notice> {
    let mut notices = harness.snapshot().await.notices().of(person, None, 100).await.unwrap();
    notices.reverse();
    notices
}

fn events(notices: &[Notice]) -> Vec<NoticeEvent> {
    notices.iter().map(|notice| notice.event).collect()
}

async fn jobs(harness: &Harness, kind: &str) -> Vec<Job> {
    let filter = JobFilter { kind: Some(kind.into()), ..JobFilter::default() };
    let mut jobs = harness.snapshot().await.jobs().list(&filter, 100).await.unwrap();
    jobs.reverse();
    jobs
}

async fn an_author_is_told_what_becomes_of_a_report(harness: Harness) {
    let li = person(&harness, "li", Role::Activist, "/a").await;
    let one = report(&harness, li, "/a").await;
    becomes(&harness, &one, SubmissionState::Ready).await;
    let other = report(&harness, li, "/a").await;
    becomes(&harness, &other, SubmissionState::Failed).await;
    let told = told(&harness, li).await;
    let [handed_in, ready, failed] =
        [NoticeEvent::HandedIn, NoticeEvent::Ready, NoticeEvent::ProcessingFailed];
    assert_eq!(events(&told), [handed_in, ready, handed_in, failed], "each once");
    assert_eq!(told[1].report, Some(one.id));
    assert_eq!(told[1].detail.title, one.title);
    assert_eq!(told[3].detail.failure, Some(FailureCode::NoAudioTrack));
    // A report of nobody tells nobody.
    let before = harness.snapshot().await.notices().unread(li).await.unwrap();
    let mut unit = harness.begin().await;
    let nobody = new_report();
    unit.reports().insert(&nobody).await.unwrap();
    unit.submissions().hand_in(&new_submission(nobody.id)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(harness.snapshot().await.notices().unread(li).await.unwrap(), before);
}

async fn readers_are_told_when_there_is_something_to_read(harness: Harness) {
    let li = person(&harness, "li", Role::Activist, "/a/b").await;
    let far = person(&harness, "far", Role::Reviewer, "/").await;
    let near = person(&harness, "near", Role::Reviewer, "/a").await;
    let other = person(&harness, "other", Role::Reviewer, "/c").await;
    let contact = person(&harness, "contact", Role::Activist, "/c").await;
    let mut unit = harness.begin().await;
    unit.people().set_contact(contact, li, true).await.unwrap();
    unit.commit().await.unwrap();
    let report = report(&harness, li, "/a/b").await;
    assert!(told(&harness, near).await.is_empty(), "there is nothing to read yet");
    becomes(&harness, &report, SubmissionState::Ready).await;
    for reader in [near, contact] {
        let told = told(&harness, reader).await;
        assert_eq!(events(&told), [NoticeEvent::Ready]);
        assert_eq!(told[0].detail.author.as_deref(), Some(report.speaker.as_str()));
        assert_eq!(told[0].mail, MailState::Digest, "forty reports are not forty mails");
    }
    for nobody in [far, other] {
        assert!(told(&harness, nobody).await.is_empty());
    }
    let mut to_digest = harness.snapshot().await.notices().to_digest().await.unwrap();
    to_digest.sort();
    let mut readers = [near, contact];
    readers.sort();
    assert_eq!(to_digest, readers);
}

async fn mail_waits_for_the_morning_and_comes_as_it_is_wanted(mut harness: Harness) {
    // Eleven at night in China.
    harness.now = "2026-11-27T15:00:00Z".parse().unwrap();
    let li = person(&harness, "li", Role::Activist, "/a").await;
    report(&harness, li, "/a").await;
    let [mail] = &jobs(&harness, MAIL_JOB).await[..] else { panic!() };
    assert_eq!(mail.state, JobState::Queued);
    assert_eq!(told(&harness, li).await[0].mail, MailState::Queued);
    let morning = harness.now + TimeDelta::hours(8);
    assert!(!harness.takes(mail, morning - TimeDelta::minutes(1)).await);
    assert!(harness.takes(mail, morning).await);
    let settings = NoticeSettings { mail: MailMode::Never, ..NoticeSettings::default() };
    let mut unit = harness.begin().await;
    unit.notices().set_settings(li, &settings).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(harness.snapshot().await.notices().settings(li).await.unwrap(), settings);
    report(&harness, li, "/a").await;
    assert_eq!(jobs(&harness, MAIL_JOB).await.len(), 1);
    assert_eq!(told(&harness, li).await[1].mail, MailState::None);
    let muted = NoticeSettings {
        muted: vec![NoticeEvent::HandedIn],
        quiet: None,
        ..NoticeSettings::default()
    };
    let mut unit = harness.begin().await;
    unit.notices().set_settings(li, &muted).await.unwrap();
    unit.commit().await.unwrap();
    let one = report(&harness, li, "/a").await;
    assert_eq!(jobs(&harness, MAIL_JOB).await.len(), 1);
    becomes(&harness, &one, SubmissionState::Ready).await;
    assert_eq!(jobs(&harness, MAIL_JOB).await.len(), 2);
}

async fn of_a_round_everything_is_told_once(harness: Harness) {
    let li = person(&harness, "li", Role::Activist, "/a").await;
    let id = huibao_models::domain::ids::RoundId::new();
    let content = huibao_models::store::RoundContent {
        title: "第四季度".into(),
        period: "2026Q4".parse().unwrap(),
        kinds: vec![],
        instructions: String::new(),
        max_seconds: None,
        deadline: harness.now + TimeDelta::days(1),
    };
    let mut unit = harness.begin().await;
    unit.rounds().insert(id, &"/a".parse().unwrap(), &content).await.unwrap();
    let round = unit.rounds().get(id).await.unwrap().unwrap();
    let now = unit.now();
    let one = unit.rounds().participant(&round, li, now).await.unwrap().unwrap();
    for (event, new) in [
        (NoticeEvent::RoundOpened, true),
        (NoticeEvent::RoundOpened, false),
        (NoticeEvent::DeadlineNear, true),
        (NoticeEvent::DeadlineNear, false),
    ] {
        assert_eq!(unit.notices().of_round(&round, &one, event).await.unwrap(), new);
    }
    unit.commit().await.unwrap();
    let told = told(&harness, li).await;
    assert_eq!(events(&told), [NoticeEvent::RoundOpened, NoticeEvent::DeadlineNear]);
    assert_eq!(told[0].detail.deadline, Some(content.deadline));
    assert_eq!(jobs(&harness, huibao_models::store::ANNOUNCE_ROUND_JOB).await.len(), 1);
}

async fn notices_are_read_and_followed(harness: Harness) {
    let li = person(&harness, "li", Role::Activist, "/a").await;
    let mut changes = harness.store.changes().follow();
    for _ in 0..3 {
        report(&harness, li, "/a").await;
    }
    let told = told(&harness, li).await;
    let mut snapshot = harness.snapshot().await;
    assert_eq!(snapshot.notices().unread(li).await.unwrap(), 3);
    let after = snapshot.notices().after(li, told[0].id, 10).await.unwrap();
    assert_eq!(after, told[1..]);
    let older = snapshot.notices().of(li, Some(told[2].id), 1).await.unwrap();
    assert_eq!(older, told[1..2]);
    drop(snapshot);
    let mut unit = harness.begin().await;
    unit.notices().mark_read(li, told[1].id).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(harness.snapshot().await.notices().unread(li).await.unwrap(), 1);
    let mut announced = false;
    while let Ok(change) = changes.try_recv() {
        announced |= change == huibao_models::store::Change::Person(li);
    }
    assert!(announced);
}

async fn channels_are_told_of_their_branches_and_not_too_fast(harness: Harness) {
    let li = person(&harness, "li", Role::Activist, "/a/b").await;
    let channel = |branch: &str, kind, events: &[NoticeEvent]| Channel {
        id: Uuid::now_v7(),
        branch: branch.parse().unwrap(),
        kind,
        name: "群".into(),
        url: "https://example.org/hook".into(),
        secret: "s".into(),
        events: events.to_vec(),
        created_at: harness.now,
    };
    let robot = channel("/a", ChannelKind::Wecom, &[]);
    let picky = channel("/a/b", ChannelKind::Webhook, &[NoticeEvent::Ready]);
    let elsewhere = channel("/c", ChannelKind::Webhook, &[]);
    let mut unit = harness.begin().await;
    for channel in [&robot, &picky, &elsewhere] {
        unit.channels().insert(channel).await.unwrap();
    }
    unit.commit().await.unwrap();
    let one = report(&harness, li, "/a/b").await;
    report(&harness, li, "/a/b").await;
    let posts = jobs(&harness, POST_JOB).await;
    let to = |job: &Job| job.payload.as_ref().unwrap()["channel"].clone();
    assert!(posts.len() == 2 && posts.iter().all(|job| to(job) == robot.id.to_string()));
    assert!(harness.takes(&posts[0], harness.now).await);
    assert!(!harness.takes(&posts[1], harness.now + TimeDelta::seconds(1)).await);
    assert!(harness.takes(&posts[1], harness.now + TimeDelta::seconds(3)).await);
    becomes(&harness, &one, SubmissionState::Ready).await;
    assert_eq!(jobs(&harness, POST_JOB).await.len(), 4);
    let mut snapshot = harness.snapshot().await;
    assert_eq!(snapshot.channels().get(robot.id).await.unwrap(), Some(robot.clone()));
    assert_eq!(
        snapshot.channels().within(&"/a".parse().unwrap()).await.unwrap(),
        [robot, picky.clone()]
    );
    drop(snapshot);
    let mut unit = harness.begin().await;
    unit.channels().remove(picky.id).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(harness.snapshot().await.channels().get(picky.id).await.unwrap(), None);
}
