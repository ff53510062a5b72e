//! Arguments that several commands share.

use std::path::{Path, PathBuf};

use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::upload::UploadRole;

use crate::exit::CommandError;

/// Parses the name of a stage, for clap.
pub fn parse_stage(name: &str) -> Result<Stage, String> {
    name.parse().map_err(|_| "use ingest, transcode, transcribe or archive".to_owned())
}

/// Checks that the files to submit exist, and that the written report is one document, or photos, or both.
pub fn check_files(video: &Path, written: &[PathBuf]) -> Result<(), CommandError> {
    let mut files = std::iter::once(video).chain(written.iter().map(PathBuf::as_path));
    if let Some(path) = files.find(|path| !path.is_file()) {
        return Err(CommandError::Usage {
            zh: format!("没有这个文件：{}", path.display()),
            en: format!("there is no such file: {}", path.display()),
        });
    }
    let documents = written.iter().filter(|path| written_role(path) == UploadRole::Written);
    if documents.count() > 1 {
        return Err(CommandError::Usage {
            zh: "书面汇报只能有一个文档；手写稿的照片可以有多张".into(),
            en: "a written report is one document; only of photos there can be several".into(),
        });
    }
    Ok(())
}

/// What a file of the written report is, by its name.
pub fn written_role(path: &Path) -> UploadRole {
    UploadRole::of_written(extension(path))
}

/// What follows the last dot of a file's name, or nothing.
pub fn extension(path: &Path) -> &str {
    path.extension().and_then(|ending| ending.to_str()).unwrap_or_default()
}
