//! Errors of the queue backend.

use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::{Error, ErrorKind};

use crate::domain::failure::{Failure, FailureCode};

/// An error of the queue backend.
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueueError {
    /// The URL is not a queue URL.
    #[error("not a queue URL: {0}")]
    Url(String),
    /// The broker refuses the connection or the queue: credentials, virtual host, or other arguments.
    #[error("{place}: {reason}")]
    Refused {
        /// Host and port.
        place: String,
        /// What it says.
        reason: String,
    },
    /// The broker is unreachable, starting, or accepts no messages at the moment.
    #[error("{place}: {reason}")]
    Away {
        /// Host and port.
        place: String,
        /// What happened.
        reason: String,
    },
}

impl QueueError {
    /// Whether a retry can help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    pub(super) fn away(place: &str, reason: impl Into<String>) -> Self {
        Self::Away { place: place.to_owned(), reason: reason.into() }
    }

    pub(super) fn from_lapin(place: &str, error: &Error) -> Self {
        let reason = error.to_string();
        let ErrorKind::ProtocolError(protocol) = error.kind() else {
            return Self::away(place, reason);
        };
        let refused = matches!(
            protocol.kind(),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED | AMQPSoftError::PRECONDITIONFAILED)
                | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED)
        );
        let advice = match protocol.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => {
                "; delete the queue, or use another prefix with ?prefix=…"
            }
            _ => "",
        };
        let (place, reason) = (place.to_owned(), reason + advice);
        if refused { Self::Refused { place, reason } } else { Self::Away { place, reason } }
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let code = if error.is_passing() {
            FailureCode::BackendBusy
        } else {
            FailureCode::BackendUnavailable
        };
        Self::new(code, error)
    }
}
