//! What authors write of a report, checked.

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::report::{Period, ReportKind};

use crate::error::ApiError;
use crate::file_name::without_controls;
use crate::request_error::RequestError;
use crate::state::ApiState;

const TITLE_CHARS: usize = 200;
const SPEAKER_CHARS: usize = 100;

pub(super) fn title(text: &str) -> Result<String, RequestError> {
    line(text, TITLE_CHARS)
}

pub(super) fn speaker(text: &str) -> Result<String, RequestError> {
    line(text, SPEAKER_CHARS)
}

fn line(text: &str, max_chars: usize) -> Result<String, RequestError> {
    let clean = without_controls(text.trim());
    if clean.chars().count() > max_chars {
        return Err(RequestError::FieldTooLong);
    }
    Ok(clean)
}

pub(super) fn period(text: &str) -> Result<Period, RequestError> {
    text.parse().map_err(|_| RequestError::BadRequest)
}

/// A written report that is typed: as long as a file may be.
pub(super) fn written_text(state: &ApiState, text: &str) -> Result<String, ApiError> {
    if text.len() as u64 > state.config.limits.max_written_bytes {
        let detail = "the text that was typed is longer than a file may be";
        return Err(Failure::new(FailureCode::WrittenTooLarge, detail).into());
    }
    // Line breaks are part of it; PostgreSQL takes no NUL.
    Ok(text.replace('\0', ""))
}

/// A kind that is offered.
pub(super) fn kind(state: &ApiState, kind: ReportKind) -> Result<ReportKind, RequestError> {
    let offered = state.config.offered_kinds();
    if offered.contains(&kind) { Ok(kind) } else { Err(RequestError::UnsupportedKind) }
}

/// A language that is offered; the default if none is asked for.
pub(super) fn language(state: &ApiState, code: &str) -> Result<String, RequestError> {
    if code.is_empty() {
        return Ok(state.config.default_language().to_owned());
    }
    let known = state.config.languages.iter().find(|language| *language == code);
    known.cloned().ok_or(RequestError::UnsupportedLanguage)
}
