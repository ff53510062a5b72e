//! Classifies the SDK's errors: missing object, existing object, outage, or wrong setting.

use std::error::Error;
use std::iter;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::location::S3Location;
use crate::storage::error::StorageError;
use crate::storage::setting::SettingPart;

/// Whether the server says that there is no such object.
pub(super) fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    // The answer to HEAD has no body and so no code.
    matches!((code(error), status(error)), (Some("NoSuchKey" | "NotFound"), _) | (None, Some(404)))
}

/// Whether the server refused to replace an object.
pub(super) fn is_taken<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    status(error) == Some(412)
}

/// Whether the range asked for starts after the object's end.
pub(super) fn is_beyond<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    status(error) == Some(416)
}

impl S3Location {
    /// The error of a request that failed while doing `what`.
    pub(super) fn explain<E>(&self, what: &'static str, error: &SdkError<E>) -> StorageError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let detail = format!("{} ({self})", describe(error));
        if let Some(error) = find::<CredentialsError>(error) {
            return credentials_error(what, error, detail);
        }
        match (error, status(error)) {
            (SdkError::TimeoutError(_) | SdkError::DispatchFailure(_), _)
            // An incomplete answer.
            | (SdkError::ResponseError(_), Some(200..=299))
            // 501 is not an outage: the server does not implement the request.
            | (_, Some(429 | 500 | 502..)) => StorageError::Busy { what, detail },
            _ => self.explain_answer(what, code(error), status(error), detail),
        }
    }

    /// The error for a missing bucket.
    pub(super) fn no_bucket(&self) -> StorageError {
        StorageError::Setting {
            part: SettingPart::Bucket,
            problem: format!("there is no bucket {:?}, make it first ({self})", self.bucket),
        }
    }

    fn explain_answer(
        &self,
        what: &'static str,
        code: Option<&str>,
        status: Option<u16>,
        detail: String,
    ) -> StorageError {
        let setting = |part, advice: &str| StorageError::Setting {
            part,
            problem: format!("{advice}; {what}: {detail}"),
        };
        match (code.unwrap_or_default(), status) {
            ("NoSuchBucket", _) => self.no_bucket(),
            ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect", _)
            | ("", Some(301 | 307)) => setting(
                SettingPart::Region,
                "the bucket is in another region, or behind another endpoint",
            ),
            (
                "RequestTimeout"
                | "SlowDown"
                | "Throttling"
                | "ThrottlingException"
                | "TooManyRequests"
                | "OperationAborted"
                | "ConditionalRequestConflict",
                _,
            ) => StorageError::Busy { what, detail },
            ("RequestTimeTooSkewed", _) => setting(
                SettingPart::Credentials,
                "the clocks of this machine and the storage differ",
            ),
            (
                "ExpiredToken" | "InvalidToken" | "InvalidAccessKeyId" | "SignatureDoesNotMatch",
                _,
            ) => setting(
                SettingPart::Credentials,
                "the keys are not accepted, check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ),
            (_, Some(401 | 403)) => {
                setting(SettingPart::Credentials, "the keys are wrong, or do not allow this")
            }
            _ => StorageError::Refused { what, detail },
        }
    }
}

fn credentials_error(what: &'static str, error: &CredentialsError, detail: String) -> StorageError {
    match error {
        CredentialsError::ProviderTimedOut(_) => StorageError::Busy { what, detail },
        _ => StorageError::Setting {
            part: SettingPart::Credentials,
            problem: format!(
                "none were found, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or an AWS \
                 profile; {what}: {detail}"
            ),
        },
    }
}

/// The server's message if there is one.
fn describe<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> String {
    let (Some(answer), Some(status)) = (error.as_service_error(), status(error)) else {
        return one_line(error);
    };
    let said = [answer.code(), answer.message()].into_iter().flatten().filter(|s| !s.is_empty());
    let answer = said.fold(format!("status {status}"), |text, said| format!("{text}, {said}"));
    answer.replace(['\r', '\n'], " ")
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The causes of an error, itself first.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error| (*error).source())
}

/// The first cause of this type.
pub(super) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

/// An error with its causes, each named once.
pub(super) fn one_line(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in chain(error).map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text.replace(['\r', '\n'], " ")
}
