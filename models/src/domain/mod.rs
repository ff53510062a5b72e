//! Pure types and rules: no clock, no SQL, no HTTP.

pub mod actor;
pub mod failure;
pub mod ids;
pub mod job;
pub mod media;
mod names;
pub mod pipeline;
pub mod report;
pub mod submission;
pub mod transcript;

pub use names::UnknownName;
