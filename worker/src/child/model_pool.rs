//! A pool of processes with a loaded model. Loading takes long and the weights much memory, so all
//! recognitions with a model share one process, which ends after an idle time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use huibao_models::domain::failure::Failure;

use super::confinement::Access;
use super::inbox::Inbox;
use super::protocol::{
    CallId, ChildOutput, ChildRequest, ChildTask, ResourceLimits, TranscribeTask,
};
use super::supervisor::{Call, ChildEvents, Supervised};

/// The children of a worker that have loaded a model, one for each model.
#[derive(Clone)]
pub struct ModelPool {
    children: Arc<Mutex<Vec<ModelProcess>>>,
    /// How long an idle child is kept.
    keep: Duration,
    /// Where the children's inboxes are made.
    folder: PathBuf,
}

#[derive(Clone)]
struct ModelProcess {
    child: Arc<Supervised>,
    model: LoadedModel,
    /// A child is confined by its first request, and cannot be allowed other files later.
    inbox: Arc<Inbox>,
}

/// The identity of loaded weights: a replaced file is another model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedModel {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl LoadedModel {
    /// The model file as it is now.
    pub async fn of(path: &Path) -> std::io::Result<Self> {
        let file = tokio::fs::metadata(path).await?;
        Ok(Self { path: path.to_owned(), bytes: file.len(), modified: file.modified().ok() })
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl ModelPool {
    /// Keeps idle children for `keep`; zero keeps none. What they read goes below `folder`.
    pub fn new(keep: Duration, folder: PathBuf) -> Self {
        Self { children: Arc::default(), keep, folder }
    }

    /// Runs a task in the child that has loaded `model`, or in a new one. Dropping the future cancels it.
    pub async fn ask(
        &self,
        model: LoadedModel,
        limits: ResourceLimits,
        task: TranscribeTask,
        events: &ChildEvents,
    ) -> Result<ChildOutput, Failure> {
        let (ModelProcess { child, inbox, .. }, call) = self.call(model)?;
        let audio = inbox.put(&task.audio, &format!("{}.wav", call.id())).await?;
        let read = vec![inbox.path().to_owned(), task.model.clone(), task.vad_model.clone()];
        let access = Access { read, ..Access::default() };
        let task = ChildTask::Transcribe(TranscribeTask { audio: audio.to_path_buf(), ..task });
        let answer = call.ask(ChildRequest { limits, access, task }, events).await;
        self.release(child).await;
        answer
    }

    fn children(&self) -> MutexGuard<'_, Vec<ModelProcess>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, model: LoadedModel) -> Result<(ModelProcess, Call), Failure> {
        let mut children = self.children();
        // Idle children with other models end now, to free their memory.
        children.retain(|one| {
            !one.child.is_over() && (one.model == model || one.child.idle_since().is_none())
        });
        let loaded = children.iter().find(|one| one.model == model);
        if let Some(one) = loaded
            && let Ok(call) = one.child.call()
        {
            return Ok((one.clone(), call));
        }
        let child = Supervised::start()?;
        let call = child.call()?;
        let inbox = Arc::new(Inbox::make(&self.folder)?);
        let process = ModelProcess { child, model, inbox };
        children.push(process.clone());
        Ok((process, call))
    }

    /// Ends a child that is idle, now or after the idle time.
    async fn release(&self, child: Arc<Supervised>) {
        let Some(since) = child.idle_since() else { return };
        let weak = Arc::downgrade(&child);
        if self.keep.is_zero() {
            let is_last = remove_idle(&mut self.children(), &weak, since);
            if is_last {
                child.end().await;
            }
            return;
        }
        let (children, keep) = (Arc::downgrade(&self.children), self.keep);
        tokio::spawn(async move {
            tokio::time::sleep(keep).await;
            if let Some(children) = children.upgrade() {
                let mut children = children.lock().unwrap_or_else(PoisonError::into_inner);
                remove_idle(&mut children, &weak, since);
            }
        });
    }
}

/// Removes a child unless it was called after the call `since`. Returns whether it was removed.
fn remove_idle(children: &mut Vec<ModelProcess>, child: &Weak<Supervised>, since: CallId) -> bool {
    let before = children.len();
    children.retain(|one| {
        let is_it = Weak::ptr_eq(&Arc::downgrade(&one.child), child);
        !(is_it && one.child.idle_since() == Some(since))
    });
    children.len() < before
}
