//! The loop of a worker: wait for a core, take a message, claim its job, run the stage.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use huibao_models::backends::Backends;
use huibao_models::domain::job::JobMessage;
use huibao_models::queue::Subscription;
use huibao_models::store::{Claim, Claimant};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::WorkerConfig;
use crate::cores::{CoreBudget, CoreGrant};
use crate::jobs::{self, StageRunner};
use crate::lease::{self, Stop};
use crate::relay::Relay;

/// A worker whose cores are all busy for this long gives back what it has received, so that an
/// idle one elsewhere gets it. Shorter jobs than this are not worth the traffic.
const HOLD_ON: Duration = Duration::from_millis(200);

/// A worker whose disk is full takes nothing for so long. It would fail every job in no time, and
/// so get most of them.
const REST: Duration = Duration::from_secs(30);

/// Wait so long before another try at a backend that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs jobs until it is told to stop.
pub struct Worker {
    pub(crate) backends: Backends,
    pub(crate) config: Arc<WorkerConfig>,
    pub(crate) stages: Arc<dyn StageRunner>,
    pub(crate) relay: Relay,
    budget: CoreBudget,
    name: String,
    rests_until: Mutex<Option<Instant>>,
}

impl Worker {
    /// A worker with these settings, which runs the pipeline's own stages.
    pub fn new(backends: Backends, config: WorkerConfig) -> Self {
        let pipeline = jobs::Pipeline::new(config.keep_model);
        Self::with_stages(backends, config, Arc::new(pipeline))
    }

    /// A worker that runs other stages: a benchmark of everything around them needs that.
    pub fn with_stages(
        backends: Backends,
        config: WorkerConfig,
        stages: Arc<dyn StageRunner>,
    ) -> Self {
        let budget = CoreBudget::new(config.cores);
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let name = format!("{host}/{}", std::process::id());
        let (config, rests_until) = (Arc::new(config), Mutex::default());
        let relay = Relay::new(backends.clone());
        Self { backends, config, stages, relay, budget, name, rests_until }
    }

    /// Runs until `shutdown`; then running attempts get the grace time, and what is not done by
    /// then is handed back.
    pub async fn run(self, shutdown: CancellationToken) {
        let worker = Arc::new(self);
        let tracker = TaskTracker::new();
        let stop_now = CancellationToken::new();
        let relay = tokio::spawn({
            let (worker, shutdown) = (Arc::clone(&worker), shutdown.clone());
            async move { worker.relay.run(shutdown).await }
        });
        if let Some(mut subscription) = worker.subscribe(&shutdown).await {
            while let Some((claim, mut grant)) = worker.next(&mut *subscription, &shutdown).await {
                // Before the next job is looked for: what is more urgent gets the cores it can use.
                let useful = jobs::useful_cores(claim.stage, worker.config.cores_per_task);
                grant.grow(useful).await;
                let worker = Arc::clone(&worker);
                let stop = Stop { soon: shutdown.clone(), now: stop_now.clone() };
                tracker.spawn(async move { lease::work(&worker, claim, grant, &stop).await });
            }
        }
        tracker.close();
        if tokio::time::timeout(worker.config.grace, tracker.wait()).await.is_err() {
            stop_now.cancel();
            tracker.wait().await;
        }
        if let Err(error) = relay.await {
            tracing::error!(%error, "the relay ended badly");
        }
    }

    async fn subscribe(&self, shutdown: &CancellationToken) -> Option<Box<dyn Subscription>> {
        let prefetch = u16::try_from(self.budget.total()).unwrap_or(u16::MAX);
        loop {
            match self.backends.queue.subscribe(&self.config.stages, prefetch).await {
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
            if let Some(until) = self.rests_until() {
                // Somebody else may have room.
                subscription.pause().await;
                drop(grant);
                tokio::select! {
                    () = shutdown.cancelled() => return None,
                    () = tokio::time::sleep_until(until) => continue,
                }
            }
            let delivery = tokio::select! {
                () = shutdown.cancelled() => return None,
                delivery = subscription.next() => delivery,
            };
            // Not cancelled half-way: a claim that nobody works on would block its job.
            let claim = self.claim(&delivery.message, shutdown).await;
            // The row holds the claim, so the message has served. One that is out of date, too.
            delivery.ack().await;
            if let Some(claim) = claim {
                return Some((claim, grant));
            }
        }
    }

    /// Takes no job for a while: this machine cannot do any now.
    pub(crate) fn rest(&self) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Instant::now() + REST);
    }

    fn rests_until(&self) -> Option<Instant> {
        let until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| *until > Instant::now())
    }

    async fn free_core(&self, subscription: &mut dyn Subscription) -> Option<CoreGrant> {
        if let Ok(grant) = tokio::time::timeout(HOLD_ON, self.budget.one()).await {
            return grant;
        }
        subscription.pause().await;
        self.budget.one().await
    }

    pub(crate) fn claimant(&self) -> Claimant<'_> {
        Claimant { worker: &self.name, lease: self.config.lease }
    }

    /// Claims a message's job. `None` if there is nothing to claim.
    async fn claim(&self, message: &JobMessage, shutdown: &CancellationToken) -> Option<Claim> {
        let (store, claimant, retry) = (&self.backends.store, self.claimant(), &self.config.retry);
        loop {
            match store.claim(message, &claimant, retry, store.now()).await {
                Ok(claim) => return claim,
                Err(error) => tracing::error!(%error, "cannot claim a job; trying again"),
            }
            tokio::select! {
                // The message comes again, to whoever is there then.
                () = shutdown.cancelled() => return None,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}
