//! The loop of a worker: wait for a core, claim a task, run its stage under a lease, commit.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use huibao_models::db::{Claim, Completion, Database, DbError, Lost};
use huibao_models::failure::{Failure, FailureClass};
use huibao_models::queue::Queue;
use huibao_models::storage::Storage;
use huibao_models::task::{Stage, Verdict};
use huibao_models::transcript::Segment;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::WorkerConfig;
use crate::child::ChildEvents;
use crate::cores::{CoreBudget, CoreGrant};
use crate::stages::{self, Attempt};

/// Look at the table this often even without a hint: for retries that are due and leases that ran
/// out. A hint makes the usual case immediate.
const POLL: Duration = Duration::from_secs(2);

/// Tell the table about progress at most this often.
const PROGRESS: Duration = Duration::from_millis(500);

/// The three keepers.
#[derive(Clone)]
pub struct Keepers {
    /// Rows.
    pub db: Database,
    /// Files.
    pub storage: Arc<dyn Storage>,
    /// Wake-ups.
    pub queue: Arc<dyn Queue>,
}

/// Runs tasks until it is told to stop.
pub struct Worker {
    keepers: Keepers,
    config: Arc<WorkerConfig>,
    budget: CoreBudget,
    name: String,
}

/// How an attempt ended.
enum Outcome {
    Made(Result<Completion, Failure>),
    Lost,
    Stopped,
}

impl Worker {
    /// A worker with these settings.
    pub fn new(keepers: Keepers, config: WorkerConfig) -> Self {
        let budget = CoreBudget::new(config.cores);
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let name = format!("{host}/{}", std::process::id());
        Self { keepers, config: Arc::new(config), budget, name }
    }

    /// Runs until `shutdown`; then running attempts get the grace time, and what is not done by
    /// then is handed back.
    pub async fn run(self, shutdown: CancellationToken) {
        let worker = Arc::new(self);
        let tracker = TaskTracker::new();
        let stop_now = CancellationToken::new();
        loop {
            let claimed = tokio::select! {
                () = shutdown.cancelled() => break,
                claimed = worker.next() => claimed,
            };
            let Some((claim, grant)) = claimed else { break };
            let (worker, stop_now) = (Arc::clone(&worker), stop_now.clone());
            tracker.spawn(async move { worker.attempt(claim, grant, stop_now).await });
        }
        tracker.close();
        if tokio::time::timeout(worker.config.grace, tracker.wait()).await.is_err() {
            stop_now.cancel();
            tracker.wait().await;
        }
    }

