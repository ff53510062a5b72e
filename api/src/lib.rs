//! Huibao's HTTP interface: reports in, transcripts out, and the pages that show them.
//!
//! [`router`] builds the interface on the backends; [`serve`] runs it on a listener. Handlers are under
//! `routes`, one file per resource; the JSON that they answer with is in [`view`], which clients use as
//! well.

mod access;
mod access_log;
mod audit;
mod caller;
mod client_address;
mod config;
mod cookie;
mod error;
mod extract;
mod file_name;
mod guard;
mod idempotency;
mod loaded;
mod localize;
mod metrics_page;
mod openapi;
mod page;
mod public_path;
mod range;
mod readiness;
mod recently;
mod request_error;
mod routes;
mod server;
mod sign_in;
mod sign_on;
mod state;
mod summaries;
mod uploads;
pub mod view;

pub use config::{ApiConfig, MediaLinks};
pub use metrics_page::MetricsPage;
pub use readiness::Readiness;
pub use server::{router, serve};
pub use sign_on::{CasConfig, ClaimNames, InvalidRule, OidcConfig, Rule, SignOnConfig};
pub use view::{Check, UploadLimits};

/// The OpenAPI document of the interface.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::described().1
}
