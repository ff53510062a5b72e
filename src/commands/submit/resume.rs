//! What is remembered of a hand-in that was interrupted, so that it goes on when it is run again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use huibao_models::domain::ids::ReportId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::server::Server;

/// How far a hand-in is. It is kept in a file of the user's until the report is handed in; where that
/// cannot be written, an interruption costs the upload and nothing else.
#[derive(Default, Serialize, Deserialize)]
pub struct Progress {
    /// The draft.
    pub report: Option<ReportId>,
    /// The uploads, by the labels of their files.
    #[serde(default)]
    uploads: BTreeMap<String, String>,
    #[serde(skip)]
    file: Option<PathBuf>,
}

impl Progress {
    /// What is remembered of handing in these files with this form to this server, or nothing. With a
    /// file that has changed since, or another title, it is another hand-in.
    pub fn find(server: &Server, files: &[&Path], form: &str) -> Self {
        let file = file_of(server, files, form);
        let kept = file.as_ref().and_then(|file| fs::read(file).ok());
        let kept: Option<Self> = kept.and_then(|text| serde_json::from_slice(&text).ok());
        Self { file, ..kept.unwrap_or_default() }
    }

    /// Remembers a new draft.
    pub fn begin(&mut self, report: ReportId) {
        self.report = Some(report);
        self.uploads.clear();
        self.keep();
    }

    /// The id of the upload of a file, if there is one.
    pub fn upload(&self, label: &str) -> Option<String> {
        self.uploads.get(label).cloned()
    }

    /// Remembers the upload of a file, or that there is none.
    pub fn set_upload(&mut self, label: &str, id: Option<&str>) {
        match id {
            Some(id) => self.uploads.insert(label.to_owned(), id.to_owned()),
            None => self.uploads.remove(label),
        };
        self.keep();
    }

    /// Forgets everything: the report is handed in.
    pub fn forget(&self) {
        if let Some(file) = &self.file {
            // It may never have been written.
            let _ = fs::remove_file(file);
        }
    }

    fn keep(&self) {
        let Some(file) = &self.file else { return };
        let written = file
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(file, serde_json::to_vec(self)?));
        if let Err(error) = written {
            tracing::debug!(%error, "an interruption would begin the upload anew");
        }
    }
}

/// The file, named by everything that makes two hand-ins the same.
fn file_of(server: &Server, files: &[&Path], form: &str) -> Option<PathBuf> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        // With their lengths, so that the same bytes divided otherwise are not the same.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(server.base.as_str().as_bytes());
    add(form.as_bytes());
    for file in files {
        let path = fs::canonicalize(file).ok()?;
        let metadata = path.metadata().ok()?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        add(path.as_os_str().as_encoded_bytes());
        add(&metadata.len().to_le_bytes());
        add(&modified.as_nanos().to_le_bytes());
    }
    let name = URL_SAFE_NO_PAD.encode(&hash.finalize()[..16]);
    Some(state_folder()?.join(format!("huibao/submit/{name}.json")))
}

/// Where programs keep what should survive their end (XDG Base Directory Specification).
fn state_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))
}

#[cfg(test)]
mod tests {
    use huibao_models::domain::failure::Lang;

    use super::*;
    use crate::settings::Secret;

    #[test]
    fn another_form_file_or_server_is_another_hand_in() {
        crate::install_cryptography();
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let (video, a, b) = (path("v.mp4", "v"), path("a.txt", "one"), path("b.txt", "two"));
        let place = |address: &str, files: &[&Path], form: &str| {
            let server = Server::new(address, &Secret::default(), Lang::En).unwrap();
            file_of(&server, files, form).unwrap()
        };
        let (here, there) = ("http://127.0.0.1:1", "http://127.0.0.1:2");
        let first = place(here, &[&video, &a], "form");
        assert_eq!(first, place(here, &[&video, &a], "form"));
        let others = [
            place(there, &[&video, &a], "form"),
            place(here, &[&video, &b], "form"),
            place(here, &[&video], "form"),
            place(here, &[&video, &a], "other"),
        ];
        assert!(others.iter().all(|other| *other != first));
        fs::write(&a, "longer").unwrap();
        assert_ne!(first, place(here, &[&video, &a], "form"));
    }
}