    /// Waits for a core and then for a task, in this order: a task is claimed only when it can run.
    /// `None` when there will never be another one.
    async fn next(&self) -> Option<(Claim, CoreGrant)> {
        let mut grant = self.budget.one().await?;
        loop {
            match self.claim().await {
                Ok(Some(claim)) => {
                    grant.grow(stages::useful_cores(claim.stage, self.config.cores_per_task));
                    return Some((claim, grant));
                }
                Ok(None) => {
                    let _ = tokio::time::timeout(POLL, self.keepers.queue.wait()).await;
                }
                Err(error) => {
                    tracing::error!(%error, "cannot look for tasks; trying again");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    async fn claim(&self) -> Result<Option<Claim>, DbError> {
        let (db, now) = (&self.keepers.db, Utc::now());
        db.bury_abandoned(&self.config.retry, now).await?;
        db.claim(&Stage::ALL, &self.name, self.config.lease, now).await
    }

    async fn attempt(&self, claim: Claim, grant: CoreGrant, stop_now: CancellationToken) {
        let cores = grant.cores();
        tracing::info!(report = %claim.report_id, stage = %claim.stage, attempt = claim.attempt, cores, "started");
        let started = Instant::now();
        let scratch = self.config.scratch.join(format!("{}-{}", claim.task_id, claim.token));
        let (events, mut news) = channels();
        let attempt = Attempt::new(
            claim,
            cores,
            Arc::clone(&self.config),
            (self.keepers.db.clone(), Arc::clone(&self.keepers.storage)),
            events,
            scratch.clone(),
        );
        let outcome = tokio::select! {
            made = run_stage(&attempt) => Outcome::Made(made),
            () = self.hold(&claim, &mut news) => Outcome::Lost,
            () = stop_now.cancelled() => Outcome::Stopped,
        };
        let work_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let committed = self.settle(&claim, outcome, work_ms).await;
        if !committed {
            attempt.discard().await;
        }
        remove_folder(scratch).await;
        drop(grant);
        // Cores are free again, and this worker may be the one that waits for them.
        self.keepers.queue.hint(claim.stage).await;
    }

    /// Keeps the lease and passes on progress and partial text. Returns when the lease is lost.
    async fn hold(&self, claim: &Claim, news: &mut News) {
        let mut beat = tokio::time::interval(PROGRESS);
        let (mut told, mut renewed, mut seq) = (0.0, Instant::now(), 0);
        loop {
            tokio::select! {
                _ = beat.tick() => {
                    let progress = *news.progress.borrow();
                    let due = renewed.elapsed() > self.config.lease / 4;
                    if !due && (progress - told).abs() < 0.001 {
                        continue;
                    }
                    match self.keepers.db.renew(claim, self.config.lease, progress, Utc::now()).await {
                        Ok(Ok(())) => (told, renewed) = (progress, Instant::now()),
                        Ok(Err(Lost)) => return,
                        // The lease may survive this; if not, the next renewal says so.
                        Err(error) => tracing::warn!(%error, "cannot renew a lease"),
                    }
                }
                Some(segment) = news.partial.recv() => {
                    if let Err(error) = self.keepers.db.publish_partial(claim, seq, &segment).await {
                        tracing::warn!(%error, "cannot publish partial text");
                    }
                    seq += 1;
                }
            }
        }
    }

    /// Writes down how the attempt ended. True if its outputs are, or may be, committed.
    async fn settle(&self, claim: &Claim, outcome: Outcome, work_ms: u64) -> bool {
        match self.try_settle(claim, outcome, work_ms).await {
            Ok(committed) => committed,
            Err(error) => {
                // If nothing was committed, the lease runs out and another attempt is made. But a
                // commit whose answer was lost may have happened, so its files must stay.
                tracing::error!(%error, report = %claim.report_id, stage = %claim.stage, "cannot commit");
                true
            }
        }
    }

    async fn try_settle(
        &self,
        claim: &Claim,
        outcome: Outcome,
        work_ms: u64,
    ) -> Result<bool, DbError> {
        let (db, queue) = (&self.keepers.db, &self.keepers.queue);
        let (report, stage) = (claim.report_id, claim.stage);
        match outcome {
            Outcome::Made(Ok(completion)) => {
                let Ok(ready) = db.complete(claim, &completion, work_ms, Utc::now()).await? else {
                    tracing::warn!(%report, %stage, "the lease was lost; nothing is committed");
                    return Ok(false);
                };
                tracing::info!(%report, %stage, work_ms, "done");
                for next in ready {
                    queue.hint(next).await;
                }
                Ok(true)
            }
            Outcome::Made(Err(failure)) => {
                let verdict = db.fail(claim, &failure, &self.config.retry, Utc::now()).await?;
                log_failure(claim, &failure, verdict);
                Ok(false)
            }
            Outcome::Lost => {
                tracing::warn!(%report, %stage, "the lease was lost; the attempt is stopped");
                Ok(false)
            }
            Outcome::Stopped => {
                db.hand_back(claim, Utc::now()).await?;
                tracing::info!(%report, %stage, "handed back");
                Ok(false)
            }
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

async fn run_stage(attempt: &Attempt) -> Result<Completion, Failure> {
    tokio::fs::create_dir_all(&attempt.scratch).await?;
    stages::run(attempt).await
}

async fn remove_folder(folder: PathBuf) {
    if let Err(error) = tokio::fs::remove_dir_all(&folder).await {
        tracing::warn!(%error, folder = %folder.display(), "a scratch folder stays behind");
    }
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
