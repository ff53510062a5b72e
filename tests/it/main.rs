//! Integration tests of the binary: what users and programs see, on real input.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where something is missing"
)]

mod again;
mod audit;
mod bad_input;
mod bad_sound;
mod behind_proxy;
mod browser;
mod chaos;
mod command_line;
mod confinement;
mod distributed;
mod exports;
mod migrate;
mod notices;
mod people;
mod process;
mod schema;
mod schemathesis;
mod second_pass;
mod server;
mod sign_on;
mod speech;
mod submit;
mod support;
mod telemetry;
mod tus_clients;
