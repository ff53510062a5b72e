//! Reports: handing in, listing, reading, following, downloading.

pub(crate) mod create;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod transcript;
pub(crate) mod versions;

use serde::Serialize;
use utoipa::ToSchema;

use crate::view::ReportView;

/// One report.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportBody {
    /// The report.
    pub report: ReportView,
}
