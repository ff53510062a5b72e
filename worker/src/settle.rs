//! How an attempt ended, and what becomes of it in the database.

use std::time::{Duration, Instant};

use huibao_models::domain::failure::{Failure, FailureClass, FailureCode};
use huibao_models::domain::job::{JobMessage, Verdict};
use huibao_models::metrics::{FAILURES, attempt_ended};
use huibao_models::store::{Claim, Committed, Continuation, Lost, Outcome, StoreError};
use metrics::counter;

use crate::context::Context;
use crate::jobs::JobKind;
use crate::stop::Stop;

/// What an attempt made is offered to a database that does not answer for so long. The work behind
/// it may have taken an hour.
const OFFER: Duration = Duration::from_mins(10);

/// The first pause between two offers; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How an attempt ended.
pub(crate) enum End {
    /// With results, or failed.
    Made(Result<Box<dyn Outcome>, Failure>),
    /// Its lease was lost.
    Lost,
    /// The worker stops.
    Stopped,
}

/// What became of an attempt in the database.
pub(crate) enum Settled {
    /// Its results are committed, and this became ready.
    Committed(Committed),
    /// Nothing is committed; this job may be ready again.
    Discarded(Option<JobMessage>),
}

/// Writes down how the attempt ended, again and again while the database does not answer: results
/// of long work are not thrown away for a short outage.
pub(crate) async fn settle(
    context: &Context,
    claim: &Claim,
    end: &End,
    work_ms: u64,
    stop: &Stop,
) -> Result<Settled, StoreError> {
    let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        match try_settle(context, claim, end, work_ms, stop).await {
            Err(error) if error.is_passing() && started.elapsed() < OFFER => {
                tracing::warn!(%error, ?pause, "cannot commit; trying again");
            }
            done => return done,
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // One last try, then this process ends.
            () = stop.now.cancelled() => return try_settle(context, claim, end, work_ms, stop).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn try_settle(
    context: &Context,
    claim: &Claim,
    end: &End,
    work_ms: u64,
    stop: &Stop,
) -> Result<Settled, StoreError> {
    let store = &context.backends.store;
    let ended = |outcome| attempt_ended(&claim.kind, outcome, Duration::from_millis(work_ms));
    match end {
        End::Made(Ok(outcome)) => {
            let next = continuation(context, claim, stop);
            let committed =
                store.complete(claim, &**outcome, work_ms, next.as_ref(), store.now()).await?;
            let Ok(committed) = committed else {
                tracing::warn!("the lease was lost; nothing is committed");
                ended("lost");
                return Ok(Settled::Discarded(None));
            };
            tracing::info!(work_ms, "done");
            ended("done");
            Ok(Settled::Committed(committed))
        }
        End::Made(Err(failure)) => {
            let verdict = store.fail(claim, failure, &context.config.retry, store.now()).await?;
            log_failure(failure, verdict);
            counter!(FAILURES, "kind" => claim.kind.clone(), "code" => failure.code.as_str())
                .increment(1);
            ended(match verdict {
                Ok(Verdict::RetryAfter(_)) => "retried",
                Ok(Verdict::Dead) => "failed",
                Err(Lost) => "lost",
            });
            if failure.code == FailureCode::DiskFull {
                tracing::error!("the disk is full; this worker takes nothing for a while");
                context.rest();
            }
            Ok(Settled::Discarded(None))
        }
        End::Lost => {
            tracing::warn!("the lease was lost; the attempt is stopped");
            ended("lost");
            Ok(Settled::Discarded(None))
        }
        End::Stopped => {
            let again = store.hand_back(claim, store.now()).await?;
            tracing::info!("handed back");
            ended("handed_back");
            Ok(Settled::Discarded(again.ok()))
        }
    }
}

/// What this worker would continue with at once, unless it is to stop or does not work on that.
fn continuation<'a>(context: &'a Context, claim: &Claim, stop: &Stop) -> Option<Continuation<'a>> {
    let kind = context.kinds.get(&claim.kind).and_then(JobKind::continues_with)?;
    let urgency = context.kinds.get(kind)?.urgency();
    let goes_on = !stop.soon.is_cancelled() && context.config.urgencies().contains(&urgency);
    goes_on.then(|| Continuation { kind, claimant: context.claimant() })
}

fn log_failure(failure: &Failure, verdict: Result<Verdict, Lost>) {
    match verdict {
        // A bad file is the user's news, not the operator's.
        Ok(_) if failure.code.class() == FailureClass::Permanent => {
            tracing::info!(%failure, "refused");
        }
        Ok(Verdict::RetryAfter(delay)) => {
            tracing::warn!(%failure, ?delay, "failed; will try again");
        }
        Ok(Verdict::Dead) => tracing::error!(%failure, "failed for good"),
        Err(Lost) => tracing::warn!(%failure, "failed after its lease was lost"),
    }
}
