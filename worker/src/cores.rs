//! One budget of cores for all heavy work in this process and its children.
//!
//! Two thread pools that fight for the same cores are the worst slowdown there is here: a spinning
//! pool waits for a thread that is not running. So every heavy job states its cores, and what
//! runs together adds up to the budget.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Whoever can use more cores waits at most so long for those that are about to be given back: as
/// long as a commit takes, unless the database does not answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// The cores that heavy work may use.
#[derive(Debug, Clone)]
pub struct CoreBudget {
    free: Arc<Semaphore>,
    /// How many grants are about to be given back.
    returning: watch::Sender<u32>,
    total: u32,
}

/// Cores lent to a job; given back when dropped.
#[derive(Debug)]
pub struct CoreGrant {
    // Dropped in this order: who sees that nothing is returning finds the cores free.
    permit: OwnedSemaphorePermit,
    returning: Option<Returning>,
    budget: CoreBudget,
}

/// Counts a grant that is about to be given back.
#[derive(Debug)]
struct Returning(watch::Sender<u32>);

impl Returning {
    fn count(counter: &watch::Sender<u32>) -> Self {
        counter.send_modify(|count| *count += 1);
        Self(counter.clone())
    }
}

impl Drop for Returning {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl CoreBudget {
    /// A budget of `total` cores, at least one.
    pub fn new(total: u32) -> Self {
        let total = total.max(1);
        let (returning, _) = watch::channel(0);
        Self { free: Arc::new(Semaphore::new(total as usize)), returning, total }
    }

    /// All cores of the budget.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Waits for one free core. `None` once the budget is closed, which nothing here does.
    pub async fn one(&self) -> Option<CoreGrant> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        Some(CoreGrant { permit, returning: None, budget: self.clone() })
    }
}

impl CoreGrant {
    /// Takes further cores, up to `wanted` in all: those that are free now, and those that are
    /// about to be given back, which is worth waiting for. A job keeps for minutes what it begins
    /// with.
    pub async fn grow(&mut self, wanted: u32) {
        let mut returning = self.budget.returning.subscribe();
        let growing = async {
            loop {
                let soon = *returning.borrow_and_update();
                self.take_free(wanted);
                if soon == 0 || self.cores() >= wanted || returning.changed().await.is_err() {
                    return;
                }
            }
        };
        // What was taken until then is kept.
        let _ = tokio::time::timeout(PATIENCE, growing).await;
    }

    fn take_free(&mut self, wanted: u32) {
        while self.cores() < wanted {
            let Ok(more) = Arc::clone(&self.budget.free).try_acquire_owned() else { return };
            self.permit.merge(more);
        }
    }

    /// Gives back all cores but one, which is to follow unless another job goes on with it.
    pub fn wind_up(&mut self) {
        let more = self.permit.num_permits().saturating_sub(1);
        drop(self.permit.split(more));
        self.returning = Some(Returning::count(&self.budget.returning));
    }

    /// Goes on with another job.
    pub fn go_on(&mut self) {
        self.returning = None;
    }

    /// How many threads the job may run.
    pub fn cores(&self) -> u32 {
        // A budget is made from a u32.
        u32::try_from(self.permit.num_permits()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn grants_add_up_to_the_budget() {
        let budget = CoreBudget::new(4);
        let mut first = budget.one().await.unwrap();
        first.grow(3).await;
        let mut second = budget.one().await.unwrap();
        second.grow(8).await;
        assert_eq!((first.cores(), second.cores()), (3, 1));
        first.wind_up();
        first.go_on();
        second.grow(8).await;
        assert_eq!((first.cores(), second.cores()), (1, 3));
        drop(first);
        second.grow(8).await;
        assert_eq!(second.cores(), 4);
    }

    /// A report's transcode begins while its transcription is being committed: it must not have one
    /// core for all its time because of that moment.
    #[tokio::test]
    async fn whoever_can_use_more_waits_for_what_is_about_to_be_given_back() {
        let budget = CoreBudget::new(2);
        let mut ending = budget.one().await.unwrap();
        ending.grow(2).await;
        ending.wind_up();
        let mut next = budget.one().await.unwrap();
        let growing = tokio::spawn(async move {
            next.grow(2).await;
            next
        });
        tokio::task::yield_now().await;
        assert!(!growing.is_finished());
        drop(ending);
        assert_eq!(growing.await.unwrap().cores(), 2);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_commit_that_takes_long_or_a_job_that_goes_on() {
        let budget = CoreBudget::new(2);
        let mut ending = budget.one().await.unwrap();
        let mut next = budget.one().await.unwrap();
        ending.wind_up();
        let began = std::time::Instant::now();
        next.grow(2).await;
        assert_eq!(next.cores(), 1);
        assert!(began.elapsed() >= PATIENCE);
        ending.go_on();
        // Nothing is waited for: this is ready when it is first looked at.
        let mut context = Context::from_waker(Waker::noop());
        assert!(pin!(next.grow(2)).poll(&mut context).is_ready());
        assert_eq!(next.cores(), 1);
    }

    #[tokio::test]
    async fn whoever_finds_none_waits() {
        let budget = CoreBudget::new(1);
        let grant = budget.one().await.unwrap();
        let waiting = tokio::spawn(async move { budget.one().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(grant);
        assert_eq!(waiting.await.unwrap().unwrap().cores(), 1);
    }
}
