//! What can be wrong with a file, told apart by what its owner can do.

use std::io;

use ffmpeg_next as ffmpeg;
use huibao_models::domain::failure::{Failure, FailureCode};

/// Why media could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The bytes are no media file.
    #[error("not a media file: {0}")]
    NotMedia(String),
    /// No picture.
    #[error("there is no video track")]
    NoVideo,
    /// No sound, or a sound track without samples.
    #[error("there is no audio track with sound in it")]
    NoAudio,
    /// The file ends too early.
    #[error("the file is cut off: {0}")]
    Truncated(String),
    /// Longer than the limit.
    #[error("longer than {limit_ms} ms")]
    TooLong {
        /// The limit in milliseconds.
        limit_ms: u64,
    },
    /// A larger picture than the limit.
    #[error("a picture of {width} x {height} is larger than {limit} pixels")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The limit in pixels.
        limit: u64,
    },
    /// No decoder, or none of the track could be decoded.
    #[error("cannot decode {0}")]
    UnsupportedCodec(String),
    /// This build of ffmpeg lacks something.
    #[error("ffmpeg has no {0}")]
    Missing(&'static str),
    /// ffmpeg failed in a way that is not the file's fault.
    #[error("{what}: {source}")]
    Ffmpeg {
        /// What was being done.
        what: &'static str,
        /// The cause.
        source: ffmpeg::Error,
    },
    /// An output could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl MediaError {
    /// An ffmpeg error while doing `what`.
    pub(super) fn during(what: &'static str) -> impl Fn(ffmpeg::Error) -> Self {
        move |source| Self::Ffmpeg { what, source }
    }
}

impl From<hound::Error> for MediaError {
    fn from(error: hound::Error) -> Self {
        match error {
            hound::Error::IoError(error) => Self::Io(error),
            other => Self::Io(io::Error::other(other)),
        }
    }
}

impl From<MediaError> for Failure {
    fn from(error: MediaError) -> Self {
        let code = match &error {
            MediaError::NotMedia(_) => FailureCode::NotMedia,
            MediaError::NoVideo => FailureCode::NoVideoTrack,
            MediaError::NoAudio => FailureCode::NoAudioTrack,
            MediaError::Truncated(_) => FailureCode::Truncated,
            MediaError::TooLong { .. } => FailureCode::TooLong,
            MediaError::TooLarge { .. } => FailureCode::TooLarge,
            MediaError::UnsupportedCodec(_) => FailureCode::UnsupportedCodec,
            MediaError::Missing(_) => FailureCode::EncoderMissing,
            MediaError::Ffmpeg { source: ffmpeg::Error::Other { errno }, .. } => {
                Self::from(io::Error::from_raw_os_error(*errno)).code
            }
            MediaError::Ffmpeg { .. } => FailureCode::Internal,
            MediaError::Io(error) => Self::from(io::Error::from(error.kind())).code,
        };
        Self::new(code, error)
    }
}
