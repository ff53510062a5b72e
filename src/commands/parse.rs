//! Arguments that several commands share.

use std::path::Path;

use huibao_models::domain::pipeline::Stage;

use crate::exit::CommandError;

/// Parses the name of a stage, for clap.
pub fn parse_stage(name: &str) -> Result<Stage, String> {
    name.parse().map_err(|_| "use ingest, transcode, transcribe or archive".to_owned())
}

/// Checks that the files to submit exist.
pub fn check_files(video: &Path, written: Option<&Path>) -> Result<(), CommandError> {
    match std::iter::once(video).chain(written).find(|path| !path.is_file()) {
        None => Ok(()),
        Some(path) => Err(CommandError::Usage {
            zh: format!("没有这个文件：{}", path.display()),
            en: format!("there is no such file: {}", path.display()),
        }),
    }
}
