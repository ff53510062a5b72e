//! Times as the interface has them.

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 milliseconds")]
pub(super) fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
