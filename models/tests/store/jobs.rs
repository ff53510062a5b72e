//! Jobs of any kind: what the store promises for kinds that it does not know.

use chrono::TimeDelta;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::{Job, JobMessage, JobState, NewJob, Urgency, Verdict};
use huibao_models::domain::pipeline::Stage;
use huibao_models::store::{Claim, JobFilter, NoResult};
use serde_json::json;

use crate::harness::{Harness, TEST, one};

on_every_engine! {
    a_job_without_a_submission_runs
    of_jobs_with_the_same_key_there_is_one
    of_jobs_with_the_same_key_that_come_together_there_is_one
    a_job_for_later_is_due_in_its_time
    a_job_for_an_earlier_time_is_due_at_once
    a_payload_is_read_back
    a_dead_job_of_any_kind_is_replayed
    what_is_done_is_pruned_after_a_while
    each_urgency_has_its_messages
}

fn mail() -> NewJob {
    NewJob { payload: Some(json!({ "to": "a@b.cn" })), ..NewJob::new("mail", Urgency::Background) }
}

impl Harness {
    /// Adds a job that can run at once.
    async fn add(&self, new: &NewJob) -> JobMessage {
        let mut unit = self.begin().await;
        assert!(unit.jobs().insert(new).await.unwrap());
        one(unit.commit().await)
    }

    async fn take(&self, message: &JobMessage) -> Option<Claim> {
        self.store.claim(message, &TEST, &self.policy, self.now).await.unwrap()
    }

    async fn get(&self, message: &JobMessage) -> Option<Job> {
        self.snapshot().await.jobs().get(message.job_id).await.unwrap()
    }

    async fn of_kind(&self, kind: &str) -> Vec<Job> {
        let filter = JobFilter { kind: Some(kind.into()), ..JobFilter::default() };
        self.snapshot().await.jobs().list(&filter, 100).await.unwrap()
    }
}

async fn a_job_without_a_submission_runs(harness: Harness) {
    let message = harness.add(&mail()).await;
    assert_eq!((message.urgency, message.token), (Urgency::Background, 0));
    let claim = harness.take(&message).await.unwrap();
    assert_eq!((claim.kind.as_str(), claim.submission, claim.attempt), ("mail", None, 1));
    assert_eq!(claim.payload, mail().payload);
    assert_eq!(harness.take(&message).await, None, "it is held");
    let ended = harness.store.complete(&claim, &NoResult, 7, None, harness.now).await.unwrap();
    assert_eq!(ended.unwrap().messages, []);
    let job = harness.get(&message).await.unwrap();
    assert_eq!((job.state, job.work_ms), (JobState::Done, Some(7)));
    // Whoever asks again is told the same, and nobody else is.
    let again = harness.store.complete(&claim, &NoResult, 7, None, harness.now).await.unwrap();
    assert!(again.is_ok());
    let stranger = Claim { token: claim.token - 1, ..claim };
    assert!(
        harness.store.complete(&stranger, &NoResult, 7, None, harness.now).await.unwrap().is_err()
    );
    assert_eq!(harness.jobs().await.len(), Stage::ALL.len(), "the submission has its own");
    assert_eq!(harness.job(Stage::Ingest).await.state, JobState::Queued);
}

async fn of_jobs_with_the_same_key_there_is_one(harness: Harness) {
    let first = harness.add(&mail().unique("a")).await;
    let mut unit = harness.begin().await;
    assert!(!unit.jobs().insert(&mail().unique("a")).await.unwrap());
    assert!(unit.jobs().insert(&mail().unique("b")).await.unwrap());
    let other = NewJob::new("reminder", Urgency::Background).unique("a");
    assert!(unit.jobs().insert(&other).await.unwrap(), "it is of another kind");
    assert_eq!(unit.commit().await.unwrap().len(), 2, "what is not added is not published");
    let ids: Vec<_> = harness.of_kind("mail").await.iter().map(|job| job.id).collect();
    assert_eq!((ids.len(), ids.last()), (2, Some(&first.job_id)), "the newest first");
}

async fn of_jobs_with_the_same_key_that_come_together_there_is_one(harness: Harness) {
    let mut set = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, now) = (harness.store.clone(), harness.now);
        set.spawn(async move {
            let mut unit = store.begin(Actor::System, now).await.unwrap();
            let added = unit.jobs().insert(&mail().unique("a")).await.unwrap();
            assert_eq!(unit.commit().await.unwrap().len(), usize::from(added));
            added
        });
    }
    assert_eq!(set.join_all().await.into_iter().filter(|added| *added).count(), 1);
    assert_eq!(harness.of_kind("mail").await.len(), 1);
}

