//! Says every few seconds that this worker is there, and hears whether it is to pause.

use std::sync::Arc;
use std::time::Duration;

use huibao_models::domain::worker::WorkerInfo;
use tokio_util::sync::CancellationToken;

use crate::context::Context;

/// How often it says so; an operator's wish to pause takes at most as long.
const INTERVAL: Duration = Duration::from_secs(5);

/// Runs until `stop`. Afterwards, the worker is forgotten.
pub(crate) async fn run(context: Arc<Context>, stop: CancellationToken) {
    let store = &context.backends.store;
    let (info, started_at) = (info(&context), store.now());
    let mut failing = false;
    loop {
        match store.worker_seen(&info, started_at, store.now()).await {
            Ok(paused) => {
                context.set_paused(paused);
                failing = false;
            }
            // Once an outage. What it was told last, holds.
            Err(_) if failing => {}
            Err(error) => {
                tracing::warn!(%error, "cannot say that this worker is there; trying again");
                failing = true;
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
    if let Err(error) = store.worker_gone(&info.name).await {
        tracing::debug!(%error, "this worker is shown for a few minutes yet");
    }
}

fn info(context: &Context) -> WorkerInfo {
    let config = &context.config;
    let model = config.model.file_stem().unwrap_or_default();
    WorkerInfo {
        name: context.claimant().worker.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cores: config.cores,
        kinds: config.stages.iter().map(|stage| stage.as_str().to_owned()).collect(),
        model: model.to_string_lossy().into_owned(),
    }
}
