//! What a job has to work with during one attempt.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::submission::{FileKind, StoredFile, Submission};
use huibao_models::storage::{Storage, StorageKey, Stored};
use huibao_models::store::{Claim, Store};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use tracing::Instrument;

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
    inputs: OnceCell<(Submission, Vec<StoredFile>)>,
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
        let (inputs, stored) = (OnceCell::new(), Mutex::default());
        Self { claim, cores, config, store, storage, events, scratch, inputs, stored }
    }

    /// The submission this attempt works for.
    pub async fn submission(&self) -> Result<&Submission, Failure> {
        Ok(&self.inputs().await?.0)
    }

    /// The submission and its files, read once and as they are at one moment.
    async fn inputs(&self) -> Result<&(Submission, Vec<StoredFile>), Failure> {
        let load = async || {
            let none = || Failure::internal(format!("{} works for no submission", self.claim.kind));
            let id = self.claim.submission.ok_or_else(none)?;
            let mut snapshot = self.store.snapshot().await?;
            let gone = || Failure::internal("the submission of a claimed job is gone");
            let submission = snapshot.submissions().get(id).await?.ok_or_else(gone)?;
            let files = snapshot.submissions().files(id).await?;
            Ok::<_, Failure>((submission, files))
        };
        self.inputs.get_or_try_init(load).await
    }

    /// The job's payload. A job without one has the default.
    pub fn payload<P: DeserializeOwned + Default>(&self) -> Result<P, Failure> {
        let Some(payload) = &self.claim.payload else { return Ok(P::default()) };
        P::deserialize(payload).map_err(|error| {
            Failure::internal(format!("the payload of a {} job: {error}", self.claim.kind))
        })
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
        let files = &self.inputs().await?.1;
        match files.iter().rev().find(|file| file.kind == kind) {
            Some(file) => Ok(Some(self.fetch_file(file).await?)),
            None => Ok(None),
        }
    }

    /// All files of this kind, oldest first, readable at local paths.
    pub async fn fetch_all(&self, kind: FileKind) -> Result<Vec<(StoredFile, PathBuf)>, Failure> {
        let mut fetched = Vec::new();
        for file in self.inputs().await?.1.iter().filter(|file| file.kind == kind) {
            fetched.push(self.fetch_file(file).await?);
        }
        Ok(fetched)
    }

    async fn fetch_file(&self, file: &StoredFile) -> Result<(StoredFile, PathBuf), Failure> {
        let span = tracing::debug_span!("fetch", file = file.kind.as_str());
        let (key, scratch) = (parse_key(file)?, self.scratch().await?);
        let path = self.storage.fetch(&key, scratch).instrument(span).await?;
        Ok((file.clone(), path))
    }

    /// Like [`Self::fetch`], for a file that an earlier stage has committed.
    pub async fn fetch_needed(&self, kind: FileKind) -> Result<(StoredFile, PathBuf), Failure> {
        let missing = || Failure::internal(format!("the submission has no {kind} file"));
        self.fetch(kind).await?.ok_or_else(missing)
    }

    /// Lets a child of its own do `job` within `limits`.
    pub async fn child(
        &self,
        job: FileTask,
        limits: ResourceLimits,
    ) -> Result<ChildOutput, Failure> {
        let (access, task) = (job.access(), ChildTask::File(job));
        let span = tracing::debug_span!("child");
        run_child(ChildRequest { limits, access, task }, &self.events).instrument(span).await
    }

    /// Stores a finished scratch file as an output of this attempt.
    pub async fn keep(
        &self,
        kind: FileKind,
        name: &str,
        path: &Path,
    ) -> Result<StoredFile, Failure> {
        let submission = self.submission().await?.id;
        let key = StorageKey::output(submission, self.claim.token, name);
        self.note(&key);
        let span = tracing::debug_span!("store", file = kind.as_str());
        let stored = self.storage.put_file(&key, path).instrument(span).await?;
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
