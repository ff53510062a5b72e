//! The log: lines on standard error. Spans go to a collector as well, if there is one.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::spans::SpanExport;
use crate::commands::Command;
use crate::exit::CommandError;
use crate::settings::Settings;

/// Starts the log. `process` and `submit` have a person before them, who reads an answer and not a log.
/// What is returned sends spans until it is dropped.
pub fn start(settings: &Settings, command: &Command) -> Result<Option<SpanExport>, CommandError> {
    let filter = match command {
        Command::Process(_) | Command::Submit(_) if settings.log == "info" => "off",
        // PostgreSQL tells of every migration that is there already; lapin repeats what we say of a
        // lost connection; the S3 client says that it leaves the checksums of parts to us.
        _ if settings.log == "info" => "info,sqlx=warn,lapin=off,aws_sdk_s3=error",
        _ => &settings.log,
    };
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_filter(filter);
    let export = match command {
        Command::Up(_) | Command::Api(_) | Command::Worker(_) => SpanExport::start(),
        _ => Ok(None),
    };
    let export = export.map_err(|error| CommandError::Usage {
        zh: format!("OTEL_EXPORTER_OTLP_ENDPOINT 等环境变量有误：{error}"),
        en: format!("the OTEL_EXPORTER_OTLP_… variables are invalid: {error}"),
    })?;
    let spans = export.as_ref().map(SpanExport::layer);
    tracing_subscriber::registry().with(spans).with(lines).init();
    Ok(export)
}
