//! What workers need of the settings.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use huibao_models::domain::job::RetryPolicy;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::ReportKind;
use huibao_worker::{WorkerConfig, written};

use super::Settings;

impl Settings {
    /// The folder of LibreOffice's program, if it is there and wanted.
    pub fn libreoffice(&self) -> Option<PathBuf> {
        match self.libreoffice.as_str() {
            "off" => None,
            "auto" | "" => written::find_libreoffice(),
            folder => Some(PathBuf::from(folder)).filter(|folder| written::is_libreoffice(folder)),
        }
    }

    /// What the operator calls kinds of reports. It was checked when the settings were read.
    fn kind_names(&self) -> HashMap<ReportKind, String> {
        let kinds = self.report_kinds().unwrap_or_default().into_iter();
        kinds.filter_map(|(kind, name)| Some((kind, name?))).collect()
    }

    /// What a worker needs of them, with files in the making below `scratch`.
    pub fn worker(&self, scratch: PathBuf) -> WorkerConfig {
        let mut stages = Stage::ALL.to_vec();
        stages.sort_by_key(|stage| stage.urgency());
        WorkerConfig {
            scratch,
            stages,
            recurring: true,
            audit_key: Some(self.audit_key_path()),
            // Checked when they were read.
            notices: self.notices().unwrap_or_default(),
            cores: self.cores(),
            cores_per_task: self.cores_per_task,
            model: self.model_path(),
            quick_model: self.quick_model_path(),
            keep_model: Duration::from_secs(self.model_idle_seconds),
            models: self.models(),
            vad_model: self.vad_model_path(),
            glossary: self.glossary_path(),
            correct_homophones: self.correct_homophones,
            max_duration_ms: self.max_duration_seconds.saturating_mul(1000),
            max_pixels: self.max_pixels,
            max_written_bytes: self.max_written_bytes,
            kind_names: self.kind_names(),
            libreoffice: self.libreoffice(),
            lease: Duration::from_secs(self.lease_seconds),
            grace: Duration::from_secs(self.grace_seconds),
            retry: RetryPolicy { max_attempts: self.max_attempts, ..RetryPolicy::default() },
        }
    }
}
