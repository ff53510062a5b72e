//! Children that stay: loading a model takes long, so the child that has one is kept for the next
//! recording, and let go once none has come for a while.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use huibao_models::failure::Failure;

use super::supervisor::Supervised;
use super::{ChildEvents, ChildOutput, ChildRequest};

/// The children of a worker that have a model loaded and nothing to do.
#[derive(Clone)]
pub struct Residents {
    idle: Arc<Mutex<Vec<Idle>>>,
    /// How long a child without work is kept.
    keep: Duration,
}

struct Idle {
    child: Supervised,
    model: LoadedModel,
    /// Whoever put it here ends it, unless it was taken and put back meanwhile.
    turn: Arc<()>,
}

/// Which weights a child has loaded: a file that was replaced is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedModel {
    path: PathBuf,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl LoadedModel {
    /// The file as it is now.
    pub async fn of(path: &Path) -> std::io::Result<Self> {
        let file = tokio::fs::metadata(path).await?;
        Ok(Self { path: path.to_owned(), bytes: file.len(), modified: file.modified().ok() })
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Residents {
    /// Keeps children for `keep` after their last work; zero keeps none.
    pub fn new(keep: Duration) -> Self {
        Self { idle: Arc::default(), keep }
    }

    /// Has a child do what needs `model`: one that has it loaded, or a new one. Dropping the future
    /// kills the child.
    pub async fn ask(
        &self,
        model: LoadedModel,
        request: &ChildRequest,
        events: &ChildEvents,
    ) -> Result<ChildOutput, Failure> {
        let mut child = match self.take(&model) {
            Some(child) => child,
            None => Supervised::start()?,
        };
        let answer = child.ask(request, events).await?;
        if self.keep.is_zero() {
            child.end().await;
        } else {
            self.put_back(child, model);
        }
        answer
    }

    fn take(&self, model: &LoadedModel) -> Option<Supervised> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // What is loaded for something else only takes memory from what is loaded now.
        idle.retain(|one| one.model == *model);
        idle.pop().map(|one| one.child)
    }

    fn put_back(&self, child: Supervised, model: LoadedModel) {
        let turn = Arc::new(());
        let one = Idle { child, model, turn: Arc::clone(&turn) };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(one);
        let (idle, keep) = (Arc::downgrade(&self.idle), self.keep);
        tokio::spawn(async move {
            tokio::time::sleep(keep).await;
            if let Some(idle) = idle.upgrade() {
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                idle.retain(|one| !Arc::ptr_eq(&one.turn, &turn));
            }
        });
    }
}
