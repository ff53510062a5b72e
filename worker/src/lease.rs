//! One attempt under its lease: run the job, keep the lease, and settle how it ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use huibao_models::domain::failure::Failure;
use huibao_models::domain::transcript::Segment;
use huibao_models::metrics::CORES_LENT;
use huibao_models::store::{Claim, Committed, Lost, Outcome};
use huibao_models::trace;
use metrics::gauge;
use tokio::sync::{mpsc, watch};
use tracing::Instrument;

use crate::child::ChildEvents;
use crate::context::Context;
use crate::cores::CoreGrant;
use crate::faults::{self, Point};
use crate::jobs::Attempt;
use crate::settle::{End, Settled, settle};
use crate::stop::Stop;

/// Tell the database about progress at most this often.
const PROGRESS: Duration = Duration::from_millis(500);

/// Works on the job that was claimed, and on what its end leads to.
pub(crate) async fn work(context: &Context, claim: Claim, mut grant: CoreGrant, stop: &Stop) {
    let (mut next, mut messages) = (Some(claim), Vec::new());
    while let Some(claim) = next {
        // Every line of the log about an attempt tells which one.
        let span = tracing::info_span!(
            "job",
            kind = claim.kind,
            job = %claim.job_id,
            submission = claim.submission.map(tracing::field::display),
            attempt = claim.attempt,
        );
        if let Some(submission) = claim.submission {
            trace::join_submission(&span, submission);
        }
        let attempt = attempt(context, claim, &mut grant, stop).instrument(span);
        // On the heap: it is large, and each of a worker's jobs has one.
        let after = Box::pin(attempt).await;
        messages.extend(after.messages);
        next = after.next;
    }
    // First: whoever receives the messages can use the cores.
    drop(grant);
    context.relay.announce(messages).await;
}

/// Runs the job that was claimed and settles its end. Returns what it leads to, and what is to be
/// published.
async fn attempt(context: &Context, claim: Claim, grant: &mut CoreGrant, stop: &Stop) -> Committed {
    grant.go_on();
    let cores = grant.cores();
    tracing::info!(cores, "started");
    let started = Instant::now();
    let (events, mut received) = channels();
    let (config, backends) = (Arc::clone(&context.config), context.backends.clone());
    let attempt = Attempt::new(claim, cores, config, backends, events);
    let claim = &attempt.claim;
    faults::reached(Point::Claimed, &claim.kind).await;
    let lent = f64::from(cores);
    gauge!(CORES_LENT).increment(lent);
    let end = tokio::select! {
        made = run(context, &attempt) => End::Made(made),
        () = hold(context, claim, &mut received) => End::Lost,
        () = stop.now.cancelled() => End::Stopped,
    };
    // What follows waits for the database and not for cores. One is kept for what comes next.
    grant.wind_up();
    gauge!(CORES_LENT).decrement(lent);
    let work_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    faults::reached(Point::Worked, &claim.kind).await;
    let span = tracing::debug_span!("commit");
    let after = match settle(context, claim, &end, work_ms, stop).instrument(span).await {
        Ok(Settled::Committed(committed)) => {
            faults::reached(Point::Committed, &claim.kind).await;
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
            tracing::error!(%error, "cannot commit");
            Committed::default()
        }
    };
    attempt.clear_scratch().await;
    after
}

async fn run(context: &Context, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
    let kind = &attempt.claim.kind;
    match context.kinds.get(kind) {
        Some(kind) => kind.run(attempt).await,
        // A newer version has added it; a worker of that version may take it next time.
        None => Err(Failure::internal(format!("this worker does not know jobs of kind {kind}"))),
    }
}

/// Keeps the lease and passes on progress and partial text. Returns when the lease is lost.
async fn hold(context: &Context, claim: &Claim, received: &mut Received) {
    let (store, lease) = (&context.backends.store, context.config.lease);
    let mut beat = tokio::time::interval(PROGRESS);
    let (mut told, mut renewed, mut seq) = (0.0, Instant::now(), 0);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let progress = *received.progress.borrow();
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
            Some(segment) = received.partial.recv() => {
                if let Err(error) = store.publish_partial(claim, seq, &segment).await {
                    tracing::warn!(%error, "cannot publish partial text");
                }
                seq += 1;
            }
        }
    }
}

/// The receiving ends of [`ChildEvents`].
struct Received {
    progress: watch::Receiver<f32>,
    partial: mpsc::UnboundedReceiver<Segment>,
}

fn channels() -> (ChildEvents, Received) {
    let (progress_in, progress) = watch::channel(0.0);
    let (partial_in, partial) = mpsc::unbounded_channel();
    (ChildEvents { progress: progress_in, partial: partial_in }, Received { progress, partial })
}
