//! What people write of a report, checked.

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::report::{Period, ReportKind};
use huibao_models::domain::review::Anchor;

use crate::error::ApiError;
use crate::file_name::without_controls;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::AnchorView;

const TITLE_CHARS: usize = 200;
const SPEAKER_CHARS: usize = 100;
/// Of reasons, and of a comment.
const TEXT_CHARS: usize = 5000;
/// Of a sentence, or of a passage.
pub(super) const QUOTE_CHARS: usize = 2000;

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

/// A text of several lines, which does nothing but say something.
pub(super) fn text(given: &str) -> Result<String, RequestError> {
    at_most(given, TEXT_CHARS)?;
    Ok(inert(given))
}

/// A text that is not empty.
pub(super) fn needed(given: &str) -> Result<String, RequestError> {
    let text = text(given)?;
    if text.is_empty() { Err(RequestError::MissingText) } else { Ok(text) }
}

/// Refuses what is longer.
pub(super) fn at_most(given: &str, chars: usize) -> Result<(), RequestError> {
    if given.chars().count() > chars { Err(RequestError::TextTooLong) } else { Ok(()) }
}

/// Without control characters other than line breaks.
pub(super) fn inert(given: &str) -> String {
    let lines = given.lines().map(|line| without_controls(line.trim_end()));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
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

/// An anchor whose quote is not too long, and whose time is one.
pub(super) fn anchor(anchor: AnchorView) -> Result<Anchor, RequestError> {
    Ok(match anchor {
        AnchorView::Report {} => Anchor::Report,
        AnchorView::Time { at } => Anchor::Time { ms: milliseconds(at)? },
        AnchorView::Segment { segment, at, quote } => {
            at_most(&quote, QUOTE_CHARS)?;
            Anchor::Segment { segment, ms: milliseconds(at)?, quote: inert(&quote) }
        }
        AnchorView::Written { quote } => {
            at_most(&quote, QUOTE_CHARS)?;
            Anchor::Written { quote: inert(&quote) }
        }
    })
}

/// A time in a video: at most a day.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it lies between 0 and a day"
)]
fn milliseconds(seconds: f64) -> Result<u64, RequestError> {
    if !(0.0..=86_400.0).contains(&seconds) {
        return Err(RequestError::BadRequest);
    }
    Ok((seconds * 1000.0).round() as u64)
}
