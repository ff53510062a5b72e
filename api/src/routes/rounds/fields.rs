//! What reviewers write of a round, checked.

use crate::file_name::without_controls;
use crate::request_error::RequestError;

const TITLE_CHARS: usize = 200;
const INSTRUCTIONS_CHARS: usize = 5000;

pub(super) fn title(text: &str) -> Result<String, RequestError> {
    let clean = without_controls(text.trim());
    if clean.is_empty() { Err(RequestError::BadRequest) } else { fits(clean, TITLE_CHARS) }
}

/// Line breaks are part of it; PostgreSQL takes no NUL.
pub(super) fn instructions(text: &str) -> Result<String, RequestError> {
    fits(text.trim().replace('\0', ""), INSTRUCTIONS_CHARS)
}

fn fits(text: String, max_chars: usize) -> Result<String, RequestError> {
    if text.chars().count() > max_chars { Err(RequestError::FieldTooLong) } else { Ok(text) }
}

/// The longest video; 0 is as long as the settings allow.
pub(super) fn max_seconds(seconds: Option<u32>) -> Option<u32> {
    seconds.filter(|seconds| *seconds > 0)
}
