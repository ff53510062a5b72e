//! Names of the stages.

use huibao_models::domain::failure::Lang;
use huibao_models::domain::pipeline::Stage;

/// A stage's name for people.
pub fn stage_name(stage: Stage, lang: Lang) -> &'static str {
    match stage {
        Stage::Ingest => lang.pick("检查", "ingest"),
        Stage::Transcode => lang.pick("转码", "transcode"),
        Stage::Transcribe => lang.pick("识别", "transcribe"),
        Stage::Archive => lang.pick("归档", "archive"),
    }
}
