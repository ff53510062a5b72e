//! Pure types and rules: no clock, no SQL, no HTTP.

pub mod access;
pub mod actor;
pub mod branch;
pub mod failure;
pub mod ids;
pub mod job;
pub mod media;
mod names;
pub mod person;
pub mod pipeline;
pub mod report;
pub mod submission;
pub mod transcript;
pub mod upload;

pub use names::UnknownName;
