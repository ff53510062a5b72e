//! What every storage promises, on a local folder and on a real S3 server; and what S3 adds.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]
#![expect(clippy::expect_used, reason = "and say what to do about it")]

mod contract;
mod faults;
mod harness;
mod proxy;
mod s3;
mod upload_faults;
mod upload_model;
mod uploads;
