//! The loop of a worker: wait for a core, take a message, claim its job, run it.

use std::sync::Arc;
use std::time::Duration;

use huibao_models::backends::Backends;
use huibao_models::domain::job::JobMessage;
use huibao_models::metrics::CORES;
use huibao_models::queue::Subscription;
use huibao_models::store::{Claim, StoreError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::WorkerConfig;
use crate::context::Context;
use crate::cores::{CoreBudget, CoreGrant};
use crate::jobs::Kinds;
use crate::lease;
use crate::presence;
use crate::scheduler;
use crate::stop::Stop;

/// A worker whose cores are all busy for this long gives back what it has received, so that an
/// idle one elsewhere gets it. Shorter jobs than this are not worth the traffic.
const HOLD_ON: Duration = Duration::from_millis(200);

/// Wait so long before another try at a backend that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs jobs until it is told to stop.
pub struct Worker {
    context: Arc<Context>,
    budget: CoreBudget,
}

impl Worker {
    /// A worker with these settings, which knows Huibao's own kinds of jobs.
    pub fn new(backends: Backends, config: WorkerConfig) -> Self {
        let kinds = Kinds::standard(&config);
        Self::with_kinds(backends, config, kinds)
    }

    /// A worker that knows other kinds of jobs: a benchmark of everything around them needs that.
    pub fn with_kinds(backends: Backends, config: WorkerConfig, kinds: Kinds) -> Self {
        let budget = CoreBudget::new(config.cores);
        metrics::gauge!(CORES).set(f64::from(budget.total()));
        Self { context: Arc::new(Context::new(backends, config, kinds)), budget }
    }

    /// Runs until `shutdown`; then running attempts get the grace time, and what is not done by
    /// then is handed back.
    pub async fn run(self, shutdown: CancellationToken) {
        let context = &self.context;
        let tracker = TaskTracker::new();
        let stop_now = CancellationToken::new();
        let relay = tokio::spawn({
            let (context, shutdown) = (Arc::clone(context), shutdown.clone());
            async move { context.relay.run(shutdown).await }
        });
        let presence = tokio::spawn(presence::run(Arc::clone(context), shutdown.clone()));
        if context.config.recurring {
            tracker.spawn(scheduler::run(Arc::clone(context), shutdown.clone()));
        }
        if let Some(mut subscription) = self.subscribe(&shutdown).await {
            while let Some((claim, mut grant)) = self.next(&mut *subscription, &shutdown).await {
                // Before the next job is looked for: what is more urgent gets the cores it can use.
                grant.grow(self.useful_cores(&claim)).await;
                let context = Arc::clone(context);
                let stop = Stop { soon: shutdown.clone(), now: stop_now.clone() };
                tracker.spawn(async move { lease::work(&context, claim, grant, &stop).await });
            }
        }
        tracker.close();
        if tokio::time::timeout(context.config.grace, tracker.wait()).await.is_err() {
            stop_now.cancel();
            tracker.wait().await;
        }
        for ended in [relay.await, presence.await] {
            if let Err(error) = ended {
                tracing::error!(%error, "a task beside the jobs ended badly");
            }
        }
    }

    fn useful_cores(&self, claim: &Claim) -> u32 {
        let kind = self.context.kinds.get(&claim.kind);
        kind.map_or(1, |kind| kind.useful_cores(self.context.config.cores_per_task))
    }

    async fn subscribe(&self, shutdown: &CancellationToken) -> Option<Box<dyn Subscription>> {
        let prefetch = u16::try_from(self.budget.total()).unwrap_or(u16::MAX);
        let urgencies = self.context.config.urgencies();
        loop {
            match self.context.backends.queue.subscribe(&urgencies, prefetch).await {
                Ok(subscription) => return Some(subscription),
                Err(error) => tracing::error!(%error, "cannot receive messages; trying again"),
            }
            tokio::select! {
                () = shutdown.cancelled() => return None,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Waits for a core and then for a message, in this order: a job is claimed only when it can
    /// run. `None` once the worker is to stop.
    async fn next(
        &self,
        subscription: &mut dyn Subscription,
        shutdown: &CancellationToken,
    ) -> Option<(Claim, CoreGrant)> {
        loop {
            let grant = tokio::select! {
                () = shutdown.cancelled() => return None,
                grant = self.free_core(subscription) => grant?,
            };
            if let Some(until) = self.context.rests_until() {
                // Somebody else may have room.
                subscription.pause().await;
                drop(grant);
                tokio::select! {
                    () = shutdown.cancelled() => return None,
                    () = tokio::time::sleep_until(until) => continue,
                }
            }
            if self.context.is_paused() {
                subscription.pause().await;
                drop(grant);
                tokio::select! {
                    () = shutdown.cancelled() => return None,
                    () = self.context.until_paused_is(false) => continue,
                }
            }
            let delivery = tokio::select! {
                () = shutdown.cancelled() => return None,
                () = self.context.until_paused_is(true) => continue,
                delivery = subscription.next() => delivery,
            };
            // Not cancelled half-way: a claim that nobody works on would block its job.
            let claim = Box::pin(self.claim(&delivery.message, shutdown)).await;
            // The row holds the claim, so the message has served. One that is out of date, too.
            delivery.ack().await;
            if let Some(claim) = claim {
                return Some((claim, grant));
            }
        }
    }

    async fn free_core(&self, subscription: &mut dyn Subscription) -> Option<CoreGrant> {
        if let Ok(grant) = tokio::time::timeout(HOLD_ON, self.budget.one()).await {
            return grant;
        }
        subscription.pause().await;
        self.budget.one().await
    }

    /// Claims a message's job. `None` if there is nothing to claim.
    async fn claim(&self, message: &JobMessage, shutdown: &CancellationToken) -> Option<Claim> {
        let Context { backends, config, .. } = &*self.context;
        let (store, claimant) = (&backends.store, self.context.claimant());
        loop {
            match store.claim(message, &claimant, &config.retry, store.now()).await {
                Ok(claim) => return claim,
                Err(error) => log_refusal(&error, store.check_schema().await.err().as_ref()),
            }
            tokio::select! {
                // The message comes again, to whoever is there then.
                () = shutdown.cancelled() => return None,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// Says why nothing can be claimed. During an upgrade, a process of the older version is told so
/// instead of that a table is not there.
fn log_refusal(error: &StoreError, schema: Option<&StoreError>) {
    if let Some(newer @ StoreError::Newer(_)) = schema {
        tracing::error!(error = %newer, "this worker is too old for the database; start its newer version");
    } else {
        tracing::error!(%error, "cannot claim a job; trying again");
    }
}
