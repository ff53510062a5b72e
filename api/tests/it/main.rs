//! The interface as clients see it: a real server on a free port, a real database, real files.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]
#![expect(clippy::large_futures, reason = "a test runs few of them")]

mod access;
mod account;
mod audit;
mod console;
mod drafts;
mod events;
mod examples;
mod exports;
mod files;
mod harness;
mod notices;
mod openapi;
mod pages;
mod people;
mod reports;
mod reviews;
mod rounds;
mod rubrics;
mod schema;
mod search;
mod security;
mod tus;
