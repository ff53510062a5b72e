//! What is measured: names, units and labels of all metrics in one place, and how they are recorded.
//!
//! Names follow the semantic conventions of OpenTelemetry as Prometheus writes them, where there are
//! any; what only Huibao has begins with `huibao_`. Labels have few values, none of them personal: kinds,
//! states, codes, templates of routes. Without a recorder (setting `metrics_listen`), nothing is
//! kept.

use std::time::{Duration, Instant};

use metrics::{Unit, counter, gauge, histogram};

/// How a metric is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in buckets.
    Histogram,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it is counted.
    pub kind: MetricKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*
        /// All metrics.
        pub const ALL: &[Metric] = &[$(Metric {
            name: $name, kind: MetricKind::$kind, labels: &[$($label),*], help: $help,
        }),*];
    };
}

metrics! {
    REQUEST_DURATION: Histogram "http_server_request_duration_seconds"
        ["http_request_method", "http_route", "http_response_status_code"]
        "Time from a request to the first byte of its response.";
    ACTIVE_REQUESTS: Gauge "http_server_active_requests" []
        "Requests that have no response yet.";
    JOBS: Gauge "huibao_jobs" ["kind", "state"]
        "Jobs that are not done, by kind and state. Only where `up` or `api` runs.";
    OLDEST_JOB: Gauge "huibao_jobs_oldest_age_seconds" ["kind"]
        "For how long the oldest queued job of a kind could have run. Only where `up` or `api` runs.";
    ATTEMPTS: Counter "huibao_job_attempts_total" ["kind", "outcome"]
        "Attempts that ended: `done`, `failed` (for good), `retried`, `lost` (their lease) or `handed_back`.";
    ATTEMPT_DURATION: Histogram "huibao_job_attempt_duration_seconds" ["kind", "outcome"]
        "How long attempts took, without their commit.";
    FAILURES: Counter "huibao_job_failures_total" ["kind", "code"]
        "Attempts that failed, by the failure's code.";
    CORES: Gauge "huibao_cores" []
        "Cores that the worker may lend to jobs.";
    CORES_LENT: Gauge "huibao_cores_lent" []
        "Cores that jobs have now.";
    CHILDREN: Gauge "huibao_children" []
        "Child processes that run now.";
    MESSAGES: Counter "huibao_messages_published_total" ["outcome"]
        "Job messages that were published: `taken` by the queue or `refused`.";
    DATABASE_DURATION: Histogram "db_client_operation_duration_seconds" ["db_operation_name"]
        "How long the database took: `transaction` (all of it), `snapshot`, `read`, `write`.";
    STORAGE_DURATION: Histogram "huibao_storage_operation_duration_seconds" ["operation", "outcome"]
        "How long the storage took; of a stream that is read, until it was open.";
    STORAGE_BYTES: Counter "huibao_storage_bytes_total" ["direction"]
        "Bytes `read` from the storage and `written` to it.";
}

/// Upper ends of the histograms' buckets in seconds: from a query to an hour of transcoding.
pub const BUCKETS: &[f64] = &[
    0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0,
    3600.0,
];

/// Gives all metrics their descriptions, once there is a recorder.
pub fn describe() {
    for metric in ALL {
        let unit = if metric.name.contains("_seconds") { Unit::Seconds } else { Unit::Count };
        match metric.kind {
            MetricKind::Counter => metrics::describe_counter!(metric.name, unit, metric.help),
            MetricKind::Gauge => metrics::describe_gauge!(metric.name, unit, metric.help),
            MetricKind::Histogram => metrics::describe_histogram!(metric.name, unit, metric.help),
        }
    }
}

/// Counts something that is there for a while: in the gauge as long as this lives.
#[derive(Debug)]
pub struct Present(&'static str);

impl Present {
    /// Raises a gauge without labels by one.
    pub fn count(name: &'static str) -> Self {
        gauge!(name).increment(1.0);
        Self(name)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1.0);
    }
}

/// Measures an operation of the database until it is dropped.
#[derive(Debug)]
pub(crate) struct DatabaseTimer {
    operation: &'static str,
    started: Instant,
}

impl DatabaseTimer {
    pub fn start(operation: &'static str) -> Self {
        Self { operation, started: Instant::now() }
    }
}

impl Drop for DatabaseTimer {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        histogram!(DATABASE_DURATION, "db_operation_name" => self.operation).record(elapsed);
    }
}

/// Measures an attempt at a job that has ended.
pub fn attempt_ended(kind: &str, outcome: &'static str, duration: Duration) {
    let labels = [("kind", kind.to_owned()), ("outcome", outcome.to_owned())];
    counter!(ATTEMPTS, &labels).increment(1);
    histogram!(ATTEMPT_DURATION, &labels).record(duration);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_endings_that_prometheus_expects() {
        for metric in ALL {
            let is_total = metric.name.ends_with("_total");
            assert_eq!(is_total, metric.kind == MetricKind::Counter, "{}", metric.name);
            if metric.kind == MetricKind::Histogram {
                assert!(metric.name.ends_with("_duration_seconds"), "{}", metric.name);
            }
        }
    }

    #[test]
    fn buckets_ascend() {
        assert!(BUCKETS.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
