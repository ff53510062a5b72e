//! What the audit log has been told a moment ago by this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use huibao_models::domain::audit::AuditAction;
use huibao_models::domain::ids::PersonId;

/// The same of the same person is written down once in so long: pages ask again and again.
const ONCE_IN: Duration = Duration::from_mins(10);

/// So much is remembered.
const CAPACITY: usize = 10_000;

/// What was written down a moment ago by this process.
#[derive(Default)]
pub(crate) struct Recently(Mutex<HashMap<(PersonId, AuditAction, String), Instant>>);

impl Recently {
    /// Whether this is new.
    pub(crate) fn is_new(&self, person: PersonId, action: AuditAction, what: String) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= CAPACITY {
            seen.retain(|_, at| at.elapsed() < ONCE_IN);
        }
        if seen.len() >= CAPACITY {
            // More people than that within ten minutes: entries come doubly, and none is lost.
            seen.clear();
        }
        let key = (person, action, what);
        let new = seen.get(&key).is_none_or(|at| at.elapsed() >= ONCE_IN);
        if new {
            seen.insert(key, Instant::now());
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_new_once() {
        let (recently, person) = (Recently::default(), PersonId::new());
        let new = |person, what: &str| {
            recently.is_new(person, AuditAction::ReportViewed, what.to_owned())
        };
        assert!(new(person, "a") && new(person, "b") && new(PersonId::new(), "a"));
        assert!(!new(person, "a"));
    }
}
