//! The hidden working folder of one `huibao process`: an installation that lives as long as the
//! command. It lies inside the output folder, so that the finished bag is moved and not copied.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use huibao_models::backends::Backends;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::domain::upload::UploadRole;
use huibao_models::queue::EmbeddedQueue;
use huibao_models::storage::{LocalStorage, Storage, StorageError, StorageKey};
use huibao_models::store::{NewReport, NewSubmission, Store};
use uuid::Uuid;

use super::args::Args;
use crate::commands::parse::{extension, written_role};
use crate::scratch::Scratch;
use crate::settings::Settings;

const PREFIX: &str = ".huibao-";

/// The folder.
pub struct WorkDir {
    folder: Scratch,
}

impl WorkDir {
    /// Makes the folder inside `out`, and removes those that crashed commands left there.
    pub fn make(out: &Path) -> io::Result<Self> {
        Ok(Self { folder: Scratch::make(out, PREFIX)? })
    }

    /// The backends of this folder.
    pub async fn backends(&self) -> Result<Backends, Failure> {
        let store = Store::open_sqlite(&self.folder.path().join("huibao.db")).await?;
        let storage = LocalStorage::open(self.files()).await?;
        let queue = Arc::new(EmbeddedQueue::default());
        Ok(Backends { store, storage: Arc::new(storage), queue })
    }

    /// Where files in the making go.
    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// The folder of stored files.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// Stores what was handed in, and makes a report of it.
    pub async fn submit(
        &self,
        backends: &Backends,
        args: &Args,
        settings: &Settings,
    ) -> Result<SubmissionId, Failure> {
        let id = SubmissionId::new();
        let storage = &*backends.storage;
        let mut files = Vec::new();
        for written in &args.written {
            let (role, extension) = (written_role(written), extension(written));
            let key = match role {
                UploadRole::Page => StorageKey::page(id, Uuid::now_v7(), extension),
                _ => StorageKey::written(id, extension),
            };
            let limit = settings.max_written_bytes;
            files.push(store(storage, role.kind(), &key, written, limit).await?);
        }
        let key = StorageKey::original(id, extension(&args.video));
        let limit = settings.max_video_bytes;
        files.push(store(storage, FileKind::Original, &key, &args.video, limit).await?);
        let report_id = ReportId::new();
        let (title, speaker) = (args.title.clone(), args.speaker.clone());
        let report = NewReport::anonymous(report_id, title, speaker);
        let submission = NewSubmission { id, report_id, language: args.language.clone(), files };
        let mut unit = backends.store.begin(Actor::System, backends.store.now()).await?;
        unit.reports().insert(&report).await?;
        unit.submissions().hand_in(&submission).await?;
        backends.commit(unit).await?;
        Ok(id)
    }

    /// Moves the finished bag to its place in the output folder and removes the working folder.
    pub fn publish(self, bag: &Path, out: &Path, id: ReportId) -> io::Result<PathBuf> {
        let place = fs::canonicalize(out)?.join(id.to_string());
        fs::rename(bag, &place)?;
        self.remove()?;
        Ok(place)
    }

    /// Removes the working folder.
    pub fn remove(self) -> io::Result<()> {
        self.folder.remove()
    }
}

async fn store(
    storage: &dyn Storage,
    kind: FileKind,
    key: &StorageKey,
    path: &Path,
    limit: u64,
) -> Result<StoredFile, Failure> {
    let file = tokio::fs::File::open(path).await?;
    let stored = storage.put(key, Box::pin(file), limit).await.map_err(|error| match error {
        StorageError::TooLarge { .. } if kind != FileKind::Original => {
            Failure::new(FailureCode::WrittenTooLarge, error)
        }
        other => other.into(),
    })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(StoredFile {
        kind,
        key: key.to_string(),
        name: name.unwrap_or_default(),
        size_bytes: stored.size_bytes,
        sha256: stored.sha256,
    })
}
