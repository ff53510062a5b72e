//! Metrics for Prometheus, where the settings name an address for them.

use huibao_api::MetricsPage;
use huibao_models::domain::failure::Failure;
use huibao_models::store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::exit::CommandError;
use crate::settings::Settings;

/// Begins to record and to answer scrapes, until `shutdown`.
pub async fn offer_metrics(
    settings: &Settings,
    shutdown: &CancellationToken,
) -> Result<(), CommandError> {
    offer(settings, None, shutdown).await
}

/// Like [`offer_metrics`], and says how many jobs there are.
pub async fn offer_metrics_with_jobs(
    settings: &Settings,
    store: &Store,
    shutdown: &CancellationToken,
) -> Result<(), CommandError> {
    offer(settings, Some(store), shutdown).await
}

async fn offer(
    settings: &Settings,
    store: Option<&Store>,
    shutdown: &CancellationToken,
) -> Result<(), CommandError> {
    let Some(addr) = settings.metrics_addr()? else { return Ok(()) };
    let listener = TcpListener::bind(addr).await.map_err(|error| CommandError::Usage {
        zh: format!("无法在 {addr} 提供指标：{error}。请修改设置 metrics_listen。"),
        en: format!("cannot offer metrics on {addr}: {error}; change the setting metrics_listen"),
    })?;
    let page = MetricsPage::install().map_err(Failure::internal)?;
    let page = match store {
        Some(store) => page.with_jobs_of(store.clone()),
        None => page,
    };
    tracing::info!(%addr, "metrics are at /metrics");
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        if let Err(error) = page.serve(listener, shutdown).await {
            tracing::error!(%error, "metrics are no longer answered");
        }
    });
    Ok(())
}
