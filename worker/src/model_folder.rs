//! Where speech models are.

use std::path::PathBuf;

/// A folder of models, which are named in settings and commands.
#[derive(Debug, Clone)]
pub struct ModelFolder {
    /// The folder.
    pub folder: PathBuf,
}

impl ModelFolder {
    /// The file of a whisper model: `base-q8_0` is `ggml-base-q8_0.bin` in this folder, and a path
    /// is itself.
    pub fn file_of(&self, model: &str) -> PathBuf {
        if model.contains(['/', '.']) {
            return PathBuf::from(model);
        }
        self.folder.join(format!("ggml-{model}.bin"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn names_are_looked_for_in_the_folder_and_paths_are_not() {
        let models = ModelFolder { folder: "/models".into() };
        assert_eq!(models.file_of("small-q8_0"), Path::new("/models/ggml-small-q8_0.bin"));
        assert_eq!(models.file_of("/other/ggml-x.bin"), Path::new("/other/ggml-x.bin"));
        assert_eq!(models.file_of("x.bin"), Path::new("x.bin"));
    }
}
