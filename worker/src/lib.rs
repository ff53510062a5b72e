//! The pipeline: claims jobs, runs each stage's heavy part in a supervised child process, and
//! commits the results. The only crate that links ffmpeg and whisper.

pub mod bag;
pub mod child;
pub mod config;
mod context;
pub mod cores;
mod faults;
pub mod jobs;
mod lease;
pub mod media;
mod model_choice;
mod model_folder;
mod notices;
mod presence;
mod relay;
mod runner;
mod scheduler;
mod settle;
pub mod speech;
mod stop;
pub mod written;

pub use config::WorkerConfig;
pub use model_choice::{KnownModel, Machine, catalogue};
pub use model_folder::ModelFolder;
pub use notices::{MailConfig, NoticeConfig};
pub use runner::Worker;
