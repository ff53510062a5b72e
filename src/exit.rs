//! How commands end: exit codes, and errors as people and programs read them.

use std::process::ExitCode;

use huibao_models::failure::{Failure, Lang};
use serde_json::json;

use crate::settings::SettingsError;

/// Exit code for a command line or configuration that cannot be.
const USAGE: u8 = 2;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command line or the configuration cannot be.
    #[error("{en}")]
    Usage {
        /// What is wrong and what to do, in Chinese.
        zh: String,
        /// The same in English.
        en: String,
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
    /// Says what happened and returns the exit code: with `json`, one object on standard output;
    /// otherwise, sentences on standard error.
    #[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command's answer")]
    pub fn report(&self, lang: Lang, json: bool) -> ExitCode {
        let (code, message, detail, exit) = match self {
            Self::Usage { zh, en } => ("usage", lang.pick(zh, en), None, USAGE),
            Self::Failed(failure) => {
                let code = failure.code;
                (code.as_str(), code.message(lang), Some(&failure.detail), code.exit_code())
            }
        };
        if json {
            println!("{}", json!({ "error": { "code": code, "message": message } }));
        } else {
            eprintln!("{}: {message}", lang.pick("错误", "error"));
            if let Some(detail) = detail {
                eprintln!("  {} [{code}] {detail}", lang.pick("原因", "cause"));
            }
        }
        ExitCode::from(exit)
    }
}
