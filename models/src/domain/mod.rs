//! Pure types and rules: no clock, no SQL, no HTTP.

pub mod failure;
pub mod job;
pub mod media;
pub mod report;
pub mod transcript;
