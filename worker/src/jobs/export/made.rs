//! The file that was made.

use std::path::PathBuf;

use huibao_models::domain::export::{Export, ExportFile};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::storage::StorageKey;

use crate::jobs::Attempt;

/// A file in the attempt's folder.
pub(super) struct Made {
    pub path: PathBuf,
    /// The name that it is fetched with.
    pub name: String,
    /// The reports that are in it.
    pub reports: Vec<ReportId>,
}

impl Made {
    /// Stores the file of an export.
    pub async fn keep(&self, attempt: &Attempt, export: &Export) -> Result<ExportFile, Failure> {
        let extension = export.format.extension();
        let key = StorageKey::export(export.id, attempt.claim.token, extension);
        attempt.note(&key);
        let stored = attempt.storage.put_file(&key, &self.path).await?;
        Ok(ExportFile {
            key: key.to_string(),
            name: self.name.clone(),
            size_bytes: stored.size_bytes,
            sha256: stored.sha256,
        })
    }
}
