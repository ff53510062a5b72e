//! A worker: a process that runs jobs.

use chrono::{DateTime, Utc};

/// What a worker says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Its name: that of its machine, and the number of its process.
    pub name: String,
    /// Its version of Huibao.
    pub version: String,
    /// Cores for all its heavy work together.
    pub cores: u32,
    /// The kinds of jobs that it takes, by their names.
    pub kinds: Vec<String>,
    /// The model that it recognises with, unless a job names another.
    pub model: String,
}

/// A worker as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerStatus {
    /// What it says of itself.
    pub info: WorkerInfo,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it was heard of last.
    pub seen_at: DateTime<Utc>,
    /// Whether it is to take no further jobs. What it works on, it goes on with.
    pub paused: bool,
}
