//! Which part of the storage's setting is wrong.

use std::fmt;

/// A part of the storage's URL, or of what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingPart {
    /// The whole URL, which is invalid.
    Url,
    /// `file` or `s3`.
    Scheme,
    /// The folder of a `file` URL.
    Path,
    /// The bucket: its name, or that there is none of this name.
    Bucket,
    /// The prefix of every key.
    Prefix,
    /// An unknown query parameter.
    Query,
    /// `endpoint`: the server's address.
    Endpoint,
    /// `region`.
    Region,
    /// `path_style`.
    PathStyle,
    /// `timeout`, in seconds for one attempt.
    Timeout,
    /// Access key, secret key and their permissions.
    Credentials,
}

impl fmt::Display for SettingPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => "URL",
            Self::Scheme => "scheme",
            Self::Path => "path",
            Self::Bucket => "bucket",
            Self::Prefix => "prefix",
            Self::Query => "parameter",
            Self::Endpoint => "endpoint",
            Self::Region => "region",
            Self::PathStyle => "path_style",
            Self::Timeout => "timeout",
            Self::Credentials => "credentials",
        })
    }
}
