//! The pipeline: claims tasks, runs each stage's heavy part in a supervised child process, and
//! commits the results. The only crate that links ffmpeg and whisper.

pub mod bag;
pub mod child;
pub mod config;
pub mod cores;
pub mod media;
mod runner;
pub mod speech;
mod stages;
pub mod written;

pub use config::WorkerConfig;
pub use runner::{Keepers, Worker};
