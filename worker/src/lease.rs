//! One attempt under its lease: run the stage, keep the lease, and settle how it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use huibao_models::domain::failure::{Failure, FailureClass, FailureCode};
use huibao_models::domain::job::{JobMessage, Verdict};
use huibao_models::domain::transcript::Segment;
use huibao_models::store::{Claim, Committed, Completion, Lost, StoreError};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::child::ChildEvents;
use crate::cores::CoreGrant;
use crate::faults::{self, Point};
use crate::jobs::Attempt;
use crate::runner::Worker;

/// Tell the table about progress at most this often.
const PROGRESS: Duration = Duration::from_millis(500);

/// What an attempt made is offered to a database that does not answer for so long. The work behind
/// it may have taken an hour.
const OFFER: Duration = Duration::from_mins(10);

/// The first pause between two offers; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How an attempt ended.
enum Outcome {
    Made(Result<Completion, Failure>),
    Lost,
    Stopped,
}

/// What became of an attempt in the table.
enum Settled {
    /// Its results are committed, and this became ready.
    Committed(Committed),
    /// Nothing is committed; this job may be ready again.
    Discarded(Option<JobMessage>),
}

/// How a worker is told to end.
pub(crate) struct Stop {
    /// Begin nothing new.
    pub soon: CancellationToken,
    /// Hand back what is running.
    pub now: CancellationToken,
}

/// Works on the job that was claimed, and on what its end leads to.
pub(crate) async fn work(worker: &Worker, claim: Claim, mut grant: CoreGrant, stop: &Stop) {
    let (mut next, mut messages) = (Some(claim), Vec::new());
    while let Some(claim) = next {
        let after = attempt(worker, claim, &mut grant, stop).await;
        messages.extend(after.messages);
        next = after.next;
    }
    // First: whoever hears of the messages can use the cores.
    drop(grant);
    worker.relay.announce(messages).await;
}

/// Runs the stage that was claimed and settles its end. Returns what it leads to, and what is to be
/// announced.
async fn attempt(worker: &Worker, claim: Claim, grant: &mut CoreGrant, stop: &Stop) -> Committed {
    grant.go_on();
    let cores = grant.cores();
    tracing::info!(report = %claim.report_id, stage = %claim.stage, attempt = claim.attempt, cores, "started");
    let started = Instant::now();
    let (events, mut news) = channels();
    let (config, backends) = (Arc::clone(&worker.config), worker.backends.clone());
    let attempt = Attempt::new(claim, cores, config, backends, events);
    faults::reached(Point::Claimed, claim.stage).await;
    let outcome = tokio::select! {
        made = worker.stages.run(&attempt) => Outcome::Made(made),
        () = hold(worker, &claim, &mut news) => Outcome::Lost,
        () = stop.now.cancelled() => Outcome::Stopped,
    };
    // What follows waits for the database and not for cores. One is kept for what comes next.
    grant.wind_up();
    let work_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    faults::reached(Point::Worked, claim.stage).await;
    let settled = settle(worker, &claim, outcome, work_ms, stop).await;
    let after = match settled {
        Ok(Settled::Committed(committed)) => {
            faults::reached(Point::Committed, claim.stage).await;
            committed
        }
        Ok(Settled::Discarded(again)) => {
            attempt.discard().await;
            Committed { messages: again.into_iter().collect(), next: None }
        }
        // If nothing was committed, the lease runs out and another attempt is made. But a commit
        // whose answer was lost may have happened, so the files stay; the collector knows which
        // ones nobody refers to.
        Err(error) => {
            tracing::error!(%error, report = %claim.report_id, stage = %claim.stage, "cannot commit");
            Committed::default()
        }
    };
    attempt.clear_scratch().await;
    after
}

