//! `s3://bucket/prefix?endpoint=…&region=…&path_style=…&timeout=…`: which bucket, and how to reach it.

use std::fmt;
use std::time::Duration;

use url::{Host, Url};

use crate::storage::error::StorageError;
use crate::storage::setting::SettingPart;

/// How long one attempt at a request may take, unless the URL says otherwise. A part of
/// 8 MiB passes in this time at about one megabit per second.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The longest time that may be set for one attempt.
const MAX_TIMEOUT_SECONDS: u64 = 3600;

/// A bucket and the way to it. Holds no secrets: credentials come from the environment.
///
/// `endpoint` is the address of an own server; `region` is the bucket's (with an endpoint
/// `us-east-1`, else what AWS settings say); `path_style` puts the bucket into the path instead of
/// the host name (true with an endpoint); `timeout` is in seconds, for one attempt at a request (60).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Location {
    pub(super) bucket: String,
    /// Put before every key: empty, or ends with a slash.
    pub(super) prefix: String,
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) path_style: bool,
    pub(super) timeout: Duration,
}

impl S3Location {
    /// Reads a URL. The error says which part of it is wrong, and what is expected.
    pub fn parse(url: &Url) -> Result<Self, StorageError> {
        if url.scheme() != "s3" {
            return Err(wrong(SettingPart::Scheme, "expected s3://bucket?endpoint=…"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let advice = "leave them out of the URL and set AWS_ACCESS_KEY_ID and \
                          AWS_SECRET_ACCESS_KEY, or an AWS profile";
            return Err(wrong(SettingPart::Credentials, advice));
        }
        let mut location = Self {
            bucket: bucket(url)?,
            prefix: prefix(url.path())?,
            endpoint: None,
            region: None,
            path_style: false,
            timeout: TIMEOUT,
        };
        let mut path_style = None;
        for (name, value) in url.query_pairs() {
            match &*name {
                "endpoint" => location.endpoint = Some(endpoint(&value)?),
                "region" => location.region = Some(region(&value)?),
                "path_style" => path_style = Some(flag(&value)?),
                "timeout" => location.timeout = timeout(&value)?,
                other => {
                    let known = "known are endpoint, region, path_style and timeout";
                    return Err(wrong(SettingPart::Query, format!("{other:?}: {known}")));
                }
            }
        }
        // Own servers seldom have a host name for each bucket.
        location.path_style = path_style.unwrap_or(location.endpoint.is_some());
        Ok(location)
    }
}

impl fmt::Display for S3Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)?;
        match &self.endpoint {
            Some(endpoint) => write!(f, " at {endpoint}"),
            None => Ok(()),
        }
    }
}

fn wrong(part: SettingPart, problem: impl Into<String>) -> StorageError {
    StorageError::Setting { part, problem: problem.into() }
}

/// Bucket names are DNS labels: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>.
fn bucket(url: &Url) -> Result<String, StorageError> {
    let name = match url.host() {
        Some(Host::Domain(name)) if url.port().is_none() => name,
        _ => "",
    };
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if !(3..=63).contains(&name.len()) || !name.chars().all(good) {
        let rule = "expected 3 to 63 lowercase letters, digits, hyphens or dots after s3://; \
                    the server's address belongs into endpoint=";
        return Err(wrong(SettingPart::Bucket, rule));
    }
    Ok(name.to_owned())
}

fn prefix(path: &str) -> Result<String, StorageError> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Ok(String::new());
    }
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let tame = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(good);
    if !path.split('/').all(tame) {
        let rule = "expected letters, digits, hyphens, underscores and dots between slashes";
        return Err(wrong(SettingPart::Prefix, rule));
    }
    Ok(format!("{path}/"))
}

fn endpoint(value: &str) -> Result<String, StorageError> {
    let good = Url::parse(value).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.query().is_none()
    });
    if !good {
        return Err(wrong(SettingPart::Endpoint, "expected http://host:port or https://host"));
    }
    Ok(value.trim_end_matches('/').to_owned())
}

fn region(value: &str) -> Result<String, StorageError> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if value.is_empty() || !value.chars().all(good) {
        return Err(wrong(SettingPart::Region, "expected a name such as us-east-1"));
    }
    Ok(value.to_owned())
}

fn flag(value: &str) -> Result<bool, StorageError> {
    value.parse().map_err(|_| wrong(SettingPart::PathStyle, "expected true or false"))
}

fn timeout(value: &str) -> Result<Duration, StorageError> {
    match value.parse() {
        Ok(seconds @ 1..=MAX_TIMEOUT_SECONDS) => Ok(Duration::from_secs(seconds)),
        _ => Err(wrong(SettingPart::Timeout, "expected 1 to 3600 seconds")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<S3Location, StorageError> {
        S3Location::parse(&Url::parse(url).unwrap())
    }

    #[test]
    fn an_endpoint_means_path_style_unless_the_url_says_otherwise() {
        let own = parse("s3://huibao?endpoint=http://127.0.0.1:8333&region=us-east-1").unwrap();
        assert_eq!(own.bucket, "huibao");
        assert_eq!(own.prefix, "");
        assert_eq!(own.endpoint.as_deref(), Some("http://127.0.0.1:8333"));
        assert_eq!(own.region.as_deref(), Some("us-east-1"));
        assert!(own.path_style);
        assert!(!parse("s3://huibao").unwrap().path_style);
        assert!(!parse("s3://huibao?endpoint=https://a.b&path_style=false").unwrap().path_style);
    }

    #[test]
    fn a_path_is_a_prefix() {
        assert_eq!(parse("s3://huibao/branch-7/files/").unwrap().prefix, "branch-7/files/");
        assert_eq!(parse("s3://huibao/").unwrap().prefix, "");
    }

    #[test]
    fn errors_name_the_part_and_never_the_secret() {
        for (url, part) in [
            ("s3://key:secret@huibao", SettingPart::Credentials),
            ("s3://Huibao", SettingPart::Bucket),
            ("s3:///prefix", SettingPart::Bucket),
            ("s3://127.0.0.1:8333/huibao", SettingPart::Bucket),
            ("s3://huibao/a//b", SettingPart::Prefix),
            ("s3://huibao/a b", SettingPart::Prefix),
            ("s3://huibao?endpoint=localhost:8333", SettingPart::Endpoint),
            ("s3://huibao?region=", SettingPart::Region),
            ("s3://huibao?path_style=yes", SettingPart::PathStyle),
            ("s3://huibao?timeout=0", SettingPart::Timeout),
            ("s3://huibao?endpiont=http://a", SettingPart::Query),
        ] {
            let error = parse(url).unwrap_err();
            assert!(
                matches!(&error, StorageError::Setting { part: found, .. } if *found == part),
                "{url}: {error}"
            );
            assert!(!error.to_string().contains("secret@"), "{error}");
        }
    }
}
