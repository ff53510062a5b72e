//! How old something must be.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The time that is so long ago. `None` if the calendar does not reach there: nothing is that old.
pub(super) fn time_before(age: Duration) -> Option<DateTime<Utc>> {
    Utc::now().checked_sub_signed(TimeDelta::from_std(age).ok()?)
}
