//! What a stage has to work with during one attempt.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Job;
use huibao_models::domain::report::{FileKind, Report, StoredFile};
use huibao_models::storage::{Storage, StorageKey, Stored};
use huibao_models::store::{Claim, Store};

use super::scratch::Scratch;
use crate::WorkerConfig;
use crate::child::{
    ChildEvents, ChildOutput, ChildRequest, ChildTask, FileTask, ResourceLimits, run_child,
};

/// One attempt at one job.
pub struct Attempt {
    /// The claim it works under.
    pub claim: Claim,
    /// Threads it may run.
    pub cores: u32,
    /// The worker's settings.
    pub config: Arc<WorkerConfig>,
    /// Rows.
    pub store: Store,
    /// Files.
    pub storage: Arc<dyn Storage>,
    /// Where progress and partial text go.
    pub events: ChildEvents,
    scratch: Scratch,
    stored: Mutex<Vec<StorageKey>>,
}

impl Attempt {
    /// Gets ready to work on `claim`.
    pub fn new(
        claim: Claim,
        cores: u32,
        config: Arc<WorkerConfig>,
        backends: Backends,
        events: ChildEvents,
    ) -> Self {
        let Backends { store, storage, .. } = backends;
        let scratch =
            Scratch::new(config.scratch.join(format!("{}-{}", claim.job_id, claim.token)));
        Self { claim, cores, config, store, storage, events, scratch, stored: Mutex::default() }
    }

    /// The report this attempt works for.
    pub async fn report(&self) -> Result<Report, Failure> {
        let report = self.store.report(self.claim.report_id).await?;
        report.ok_or_else(|| Failure::internal("the report of a claimed job is gone"))
    }

    /// The job this attempt is one of.
    pub async fn job(&self) -> Result<Job, Failure> {
        let job = self.store.job(self.claim.job_id).await?;
        job.ok_or_else(|| Failure::internal("a claimed job is gone"))
    }

    /// A folder for its own files.
    pub async fn scratch(&self) -> Result<&Path, Failure> {
        Ok(self.scratch.path().await?)
    }

    /// Removes that folder, if there is one.
    pub async fn clear_scratch(&self) {
        self.scratch.remove().await;
    }

    /// The newest file of this kind, readable at a local path.
    pub async fn fetch(&self, kind: FileKind) -> Result<Option<(StoredFile, PathBuf)>, Failure> {
        let Some(file) = self.store.file(self.claim.report_id, kind).await? else {
            return Ok(None);
        };
        let path = self.storage.fetch(&parse_key(&file)?, self.scratch().await?).await?;
        Ok(Some((file, path)))
    }

    /// Like [`Self::fetch`], for a file that an earlier stage has committed.
    pub async fn fetch_needed(&self, kind: FileKind) -> Result<(StoredFile, PathBuf), Failure> {
        let missing = || Failure::internal(format!("the report has no {kind:?} file"));
        self.fetch(kind).await?.ok_or_else(missing)
    }

    /// Lets a child of its own do `job` within `limits`.
    pub async fn child(
        &self,
        job: FileTask,
        limits: ResourceLimits,
    ) -> Result<ChildOutput, Failure> {
        let job = ChildTask::File(job);
        run_child(ChildRequest { limits, job }, &self.events).await
    }

    /// Stores a finished scratch file as an output of this attempt.
    pub async fn keep(
        &self,
        kind: FileKind,
        name: &str,
        path: &Path,
    ) -> Result<StoredFile, Failure> {
        let key = StorageKey::output(self.claim.report_id, self.claim.token, name);
        self.note(&key);
        let stored = self.storage.put_file(&key, path).await?;
        Ok(stored_file(kind, &key, name, stored))
    }

    /// Remembers a key that is about to be written, so that [`Self::discard`] can remove it.
    pub fn note(&self, key: &StorageKey) {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
    }

    /// Removes what this attempt stored: it was not committed.
    pub async fn discard(&self) {
        let keys = std::mem::take(&mut *self.stored.lock().unwrap_or_else(PoisonError::into_inner));
        for key in keys {
            if let Err(error) = self.storage.delete(&key).await {
                tracing::warn!(%key, %error, "an output that was not committed stays behind");
            }
        }
    }
}

/// A file row for what was just stored.
pub fn stored_file(kind: FileKind, key: &StorageKey, name: &str, stored: Stored) -> StoredFile {
    StoredFile {
        kind,
        key: key.to_string(),
        name: name.to_owned(),
        size_bytes: stored.size_bytes,
        sha256: stored.sha256,
    }
}

/// The key in a file row.
pub fn parse_key(file: &StoredFile) -> Result<StorageKey, Failure> {
    StorageKey::parse(&file.key)
        .ok_or_else(|| Failure::internal(format!("not a storage key: {}", file.key)))
}
