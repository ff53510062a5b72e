//! How a worker is told to end.

use tokio_util::sync::CancellationToken;

/// First softly, then at once.
pub(crate) struct Stop {
    /// Begin nothing new.
    pub soon: CancellationToken,
    /// Hand back what is running.
    pub now: CancellationToken,
}
