//! The command line. One file per command.

mod answer;
pub mod api;
pub mod audit;
mod bars;
pub mod collect;
pub mod config;
pub mod doctor;
pub mod installation_args;
pub mod jobs;
pub mod migrate;
mod parse;
pub mod process;
pub mod recognize_again;
pub mod search;
mod serve;
mod stages;
pub mod submit;
pub mod token;
mod unit;
pub mod up;
pub mod user;
pub mod worker;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use huibao_models::domain::failure::Lang;

use crate::settings::{Flags, lang_of_environment};

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   2  invalid command line or configuration
  65  invalid input (another file is needed)
  69  something needed is unavailable (see huibao doctor)
  70  internal error
  75  temporary failure: try again

With --json, standard output is exactly one JSON object. A failure is
  {\"error\":{\"code\":\"…\",\"message\":\"…\"}}
where code is stable (not_media, no_video_track, no_audio_track, truncated, too_long, too_large,
unsupported_codec, written_encrypted, written_broken, model_missing, disk_full, …) and message is
in your language.

Settings: huibao.toml and HUIBAO_* variables; `huibao config` prints what is in force.";

/// 汇报: turns short-video thought reports into something a reviewer can read.
#[derive(Debug, Parser)]
#[command(version, after_long_help = EXIT_CODES)]
pub struct Cli {
    /// Configuration file [default: huibao.toml in this folder, if there is one]
    #[arg(long, global = true, value_name = "FILE", env = "HUIBAO_CONFIG")]
    pub config: Option<PathBuf>,
    /// Language of messages [default: from LANG]
    #[arg(long, global = true, value_name = "zh|en", value_parser = ["zh", "en"])]
    lang: Option<String>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Take one video (and its written report) through the whole pipeline, without a server
    Process(process::Args),
    /// Hand a video (and its written report) to a running server
    Submit(submit::Args),
    /// Run the pages, the API and the workers in one process
    Up(up::Args),
    /// Run the pages and the API of a distributed installation
    Api(api::Args),
    /// Run jobs of a distributed installation
    Worker(worker::Args),
    /// Add people, say what they are, disable them
    User(user::Args),
    /// Make, list and remove personal access tokens
    Token(token::Args),
    /// Verify, export and vouch for the audit log
    Audit(audit::Args),
    /// List jobs, show one, retry dead ones
    #[command(alias = "tasks")]
    Jobs(jobs::Args),
    /// Recognise reports once more with another model, as new versions of their transcripts
    RecognizeAgain(recognize_again::Args),
    /// Make the search index anew
    Search(search::Args),
    /// Move an installation to another database and storage
    Migrate(migrate::Args),
    /// Remove stored files that nothing refers to
    Collect(collect::Args),
    /// Check the installation and say what is missing
    Doctor(doctor::Args),
    /// Print the configuration that is in force, without secrets
    Config,
}

impl Cli {
    /// The flags that are settings.
    pub fn flags(&self) -> Flags {
        let lang = self.lang.clone();
        match &self.command {
            Command::Process(args) => {
                Flags { model: args.model.clone(), cores: args.cores, lang, ..Flags::default() }
            }
            Command::Up(args) => Flags {
                data_dir: args.data_dir.clone(),
                listen: args.listen.clone(),
                cores: args.cores,
                lang,
                ..Flags::default()
            },
            Command::Api(args) => Flags {
                data_dir: args.data_dir.clone(),
                listen: args.listen.clone(),
                lang,
                ..Flags::default()
            },
            Command::Worker(args) => Flags {
                data_dir: args.data_dir.clone(),
                cores: args.cores,
                lang,
                ..Flags::default()
            },
            Command::Migrate(args) => {
                Flags { data_dir: args.data_dir.clone(), lang, ..Flags::default() }
            }
            Command::Collect(collect::Args { installation, .. })
            | Command::User(user::Args { installation, .. })
            | Command::Token(token::Args { installation, .. })
            | Command::Audit(audit::Args { installation, .. })
            | Command::Jobs(jobs::Args { installation, .. })
            | Command::Search(search::Args { installation, .. })
            | Command::RecognizeAgain(recognize_again::Args { installation, .. }) => {
                Flags { data_dir: installation.data_dir.clone(), lang, ..Flags::default() }
            }
            Command::Doctor(_) | Command::Config | Command::Submit(_) => {
                Flags { lang, ..Flags::default() }
            }
        }
    }

    /// Whether the output is JSON.
    pub fn json(&self) -> bool {
        match &self.command {
            Command::Process(args) => args.json,
            Command::Submit(args) => args.json,
            Command::Doctor(args) => args.json,
            Command::User(args) => args.installation.json,
            Command::Token(args) => args.installation.json,
            Command::Audit(args) => args.installation.json,
            Command::Jobs(args) => args.installation.json,
            Command::RecognizeAgain(args) => args.installation.json,
            Command::Search(args) => args.installation.json,
            Command::Migrate(args) => args.json,
            Command::Collect(args) => args.installation.json,
            Command::Up(_) | Command::Api(_) | Command::Worker(_) | Command::Config => false,
        }
    }

    /// The language to report errors in, also when the configuration could not be read.
    pub fn lang(&self) -> Lang {
        let set = self.lang.clone().or_else(|| std::env::var("HUIBAO_LANG").ok());
        set.filter(|tag| !tag.is_empty())
            .map_or_else(lang_of_environment, |tag| Lang::from_tag(&tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_former_names_of_jobs_and_kind_are_accepted() {
        for line in ["jobs list --kind ingest", "tasks list --stage ingest"] {
            let words = ["huibao"].into_iter().chain(line.split(' '));
            let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(matches!(cli.command, Command::Jobs(_)), "{line}");
        }
        let retry = ["huibao", "tasks", "retry", "--all-dead", "--stage", "archive"];
        assert!(Cli::try_parse_from(retry).is_ok());
    }
}
