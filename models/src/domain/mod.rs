//! Pure types and rules: no clock, no SQL, no HTTP.

pub mod access;
pub mod actor;
pub mod audit;
pub mod branch;
pub mod channel;
pub mod comparison;
pub mod correction;
pub mod example;
pub mod export;
pub mod failure;
pub mod ids;
pub mod job;
mod letters;
pub mod media;
mod names;
pub mod notice;
pub mod person;
pub mod pipeline;
pub mod report;
pub mod review;
pub mod round;
pub mod rubric;
pub mod sample;
pub mod scope;
pub mod search;
pub mod submission;
pub mod transcript;
pub mod upload;
pub mod worker;

pub use names::UnknownName;
