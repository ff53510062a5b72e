//! How commands end: exit codes, and errors as people and programs read them.

use std::process::ExitCode;

use huibao_models::domain::failure::{Failure, FailureCode, Lang};
use serde_json::json;

use crate::settings::SettingsError;

/// Exit code for an invalid command line or configuration.
const USAGE: u8 = 2;

/// Exit code for input that another file has to replace.
const BAD_INPUT: u8 = 65;

/// Exit code for what may succeed when it is tried again.
const TRY_AGAIN: u8 = 75;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line or the configuration is invalid.
    #[error("{en}")]
    Usage {
        /// What is wrong and what to do, in Chinese.
        zh: String,
        /// The same in English.
        en: String,
    },
    /// Something that the settings name is not there, or refuses us.
    #[error("{en}")]
    Unavailable {
        /// Which setting, what was tried, what to do, in Chinese.
        zh: String,
        /// The same in English.
        en: String,
    },
    /// A server refused, failed, or did not answer.
    #[error("{code}: {message}")]
    Server {
        /// Stable code: the server's own, or ours for one that says nothing.
        code: String,
        /// What happened and what to do next, in the user's language.
        message: String,
        /// Exit code.
        exit: u8,
        /// Where to look further.
        url: Option<String>,
    },
    /// Something failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::Usage { zh: format!("配置有误：{error}"), en: format!("configuration: {error}") }
    }
}

impl CommandError {
    /// Whether it ended so because of what it was given, and would again.
    pub fn needs_other_input(&self) -> bool {
        match self {
            Self::Usage { .. } | Self::Unavailable { .. } => false,
            Self::Server { exit, .. } => *exit == BAD_INPUT,
            Self::Failed(failure) => failure.code.exit_code() == BAD_INPUT,
        }
    }

    /// Whether the same may succeed later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Server { exit, .. } if *exit == TRY_AGAIN)
    }

    /// Says what happened and returns the exit code: with `json`, one object on standard output;
    /// otherwise, sentences on standard error.
    #[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command's answer")]
    pub fn report(&self, lang: Lang, json: bool) -> ExitCode {
        let cause = lang.pick("原因", "cause");
        let (code, message, more, exit) = match self {
            Self::Usage { zh, en } => ("usage", lang.pick(zh, en), None, USAGE),
            Self::Unavailable { zh, en } => {
                let code = FailureCode::BackendUnavailable;
                (code.as_str(), lang.pick(zh, en), None, code.exit_code())
            }
            Self::Failed(failure) => {
                let code = failure.code;
                let more = format!("{cause} [{code}] {}", failure.detail);
                (code.as_str(), code.message(lang), Some(more), code.exit_code())
            }
            Self::Server { code, message, exit, url } => {
                let see = lang.pick("详见", "see");
                let more = url.as_ref().map(|url| format!("{see} [{code}] {url}"));
                (code.as_str(), message.as_str(), more, *exit)
            }
        };
        if json {
            println!("{}", json!({ "error": { "code": code, "message": message } }));
        } else {
            eprintln!("{}: {message}", lang.pick("错误", "error"));
            if let Some(more) = more {
                eprintln!("  {more}");
            }
        }
        ExitCode::from(exit)
    }
}
