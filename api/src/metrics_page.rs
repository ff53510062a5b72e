//! Metrics for Prometheus, on a listener of their own.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use huibao_models::domain::job::JobState;
use huibao_models::metrics::{self as names, BUCKETS};
use huibao_models::store::{Backlog, Store, StoreError};
use metrics::gauge;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How often what was recorded is summed up, so that it takes no memory while nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// The format of the answer.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Records metrics and answers scrapes of them.
#[derive(Clone)]
pub struct MetricsPage {
    handle: PrometheusHandle,
    /// Where jobs are counted, if this process is to say how many there are.
    store: Option<Store>,
    /// What was counted before: what is gone since then counts as zero.
    counted: Arc<Mutex<HashSet<(String, JobState)>>>,
}

impl MetricsPage {
    /// Begins to record, for the whole process.
    ///
    /// # Errors
    ///
    /// If something in this process records already.
    pub fn install() -> Result<Self, BuildError> {
        let durations = Matcher::Suffix("_duration_seconds".to_owned());
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(durations, BUCKETS)?
            .install_recorder()?;
        names::describe();
        Ok(Self { handle, store: None, counted: Arc::default() })
    }

    /// Also says how many jobs there are. For one kind of process only, because all would say the same.
    #[must_use]
    pub fn with_jobs_of(self, store: Store) -> Self {
        Self { store: Some(store), ..self }
    }

    /// Answers `GET /metrics` until `shutdown`.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        let upkeep = async {
            let mut tick = tokio::time::interval(UPKEEP);
            loop {
                tick.tick().await;
                self.handle.run_upkeep();
            }
        };
        let router = Router::new().route("/metrics", get(scrape)).with_state(self.clone());
        let server = axum::serve(listener, router).into_future();
        tokio::select! {
            ended = server => ended,
            () = upkeep => Ok(()),
            () = shutdown.cancelled() => Ok(()),
        }
    }

    async fn count_jobs(&self, store: &Store) -> Result<(), StoreError> {
        let mut snapshot = store.snapshot().await?;
        let backlog = snapshot.jobs().backlog().await?;
        drop(snapshot);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        for (kind, state) in counted.iter() {
            set(kind, *state, None, store.now());
        }
        for jobs in &backlog {
            set(&jobs.kind, jobs.state, Some(jobs), store.now());
            counted.insert((jobs.kind.clone(), jobs.state));
        }
        Ok(())
    }
}

fn set(kind: &str, state: JobState, backlog: Option<&Backlog>, now: DateTime<Utc>) {
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
    let jobs = backlog.map_or(0, |jobs| jobs.jobs) as f64;
    gauge!(names::JOBS, "kind" => kind.to_owned(), "state" => state.as_str()).set(jobs);
    if state == JobState::Queued {
        let oldest = backlog.and_then(|jobs| jobs.oldest);
        let age = oldest.map_or(0.0, |since| (now - since).as_seconds_f64().max(0.0));
        gauge!(names::OLDEST_JOB, "kind" => kind.to_owned()).set(age);
    }
}

async fn scrape(State(page): State<MetricsPage>) -> Response {
    if let Some(store) = &page.store
        && let Err(error) = page.count_jobs(store).await
    {
        // Numbers of some time ago would look like those of now.
        tracing::warn!(%error, "cannot count jobs for a scrape");
        return (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response();
    }
    ([(header::CONTENT_TYPE, TEXT)], page.handle.render()).into_response()
}
