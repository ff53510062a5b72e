//! Remind: tells those who still owe a report when its deadline is near.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::domain::notice::NoticeEvent;
use huibao_models::domain::round::Standing;
use huibao_models::store::{NoResult, Outcome};

use super::announce_round::tell;
use super::{Attempt, JobKind};

/// A deadline is near for so long before.
const NEAR: TimeDelta = TimeDelta::days(2);

/// Somebody may have so much more time than the others.
const LONGEST_EXTENSION: TimeDelta = TimeDelta::days(180);

pub(super) struct Remind;

#[async_trait]
impl JobKind for Remind {
    fn name(&self) -> &'static str {
        "remind"
    }

    fn urgency(&self) -> Urgency {
        Urgency::Background
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_hours(1))
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let now = attempt.store.now();
        let mut snapshot = attempt.store.snapshot().await?;
        let rounds = snapshot.rounds().due_between(now - LONGEST_EXTENSION, now + NEAR).await?;
        drop(snapshot);
        for round in rounds {
            let deadline = round.deadline;
            tell(attempt, &round, NoticeEvent::DeadlineNear, |participant| {
                let later = participant.exception.extended_to.unwrap_or(deadline).max(deadline);
                participant.standing == Standing::Due && later <= now + NEAR
            })
            .await?;
        }
        Ok(Box::new(NoResult))
    }
}
