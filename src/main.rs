//! Huibao, the one binary: the command line, and wiring.

mod commands;
mod confinement;
mod connect;
mod exit;
mod installation;
mod scratch;
mod settings;
mod signals;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::{Cli, Command};
use crate::exit::CommandError;
use crate::settings::Settings;

fn main() -> ExitCode {
    // Before anything else: a child is a parser of untrusted bytes and wants none of the rest.
    if std::env::args().nth(1).as_deref() == Some(huibao_worker::child::CHILD_ARGUMENT) {
        return huibao_worker::child::child_main();
    }
    let cli = Cli::parse();
    let json = cli.json();
    let lang = cli.lang();
    match run(cli) {
        Ok(code) => code,
        Err(error) => error.report(lang, json),
    }
}

/// For clients of HTTP, which bring no cryptography of their own here.
fn install_cryptography() {
    // Fails only where it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn run(cli: Cli) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(cli.config.as_deref(), &cli.flags())?;
    install_cryptography();
    // Dropped last: it sends the last spans.
    let _spans = telemetry::start(&settings, &cli.command)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(huibao_models::domain::failure::Failure::from)?;
    match cli.command {
        Command::Process(args) => runtime.block_on(commands::process::run(settings, args)),
        Command::Submit(args) => runtime.block_on(commands::submit::run(settings, args)),
        Command::Up(_) => runtime.block_on(commands::up::run(settings)),
        Command::Api(_) => runtime.block_on(commands::api::run(settings)),
        Command::Worker(args) => runtime.block_on(commands::worker::run(settings, args)),
        Command::User(args) => runtime.block_on(commands::user::run(settings, args)),
        Command::Token(args) => runtime.block_on(commands::token::run(settings, args)),
        Command::Audit(args) => runtime.block_on(commands::audit::run(settings, args)),
        Command::Jobs(args) => runtime.block_on(commands::jobs::run(settings, args)),
        Command::Search(args) => runtime.block_on(commands::search::run(settings, args)),
        Command::RecognizeAgain(args) => {
            runtime.block_on(commands::recognize_again::run(settings, args))
        }
        Command::Migrate(args) => runtime.block_on(commands::migrate::run(settings, args)),
        Command::Collect(args) => runtime.block_on(commands::collect::run(settings, args)),
        Command::Doctor(args) => Ok(runtime.block_on(commands::doctor::run(&settings, &args))),
        Command::Config => commands::config::run(&settings),
    }
}
