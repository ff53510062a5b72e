//! What is known of people, checked.

use huibao_models::domain::person::{Number, is_email};

use crate::request_error::RequestError;

/// A number; nothing if the text is empty.
pub(super) fn number(text: &str) -> Result<Option<Number>, RequestError> {
    let text = Some(text).filter(|text| !text.is_empty());
    text.map(Number::parse).transpose().map_err(|_| RequestError::BadRequest)
}

/// An address; nothing if the text is empty.
pub(super) fn email(text: &str) -> Result<Option<String>, RequestError> {
    match text.trim() {
        "" => Ok(None),
        text if is_email(text) => Ok(Some(text.to_owned())),
        _ => Err(RequestError::BadRequest),
    }
}
