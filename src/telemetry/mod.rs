//! What is seen of a running process from outside: its log, its spans, its metrics.

mod log;
mod metrics;
mod spans;

pub use log::start;
pub use metrics::{offer_metrics, offer_metrics_with_jobs};
