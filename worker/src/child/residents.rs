//! Children that stay: loading a model takes long and its weights much memory, so the child that has
//! one does all recognitions with it, and is let go once none has come for a while.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use huibao_models::domain::failure::Failure;

use super::supervisor::{Call, Supervised};
use super::{CallId, ChildEvents, ChildOutput, ChildRequest};

/// The children of a worker that have a model loaded, one for each model.
#[derive(Clone)]
pub struct Residents {
    children: Arc<Mutex<Vec<Resident>>>,
    /// How long a child without work is kept.
    keep: Duration,
}

struct Resident {
    child: Arc<Supervised>,
    model: LoadedModel,
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
        Self { children: Arc::default(), keep }
    }

    /// Has a child do what needs `model`: the one that has it loaded, or a new one. Dropping the future
    /// calls it off.
    pub async fn ask(
        &self,
        model: LoadedModel,
        request: ChildRequest,
        events: &ChildEvents,
    ) -> Result<ChildOutput, Failure> {
        let (child, call) = self.call(model)?;
        let answer = call.ask(request, events).await;
        self.leave(child).await;
        answer
    }

    fn children(&self) -> MutexGuard<'_, Vec<Resident>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, model: LoadedModel) -> Result<(Arc<Supervised>, Call), Failure> {
        let mut children = self.children();
        // What is loaded for nothing only takes memory from what is loaded now.
        children.retain(|one| {
            !one.child.is_over() && (one.model == model || one.child.idle_since().is_none())
        });
        let loaded = children.iter().find(|one| one.model == model);
        if let Some(one) = loaded
            && let Ok(call) = one.child.call()
        {
            return Ok((Arc::clone(&one.child), call));
        }
        let child = Supervised::start()?;
        let call = child.call()?;
        children.push(Resident { child: Arc::clone(&child), model });
        Ok((child, call))
    }

    /// Lets a child go, at once or later, if it has nothing else to do.
    async fn leave(&self, child: Arc<Supervised>) {
        let Some(since) = child.idle_since() else { return };
        let weak = Arc::downgrade(&child);
        if self.keep.is_zero() {
            let is_last = let_go(&mut self.children(), &weak, since);
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
                let_go(&mut children, &weak, since);
            }
        });
    }
}

/// Lets a child go unless it was called again since that call. Returns whether it did.
fn let_go(children: &mut Vec<Resident>, child: &Weak<Supervised>, since: CallId) -> bool {
    let before = children.len();
    children.retain(|one| {
        let is_it = Weak::ptr_eq(&Arc::downgrade(&one.child), child);
        !(is_it && one.child.idle_since() == Some(since))
    });
    children.len() < before
}
