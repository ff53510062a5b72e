//! The log: lines on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::commands::Command;
use crate::settings::Settings;

/// Starts logging. `process` and `submit` have a person before them, who reads an answer and not a
/// log.
pub fn start(settings: &Settings, command: &Command) {
    let filter = match command {
        Command::Process(_) | Command::Submit(_) if settings.log == "info" => "off",
        // PostgreSQL tells of every migration that is there already; lapin repeats what we say of a
        // lost connection; the S3 client says that it leaves the checksums of parts to us.
        _ if settings.log == "info" => "info,sqlx=warn,lapin=off,aws_sdk_s3=error",
        _ => &settings.log,
    };
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}
