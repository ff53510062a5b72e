//! Huibao's HTTP interface: reports in, transcripts out, and the pages that show them.
//!
//! [`router`] builds everything from the three backends; [`serve`] runs it on a listener. Handlers
//! live under `routes`, one file per resource; what they answer with is under `view`.

mod access_log;
mod config;
mod error;
mod extract;
mod file_name;
mod guard;
mod openapi;
mod range;
mod readiness;
mod routes;
mod server;
mod state;
mod upload;
mod view;

pub use config::{ApiConfig, UploadLimits};
pub use openapi::openapi;
pub use readiness::{Check, Readiness};
pub use secrecy::SecretString;
pub use server::{router, serve};
