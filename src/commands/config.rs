//! `huibao config`: the configuration that is in force.

use std::process::ExitCode;

use huibao_models::domain::failure::Failure;

use crate::exit::CommandError;
use crate::settings::Settings;

/// Prints the settings as TOML, secrets redacted.
#[expect(clippy::print_stdout, reason = "this is the command's answer")]
pub fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    let text = toml::to_string(settings).map_err(Failure::internal)?;
    print!("{text}");
    Ok(ExitCode::SUCCESS)
}
