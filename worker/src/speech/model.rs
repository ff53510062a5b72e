//! Which engine loads a model file.

use std::path::Path;

use super::error::SpeechError;
use super::model_file::check_model_file;
use super::recognizer::Recognizer;
use super::{processor, whisper};

/// Loads a model file into the engine for it.
pub fn load_recognizer(path: &Path) -> Result<Box<dyn Recognizer>, SpeechError> {
    check_model_file(path)?;
    #[cfg(feature = "test-support")]
    if super::model_file::is_script(path) {
        return Ok(Box::new(super::scripted::Scripted::load(path)?));
    }
    processor::check()?;
    whisper::load(path)
}

#[cfg(all(test, feature = "test-support"))]
mod tests {
    use super::super::recognizer::{Effort, Request};
    use super::*;

    #[test]
    fn a_scripted_model_gives_its_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.json");
        std::fs::write(&path, r#"{"engine": "scripted", "text": "敬爱的党组织"}"#).unwrap();
        let recognizer = load_recognizer(&path).unwrap();
        let effort = Effort::Usual;
        let request =
            Request { language: None, threads: 1, effort, terms: &[], alternatives: None };
        let mut session = recognizer.session().unwrap();
        let pieces = session.recognize(&vec![0.0; 16_000], &request).unwrap().pieces;
        let piece = &pieces[0];
        assert_eq!((piece.text.as_str(), piece.end_ms), ("敬爱的党组织", 1000));
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(load_recognizer(&path), Err(SpeechError::BadModel { .. })));
    }
}
