//! The clock by which leases and retries are reckoned.
//!
//! Workers whose own clocks differ would take each other's jobs away or wait for hours. So the time
//! is the database server's, asked for now and then; in between, the machine's monotonic clock goes
//! on, which nobody sets.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};

/// A time that goes on by itself.
#[derive(Debug)]
pub(super) struct Clock(Mutex<(DateTime<Utc>, Instant)>);

impl Clock {
    /// A clock that shows the machine's time.
    pub(super) fn of_this_machine() -> Self {
        Self(Mutex::new((Utc::now(), Instant::now())))
    }

    /// The time now.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let (set_to, set_at) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set_to + set_at.elapsed()
    }

    /// Sets the clock: at `at` it was `time`.
    pub(super) fn set(&self, time: DateTime<Utc>, at: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (time, at);
    }
}
