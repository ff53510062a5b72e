//! Removes stored objects that nobody refers to, about once an hour, beside the other work.

use std::time::Duration;

use huibao_models::backends::Backends;
use huibao_models::collector::{CollectError, Policy, SAFE_AGE, collect};
use huibao_models::domain::failure::Failure;
use tokio_util::sync::CancellationToken;

/// The mean time between two looks.
const INTERVAL: Duration = Duration::from_hours(1);

/// Runs until `stop`. Any number of processes may do this: removing twice is no error.
pub async fn run(backends: Backends, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause()) => {}
        }
        tokio::select! {
            // What was not removed is found again.
            () = stop.cancelled() => return,
            () = look(&backends) => {}
        }
    }
}

/// Half the interval to one and a half: processes that start together do not look together.
fn pause() -> Duration {
    INTERVAL.mul_f64(0.5 + fastrand::f64())
}

async fn look(backends: &Backends) {
    let policy = Policy { min_age: SAFE_AGE, dry_run: false };
    match collect(&backends.store, &*backends.storage, policy, backends.store.now()).await {
        Ok(collected) if collected.objects.is_empty() && collected.uploads == 0 => {}
        Ok(collected) => tracing::info!(
            objects = collected.objects.len(),
            bytes = collected.bytes(),
            uploads = collected.uploads,
            "removed what nobody refers to"
        ),
        Err(error @ CollectError::Strangers) => tracing::warn!(%error, "nothing is removed"),
        Err(error) => {
            let error = Failure::from(error);
            tracing::warn!(%error, "cannot look for what nobody refers to; trying again later");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_do_not_look_together() {
        let pauses: std::collections::HashSet<_> = (0..10).map(|_| pause()).collect();
        assert!(pauses.len() > 1);
        assert!(pauses.iter().all(|pause| *pause >= INTERVAL / 2 && *pause <= INTERVAL * 3 / 2));
    }
}
