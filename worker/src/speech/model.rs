//! Model files: which engine a file is for, and whether it is one at all.

use std::path::Path;

use super::scripted::Scripted;
use super::{Recognizer, SpeechError, processor, whisper};

/// The first four bytes of a ggml file, as a little-endian number (`GGML_FILE_MAGIC`).
const GGML: [u8; 4] = 0x6767_6d6c_u32.to_le_bytes();

/// Loads the engine that a model file is for.
pub fn load_recognizer(path: &Path) -> Result<Box<dyn Recognizer>, SpeechError> {
    if is_script(path) {
        return Ok(Box::new(Scripted::load(path)?));
    }
    processor::check()?;
    whisper::load(path)
}

/// Size of a model file in bytes, if it is one.
pub fn check_model_file(path: &Path) -> Result<u64, SpeechError> {
    use std::io::Read;
    let missing = |source| SpeechError::NoModel { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(missing)?;
    let mut magic = [0; 4];
    if !is_script(path) && (file.read_exact(&mut magic).is_err() || magic != GGML) {
        let reason = "it does not begin as a ggml file does".to_owned();
        return Err(SpeechError::BadModel { path: path.to_owned(), reason });
    }
    Ok(file.metadata().map_err(missing)?.len())
}

fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_model_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bin");
        assert!(matches!(check_model_file(&path), Err(SpeechError::NoModel { .. })));
        std::fs::write(&path, "no").unwrap();
        assert!(matches!(check_model_file(&path), Err(SpeechError::BadModel { .. })));
    }

    #[test]
    fn a_script_answers_for_a_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.json");
        std::fs::write(&path, r#"{"engine": "scripted", "text": "敬爱的党组织"}"#).unwrap();
        let recognizer = load_recognizer(&path).unwrap();
        let effort = super::super::Effort::Usual;
        let request = super::super::Request { language: None, threads: 1, effort, terms: &[] };
        let heard = recognizer.session().unwrap().recognize(&vec![0.0; 16_000], &request).unwrap();
        assert_eq!((heard.pieces[0].text.as_str(), heard.pieces[0].end_ms), ("敬爱的党组织", 1000));
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(load_recognizer(&path), Err(SpeechError::BadModel { .. })));
    }
}
