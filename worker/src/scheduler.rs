//! Recurring jobs, each time once in a fleet.
//!
//! Time is divided into periods of a kind's interval. In each period, whichever worker comes first adds
//! the job with the period in its unique key; others find that it is there. Jobs for a certain time need
//! no scheduler: they are added with `not_before`, and the relay publishes them then.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::job::NewJob;
use huibao_models::store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::jobs::JobKind;

/// How often it is looked whether a period has begun.
const LOOK: Duration = Duration::from_secs(30);

/// Adds the recurring jobs of all kinds until `stop`.
pub(crate) async fn run(context: Arc<Context>, stop: CancellationToken) {
    loop {
        // Not at once: a fleet that starts has better things to do.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        for kind in context.kinds.all() {
            if let Err(error) = add_due(&context, &**kind).await {
                tracing::warn!(%error, kind = kind.name(), "cannot add a recurring job; trying again");
            }
        }
    }
}

/// Adds the job of the present period, if the kind recurs and nobody has.
async fn add_due(context: &Context, kind: &dyn JobKind) -> Result<(), StoreError> {
    let Some(interval) = kind.every() else { return Ok(()) };
    let now = context.backends.store.now();
    let job = NewJob::new(kind.name(), kind.urgency()).unique(period(now, interval));
    let mut unit = context.backends.store.begin(Actor::System, now).await?;
    if unit.jobs().insert(&job).await? {
        tracing::debug!(kind = kind.name(), "a recurring job is due");
        context.backends.commit(unit).await?;
    }
    Ok(())
}

/// The number of the period that a time is in.
fn period(now: DateTime<Utc>, interval: Duration) -> i64 {
    let seconds = i64::try_from(interval.as_secs()).unwrap_or(i64::MAX).max(1);
    now.timestamp().div_euclid(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_lasts_as_long_as_its_interval() {
        let hour = Duration::from_hours(1);
        let start = DateTime::from_timestamp(3600 * 5, 0).unwrap();
        let last = start + Duration::from_secs(3599);
        assert_eq!(period(start, hour), period(last, hour));
        assert_eq!(period(last + Duration::from_secs(1), hour), period(start, hour) + 1);
    }
}