/// Keeps the lease and passes on progress and partial text. Returns when the lease is lost.
async fn hold(worker: &Worker, claim: &Claim, news: &mut News) {
    let (store, lease) = (&worker.backends.store, worker.config.lease);
    let mut beat = tokio::time::interval(PROGRESS);
    let (mut told, mut renewed, mut seq) = (0.0, Instant::now(), 0);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let progress = *news.progress.borrow();
                let due = renewed.elapsed() > lease / 4;
                if !due && (progress - told).abs() < 0.001 {
                    continue;
                }
                match store.renew(claim, lease, progress, store.now()).await {
                    Ok(Ok(())) => (told, renewed) = (progress, Instant::now()),
                    Ok(Err(Lost)) => return,
                    // The lease may survive this; if not, the next renewal says so.
                    Err(error) => tracing::warn!(%error, "cannot renew a lease"),
                }
            }
            Some(segment) = news.partial.recv() => {
                if let Err(error) = store.publish_partial(claim, seq, &segment).await {
                    tracing::warn!(%error, "cannot publish partial text");
                }
                seq += 1;
            }
        }
    }
}

/// Writes down how the attempt ended, again and again while the database does not answer: results
/// of long work are not thrown away for a short outage.
async fn settle(
    worker: &Worker,
    claim: &Claim,
    outcome: Outcome,
    work_ms: u64,
    stop: &Stop,
) -> Result<Settled, StoreError> {
    let (started, mut pause) = (Instant::now(), FIRST_PAUSE);
    loop {
        match try_settle(worker, claim, &outcome, work_ms, stop).await {
            Err(error) if error.is_passing() && started.elapsed() < OFFER => {
                tracing::warn!(%error, stage = %claim.stage, ?pause, "cannot commit; trying again");
            }
            done => return done,
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // One last try, then this process ends.
            () = stop.now.cancelled() => return try_settle(worker, claim, &outcome, work_ms, stop).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn try_settle(
    worker: &Worker,
    claim: &Claim,
    outcome: &Outcome,
    work_ms: u64,
    stop: &Stop,
) -> Result<Settled, StoreError> {
    let store = &worker.backends.store;
    let (report, stage) = (claim.report_id, claim.stage);
    match outcome {
        Outcome::Made(Ok(completion)) => {
            let goes_on = !stop.soon.is_cancelled()
                && stage.leads_to().is_some_and(|next| worker.config.stages.contains(&next));
            let next = goes_on.then(|| worker.claimant());
            let committed =
                store.complete(claim, completion, work_ms, next.as_ref(), store.now()).await?;
            let Ok(committed) = committed else {
                tracing::warn!(%report, %stage, "the lease was lost; nothing is committed");
                return Ok(Settled::Discarded(None));
            };
            tracing::info!(%report, %stage, work_ms, "done");
            Ok(Settled::Committed(committed))
        }
        Outcome::Made(Err(failure)) => {
            let verdict = store.fail(claim, failure, &worker.config.retry, store.now()).await?;
            log_failure(claim, failure, verdict);
            if failure.code == FailureCode::DiskFull {
                tracing::error!("the disk is full; this worker takes nothing for a while");
                worker.rest();
            }
            Ok(Settled::Discarded(None))
        }
        Outcome::Lost => {
            tracing::warn!(%report, %stage, "the lease was lost; the attempt is stopped");
            Ok(Settled::Discarded(None))
        }
        Outcome::Stopped => {
            let again = store.hand_back(claim, store.now()).await?;
            tracing::info!(%report, %stage, "handed back");
            Ok(Settled::Discarded(again.ok()))
        }
    }
}

/// The receiving ends of [`ChildEvents`].
struct News {
    progress: watch::Receiver<f32>,
    partial: mpsc::UnboundedReceiver<Segment>,
}

fn channels() -> (ChildEvents, News) {
    let (progress_in, progress) = watch::channel(0.0);
    let (partial_in, partial) = mpsc::unbounded_channel();
    (ChildEvents { progress: progress_in, partial: partial_in }, News { progress, partial })
}

fn log_failure(claim: &Claim, failure: &Failure, verdict: Result<Verdict, Lost>) {
    let (report, stage, attempt) = (claim.report_id, claim.stage, claim.attempt);
    match verdict {
        // A bad file is the user's news, not the operator's.
        Ok(_) if failure.code.class() == FailureClass::Permanent => {
            tracing::info!(%report, %stage, %failure, "refused");
        }
        Ok(Verdict::RetryAfter(delay)) => {
            tracing::warn!(%report, %stage, attempt, %failure, ?delay, "failed; will try again");
        }
        Ok(Verdict::Dead) => tracing::error!(%report, %stage, attempt, %failure, "failed for good"),
        Err(Lost) => tracing::warn!(%report, %stage, %failure, "failed after its lease was lost"),
    }
}
