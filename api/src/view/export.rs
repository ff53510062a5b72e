//! Exports: what somebody takes out of the system as a file.

use chrono::{DateTime, Utc};
use huibao_models::domain::export::{Export, ExportFormat};
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::{ReportId, RoundId};
use huibao_models::domain::job::JobState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;
use super::error::FailureView;

/// What is to be exported.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewExport {
    /// As what.
    #[schema(value_type = enums::ExportFormat)]
    pub format: ExportFormat,
}

/// A page of exports.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportList {
    /// The newest first.
    pub exports: Vec<ExportView>,
    /// The `before` of the next page; null on the last.
    #[schema(required)]
    pub next: Option<Uuid>,
}

/// An export.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Export)]
pub struct ExportView {
    /// The id.
    pub id: Uuid,
    /// The report that is exported, if it is one.
    #[schema(required)]
    pub report: Option<Uuid>,
    /// The round that is exported, if it is one.
    #[schema(required)]
    pub round: Option<Uuid>,
    /// As what.
    #[schema(value_type = enums::ExportFormat)]
    pub format: ExportFormat,
    /// When somebody asked for it.
    pub created_at: DateTime<Utc>,
    /// Until when it can be fetched.
    pub expires_at: DateTime<Utc>,
    /// `queued`, `running`, `done`, or `dead`: it failed for good, and can be asked for again.
    #[schema(value_type = enums::JobState)]
    pub state: JobState,
    /// Fraction done, 0 to 1.
    pub progress: f32,
    /// Why it failed for good.
    #[schema(required)]
    pub error: Option<FailureView>,
    /// The file, once it is made.
    #[schema(required)]
    pub file: Option<ExportFileView>,
}

/// The file of an export.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ExportFile)]
pub struct ExportFileView {
    /// Its name.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
    /// Where it is fetched.
    pub url: String,
}

impl ExportView {
    /// The view of an export; `root` is the path that everything is below.
    pub(crate) fn new(export: Export, root: &str, lang: Lang) -> Self {
        let failed = export.state == JobState::Dead;
        let id = export.id;
        Self {
            id: id.uuid(),
            report: export.subject.report().map(ReportId::uuid),
            round: export.subject.round().map(RoundId::uuid),
            format: export.format,
            created_at: export.created_at,
            expires_at: export.expires_at,
            state: export.state,
            progress: export.progress,
            error: export
                .failure
                .filter(|_| failed)
                .map(|failure| FailureView::new(&failure, lang)),
            file: export.file.map(|file| ExportFileView {
                name: file.name,
                size_bytes: file.size_bytes,
                sha256: file.sha256,
                url: format!("{root}/api/v1/exports/{id}/file"),
            }),
        }
    }
}
