//! The loop of a worker: wait for a core, take a hint, claim its task, run the stage.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use huibao_models::db::{Claim, Claimant};
use huibao_models::keepers::Keepers;
use huibao_models::queue::Subscription;
use huibao_models::task::Hint;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::WorkerConfig;
use crate::cores::{CoreBudget, CoreGrant};
use crate::lease::{self, Stop};
use crate::relay::Relay;
use crate::stages::{self, StageRunner};

/// A worker whose cores are all busy for this long gives back what it has received, so that an
/// idle one elsewhere gets it. Shorter tasks than this are not worth the traffic.
const HOLD_ON: Duration = Duration::from_millis(200);

/// A worker whose disk is full takes nothing for so long. It would fail every task in no time, and
/// so get most of them.
const REST: Duration = Duration::from_secs(30);

/// Wait so long before another try at a keeper that does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs tasks until it is told to stop.
pub struct Worker {
    pub(crate) keepers: Keepers,
    pub(crate) config: Arc<WorkerConfig>,
    pub(crate) stages: Arc<dyn StageRunner>,
    pub(crate) relay: Relay,
    budget: CoreBudget,
    name: String,
    rests_until: Mutex<Option<Instant>>,
}

impl Worker {
    /// A worker with these settings, which runs the pipeline's own stages.
    pub fn new(keepers: Keepers, config: WorkerConfig) -> Self {
        let pipeline = stages::Pipeline::new(config.keep_model);
        Self::with_stages(keepers, config, Arc::new(pipeline))
    }

    /// A worker that runs other stages: a benchmark of everything around them needs that.
    pub fn with_stages(
        keepers: Keepers,
        config: WorkerConfig,
        stages: Arc<dyn StageRunner>,
    ) -> Self {
        let budget = CoreBudget::new(config.cores);
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let name = format!("{host}/{}", std::process::id());
        let (config, rests_until) = (Arc::new(config), Mutex::default());
        let relay = Relay::new(keepers.clone());
        Self { keepers, config, stages, relay, budget, name, rests_until }
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
                // Before the next task is looked for: what is more urgent gets the cores it can use.
                let useful = stages::useful_cores(claim.stage, worker.config.cores_per_task);
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
            match self.keepers.queue.subscribe(&self.config.stages, prefetch).await {
                Ok(subscription) => return Some(subscription),
                Err(error) => tracing::error!(%error, "cannot receive hints; trying again"),
            }
            tokio::select! {
                () = shutdown.cancelled() => return None,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Waits for a core and then for a hint, in this order: a task is claimed only when it can
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
            // Not cancelled half-way: a claim that nobody works on would block its task.
            let claim = self.claim(&delivery.hint, shutdown).await;
            // The row holds the claim, so the message has served. One that is out of date, too.
            delivery.ack().await;
            if let Some(claim) = claim {
                return Some((claim, grant));
            }
        }
    }

    /// Takes no task for a while: this machine cannot do any now.
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

    /// Claims a hint's task. `None` if there is nothing to claim.
    async fn claim(&self, hint: &Hint, shutdown: &CancellationToken) -> Option<Claim> {
        let (db, claimant, retry) = (&self.keepers.db, self.claimant(), &self.config.retry);
        loop {
            match db.claim(hint, &claimant, retry, db.now()).await {
                Ok(claim) => return claim,
                Err(error) => tracing::error!(%error, "cannot claim a task; trying again"),
            }
            tokio::select! {
                // The hint comes again, to whoever is there then.
                () = shutdown.cancelled() => return None,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}
