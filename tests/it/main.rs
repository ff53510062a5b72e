//! Integration tests of the binary: what users and programs see, on real input.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

mod bad_input;
mod browser;
mod command_line;
mod process;
mod server;
mod support;