async fn a_job_for_later_is_due_in_its_time(mut harness: Harness) {
    // Not in the way of what is looked for.
    harness.store.due_messages(10, harness.now + TimeDelta::minutes(1)).await.unwrap();
    let time = harness.now + TimeDelta::hours(1);
    let mut unit = harness.begin().await;
    assert!(unit.jobs().insert(&NewJob { not_before: Some(time), ..mail() }).await.unwrap());
    assert_eq!(unit.commit().await.unwrap(), [], "nobody is told before its time");
    let message = harness.of_kind("mail").await[0].message();
    let early = time - TimeDelta::minutes(1);
    assert_eq!(harness.store.due_messages(10, early).await.unwrap(), []);
    assert_eq!(harness.take(&message).await, None);
    assert_eq!(harness.store.due_messages(10, time).await.unwrap(), [message]);
    harness.now = time;
    assert!(harness.take(&message).await.is_some());
}

async fn a_job_for_an_earlier_time_is_due_at_once(harness: Harness) {
    let past = harness.now - TimeDelta::days(1);
    let message = harness.add(&NewJob { not_before: Some(past), ..mail() }).await;
    assert!(harness.take(&message).await.is_some());
}

async fn a_payload_is_read_back(harness: Harness) {
    let payload = json!({
        "text": "敬爱的党组织：\u{1f600}\n\"'\\",
        "list": [1, -2, 0.1 + 0.2, null, true, i64::MAX],
        "nested": { "empty": {}, "none": null },
    });
    let message = harness.add(&NewJob { payload: Some(payload.clone()), ..mail() }).await;
    assert_eq!(harness.get(&message).await.unwrap().payload.as_ref(), Some(&payload));
    let claim = harness.take(&message).await.unwrap();
    assert_eq!(claim.payload, Some(payload));
    let without = harness.add(&NewJob { payload: None, ..mail() }).await;
    assert_eq!(harness.take(&without).await.unwrap().payload, None);
}

async fn a_dead_job_of_any_kind_is_replayed(harness: Harness) {
    let message = harness.add(&mail().unique("a")).await;
    let claim = harness.take(&message).await.unwrap();
    assert_eq!(harness.replay(&claim).await, None, "it is not dead");
    let failure = Failure::new(FailureCode::BackendUnavailable, "no such server");
    let verdict = harness.store.fail(&claim, &failure, &harness.policy, harness.now).await.unwrap();
    assert_eq!(verdict, Ok(Verdict::Dead));
    let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    let listed = harness.snapshot().await.jobs().list(&dead, 10).await.unwrap();
    assert_eq!(listed.iter().map(|job| job.id).collect::<Vec<_>>(), [claim.job_id]);
    assert_eq!(listed[0].error, Some(failure));
    let month = harness.now + TimeDelta::days(30);
    let due = harness.store.due_messages(10, month).await.unwrap();
    assert!(due.iter().all(|due| due.job_id != claim.job_id), "the dead rest");

    let again = harness.replay(&claim).await.unwrap();
    assert_eq!((again.job_id, again.urgency), (message.job_id, Urgency::Background));
    let second = harness.take(&again).await.unwrap();
    assert_eq!((second.attempt, &second.payload), (1, &mail().payload));
    assert!(second.token > claim.token);
    assert_eq!(harness.replay(&second).await, None);
    let ended = harness.store.complete(&second, &NoResult, 1, None, harness.now).await.unwrap();
    assert!(ended.is_ok());
}

async fn what_is_done_is_pruned_after_a_while(harness: Harness) {
    harness.make_ready().await;
    let done = harness.add(&mail().unique("a")).await;
    let claim = harness.take(&done).await.unwrap();
    harness.store.complete(&claim, &NoResult, 1, None, harness.now).await.unwrap().unwrap();
    let dead = harness.add(&mail().unique("b")).await;
    let claim = harness.take(&dead).await.unwrap();
    let failure = Failure::new(FailureCode::NotMedia, "x");
    harness.store.fail(&claim, &failure, &harness.policy, harness.now).await.unwrap().unwrap();
    let queued = harness.add(&mail().unique("c")).await;

    let prune = async |before| {
        let mut unit = harness.begin().await;
        let count = unit.jobs().prune(before).await.unwrap();
        unit.commit().await.unwrap();
        count
    };
    assert_eq!(prune(harness.now).await, 0, "it is not older");
    assert_eq!(prune(harness.now + TimeDelta::seconds(1)).await, 1);
    assert_eq!(harness.get(&done).await, None);
    assert!(harness.get(&dead).await.is_some(), "an operator is to look at it");
    assert!(harness.get(&queued).await.is_some());
    assert_eq!(harness.jobs().await.len(), Stage::ALL.len());
    harness.add(&mail().unique("a")).await;
}

async fn each_urgency_has_its_messages(harness: Harness) {
    harness.store.due_messages(10, harness.now + TimeDelta::minutes(1)).await.unwrap();
    for urgency in Urgency::ALL {
        let message = harness.add(&NewJob::new("test", *urgency)).await;
        assert_eq!(message.urgency, *urgency);
        let later = harness.now + TimeDelta::minutes(1);
        assert_eq!(harness.store.due_messages(10, later).await.unwrap(), [message]);
    }
}
