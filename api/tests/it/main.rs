//! The interface as clients see it: a real server on a free port, a real database, real files.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

mod events;
mod files;
mod harness;
mod openapi;
mod pages;
mod reports;
mod schema;
mod security;
mod upload;
