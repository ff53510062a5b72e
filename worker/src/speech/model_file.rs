//! Whether a file is a model at all.

use std::io::Read;
use std::path::Path;

use super::error::SpeechError;

/// The first bytes of a ggml file (`GGML_FILE_MAGIC`).
const GGML: [u8; 4] = 0x6767_6d6c_u32.to_le_bytes();

/// The size of a model file in bytes, if it is one.
pub fn check_model_file(path: &Path) -> Result<u64, SpeechError> {
    let missing = |source| SpeechError::NoModel { path: path.to_owned(), source };
    let bad = |reason: &str| SpeechError::BadModel { path: path.to_owned(), reason: reason.into() };
    let mut file = std::fs::File::open(path).map_err(missing)?;
    let size = file.metadata().map_err(missing)?.len();
    if is_script(path) {
        if cfg!(feature = "test-support") {
            return Ok(size);
        }
        return Err(bad("scripted models (.json) need a build with the feature test-support"));
    }
    let mut magic = [0; 4];
    if file.read_exact(&mut magic).is_err() || magic != GGML {
        return Err(bad("it does not begin as a ggml file does"));
    }
    Ok(size)
}

/// Whether a file is a scripted model, by its name.
pub fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bin");
        assert!(matches!(check_model_file(&path), Err(SpeechError::NoModel { .. })));
        std::fs::write(&path, "no").unwrap();
        assert!(matches!(check_model_file(&path), Err(SpeechError::BadModel { .. })));
    }

    #[test]
    fn scripted_models_need_the_feature() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.json");
        std::fs::write(&path, "{}").unwrap();
        let checked = check_model_file(&path);
        assert_eq!(checked.is_ok(), cfg!(feature = "test-support"));
        if let Err(error) = checked {
            assert!(error.to_string().contains("test-support"), "{error}");
        }
    }
}
