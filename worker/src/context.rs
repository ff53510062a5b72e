//! What every attempt of a worker shares.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use huibao_models::backends::Backends;
use huibao_models::store::Claimant;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::WorkerConfig;
use crate::jobs::Kinds;
use crate::relay::Relay;

/// A worker whose disk is full takes nothing for so long. It would fail every job in no time, and
/// so get most of them.
const REST: Duration = Duration::from_secs(30);

/// The backends, settings and job kinds of a worker, and whether it rests.
pub(crate) struct Context {
    pub backends: Backends,
    pub config: Arc<WorkerConfig>,
    pub kinds: Kinds,
    pub relay: Relay,
    name: String,
    rests_until: Mutex<Option<Instant>>,
    /// Whether an operator wants it to take no further jobs.
    paused: watch::Sender<bool>,
}

impl Context {
    pub fn new(backends: Backends, config: WorkerConfig, kinds: Kinds) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let name = format!("{host}/{}", std::process::id());
        let (config, rests_until) = (Arc::new(config), Mutex::default());
        let relay = Relay::new(backends.clone());
        let paused = watch::Sender::new(false);
        Self { backends, config, kinds, relay, name, rests_until, paused }
    }

    /// As whom this worker claims.
    pub fn claimant(&self) -> Claimant<'_> {
        Claimant { worker: &self.name, lease: self.config.lease }
    }

    /// An operator wants it to take no further jobs, or to go on.
    pub fn set_paused(&self, paused: bool) {
        let changed = self.paused.send_if_modified(|now| std::mem::replace(now, paused) != paused);
        if changed {
            tracing::info!(paused, "an operator decides whether this worker takes jobs");
        }
    }

    /// Waits until it is to pause, or to go on.
    pub async fn until_paused_is(&self, wanted: bool) {
        // The sender lives as long as this.
        let _ = self.paused.subscribe().wait_for(|paused| *paused == wanted).await;
    }

    /// Whether it is to take no further jobs.
    pub fn is_paused(&self) -> bool {
        *self.paused.borrow()
    }

    /// Takes no job for a while: this machine cannot do any now.
    pub fn rest(&self) {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(Instant::now() + REST);
    }

    /// Until when no job is taken, if that is still to come.
    pub fn rests_until(&self) -> Option<Instant> {
        let until = *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|until| *until > Instant::now())
    }
}
