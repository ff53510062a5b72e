//! The log: lines on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::commands::Command;
use crate::settings::Settings;

/// Starts logging. `process` has a person before it, who reads its answer and not a log.
pub fn start(settings: &Settings, command: &Command) {
    let filter = match command {
        Command::Process(_) if settings.log == "info" => "off",
        _ => &settings.log,
    };
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
