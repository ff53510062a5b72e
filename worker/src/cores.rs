//! One budget of cores for all heavy work in this process and its children.
//!
//! Two thread pools that fight for the same cores are the worst slowdown there is here: a spinning
//! pool waits for a thread that is not running. So every heavy task states its cores, and what
//! runs together adds up to the budget.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The cores that heavy work may use.
#[derive(Debug, Clone)]
pub struct CoreBudget {
    free: Arc<Semaphore>,
    total: u32,
}

/// Cores lent to a task; given back when dropped.
#[derive(Debug)]
pub struct CoreGrant {
    permit: OwnedSemaphorePermit,
    budget: CoreBudget,
}

impl CoreBudget {
    /// A budget of `total` cores, at least one.
    pub fn new(total: u32) -> Self {
        let total = total.max(1);
        Self { free: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// All cores of the budget.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Waits for one free core. `None` once the budget is closed, which nothing here does.
    pub async fn one(&self) -> Option<CoreGrant> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        Some(CoreGrant { permit, budget: self.clone() })
    }
}

impl CoreGrant {
    /// Takes further cores as far as they are free now, up to `wanted` in all.
    pub fn grow(&mut self, wanted: u32) {
        while self.cores() < wanted {
            let Ok(more) = Arc::clone(&self.budget.free).try_acquire_owned() else { return };
            self.permit.merge(more);
        }
    }

    /// Gives back all cores but one.
    pub fn shrink(&mut self) {
        let more = self.permit.num_permits().saturating_sub(1);
        drop(self.permit.split(more));
    }

    /// How many threads the task may run.
    pub fn cores(&self) -> u32 {
        // A budget is made from a u32.
        u32::try_from(self.permit.num_permits()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn grants_add_up_to_the_budget() {
        let budget = CoreBudget::new(4);
        let mut first = budget.one().await.unwrap();
        first.grow(3);
        let mut second = budget.one().await.unwrap();
        second.grow(8);
        assert_eq!((first.cores(), second.cores()), (3, 1));
        first.shrink();
        second.grow(8);
        assert_eq!((first.cores(), second.cores()), (1, 3));
        drop(first);
        second.grow(8);
        assert_eq!(second.cores(), 4);
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
