//! Post: tells a channel something.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::domain::notice::NoticeEvent;
use huibao_models::store::{NoResult, Outcome, POST_JOB};
use serde::Deserialize;
use uuid::Uuid;

use super::deliver::again;
use super::{Attempt, JobKind};
use crate::notices::{Post, Poster};

pub(super) struct PostToChannel;

#[derive(Deserialize)]
struct Payload {
    id: Uuid,
    channel: Uuid,
    event: NoticeEvent,
    branch: String,
    report: Option<Uuid>,
    round: Option<Uuid>,
    at: DateTime<Utc>,
}

#[async_trait]
impl JobKind for PostToChannel {
    fn name(&self) -> &'static str {
        POST_JOB
    }

    fn urgency(&self) -> Urgency {
        Urgency::High
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let payload: Option<Payload> = attempt.payload()?;
        let Some(payload) = payload else { return Ok(Box::new(NoResult)) };
        let channel = attempt.store.snapshot().await?.channels().get(payload.channel).await?;
        // It was removed meanwhile.
        let Some(channel) = channel else { return Ok(Box::new(NoResult)) };
        let post = Post {
            id: payload.id,
            event: payload.event,
            branch: &payload.branch,
            report: payload.report,
            round: payload.round,
            at: payload.at,
        };
        let sent = match Poster::new(&attempt.config.notices) {
            Ok(poster) => poster.send(&channel, &post).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(()) => Ok(Box::new(NoResult)),
            Err(error) => again(&attempt.claim, POST_JOB, &error),
        }
    }
}
