//! The headers of tus.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use huibao_models::domain::upload::Upload;
use uuid::Uuid;

use crate::request_error::RequestError;

/// The version that is spoken.
pub(crate) const VERSION: &str = "1.0.0";

/// What is offered beyond the core.
pub(crate) const EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,checksum,\
                                     termination,expiration,concatenation";

/// Where uploads are.
pub(crate) const FOLDER: &str = "/api/v1/uploads/";

/// The type of a body that is appended.
const OFFSET_TYPE: &str = "application/offset+octet-stream";

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const CONCAT: HeaderName = HeaderName::from_static("upload-concat");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// How an upload gets its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Concat {
    /// They are sent to it.
    None,
    /// They are sent to it, and it becomes part of another one.
    Part,
    /// It is put together from these.
    Final(Vec<Uuid>),
}

/// Metadata that clients send when they make an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) report_id: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) filename: Option<String>,
}

/// Whether the client speaks this version.
pub(crate) fn check_version(headers: &HeaderMap) -> Result<(), RequestError> {
    match headers.get(RESUMABLE) {
        Some(version) if version == VERSION => Ok(()),
        _ => Err(RequestError::UnsupportedTusVersion),
    }
}

/// Whether a body is one to be appended.
pub(crate) fn has_bytes(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == OFFSET_TYPE)
}

/// The offset at which the body is to be appended.
pub(crate) fn offset(headers: &HeaderMap) -> Result<u64, RequestError> {
    number(headers, &OFFSET)?.ok_or(RequestError::BadRequest)
}

/// How long the file will be; `None` if that is not known yet.
pub(crate) fn length(headers: &HeaderMap) -> Result<Option<u64>, RequestError> {
    let deferred = match headers.get(DEFER_LENGTH) {
        None => false,
        Some(value) if value == "1" => true,
        Some(_) => return Err(RequestError::BadRequest),
    };
    match (number(headers, &LENGTH)?, deferred) {
        (Some(length), false) => Ok(Some(length)),
        (None, true) => Ok(None),
        _ => Err(RequestError::BadRequest),
    }
}

/// The length that a later request tells, if it does.
pub(crate) fn late_length(headers: &HeaderMap) -> Result<Option<u64>, RequestError> {
    number(headers, &LENGTH)
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, RequestError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok());
    // SQL has no larger integers.
    let number = number.filter(|number| i64::try_from(*number).is_ok());
    number.map(Some).ok_or(RequestError::BadRequest)
}

/// How the upload gets its bytes.
pub(crate) fn concat(headers: &HeaderMap) -> Result<Concat, RequestError> {
    let Some(value) = headers.get(CONCAT) else { return Ok(Concat::None) };
    let text = value.to_str().map_err(|_| RequestError::BadRequest)?;
    match text.split_once(';') {
        None if text == "partial" => Ok(Concat::Part),
        Some(("final", urls)) => {
            let ids = urls.split(' ').filter(|url| !url.is_empty()).map(id_of_url);
            let ids: Option<Vec<_>> = ids.collect();
            let ids = ids.filter(|ids| !ids.is_empty()).ok_or(RequestError::BadRequest)?;
            Ok(Concat::Final(ids))
        }
        _ => Err(RequestError::BadRequest),
    }
}

/// The id in the URL of an upload, absolute or not.
fn id_of_url(url: &str) -> Option<Uuid> {
    let (_, id) = url.rsplit_once(FOLDER)?;
    id.parse().ok()
}

/// The metadata that Huibao makes use of; other keys are ignored.
pub(crate) fn metadata(headers: &HeaderMap) -> Result<Metadata, RequestError> {
    let mut metadata = Metadata::default();
    let Some(value) = headers.get(METADATA) else { return Ok(metadata) };
    let text = value.to_str().map_err(|_| RequestError::BadRequest)?;
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, encoded) = pair.split_once(' ').unwrap_or((pair, ""));
        let slot = match key {
            "report_id" => &mut metadata.report_id,
            "role" => &mut metadata.role,
            "filename" => &mut metadata.filename,
            _ => continue,
        };
        let bytes = STANDARD.decode(encoded.trim()).map_err(|_| RequestError::BadRequest)?;
        *slot = Some(String::from_utf8(bytes).map_err(|_| RequestError::BadRequest)?);
    }
    Ok(metadata)
}

/// Says of an upload where it stands.
pub(crate) fn describe(response: &mut Response, upload: &Upload, offset: u64) {
    let headers = response.headers_mut();
    headers.insert(OFFSET, HeaderValue::from(offset));
    expires(headers, upload);
}

/// Says everything of an upload that `HEAD` tells.
pub(crate) fn describe_wholly(response: &mut Response, upload: &Upload, offset: u64) {
    describe(response, upload, offset);
    let headers = response.headers_mut();
    match upload.length {
        Some(length) => headers.insert(LENGTH, HeaderValue::from(length)),
        None => headers.insert(DEFER_LENGTH, HeaderValue::from_static("1")),
    };
    if let Some(concat) = written_concat(upload) {
        headers.insert(CONCAT, concat);
    }
    let filename = format!("filename {}", STANDARD.encode(&upload.filename));
    if let Ok(filename) = HeaderValue::try_from(filename) {
        headers.insert(METADATA, filename);
    }
}

fn written_concat(upload: &Upload) -> Option<HeaderValue> {
    use huibao_models::domain::upload::Purpose;
    match (&upload.parts, upload.purpose) {
        (Some(parts), _) => {
            let urls: Vec<_> = parts.iter().map(|id| format!("{FOLDER}{id}")).collect();
            HeaderValue::try_from(format!("final;{}", urls.join(" "))).ok()
        }
        (None, Purpose::Part) => Some(HeaderValue::from_static("partial")),
        (None, Purpose::File { .. }) => None,
    }
}

/// Says until when an unfinished upload is kept.
fn expires(headers: &mut HeaderMap, upload: &Upload) {
    let until: DateTime<Utc> = upload.expires_at();
    // What RFC 9110 calls an IMF-fixdate.
    let date = until.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date)
        && !upload.is_finished()
    {
        headers.insert(EXPIRES, date);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_length_is_told_or_put_off() {
        let length = |pairs: &[(&'static str, &str)]| length(&headers(pairs));
        assert_eq!(length(&[("upload-length", "12")]), Ok(Some(12)));
        assert_eq!(length(&[("upload-defer-length", "1")]), Ok(None));
        for bad in [
            &[][..],
            &[("upload-length", "-1")],
            &[("upload-length", "+1")],
            &[("upload-length", "9223372036854775808")],
            &[("upload-length", "1"), ("upload-defer-length", "1")],
            &[("upload-defer-length", "2")],
        ] {
            assert_eq!(length(bad), Err(RequestError::BadRequest), "{bad:?}");
        }
    }

    #[test]
    fn metadata_is_base64_of_any_text() {
        let value = "filename 5b2V5YOPLk1PVg==, role dmlkZW8=,relativePath,is_confidential";
        let read = metadata(&headers(&[("upload-metadata", value)])).unwrap();
        assert_eq!(read.filename.as_deref(), Some("录像.MOV"));
        assert_eq!((read.role.as_deref(), read.report_id), (Some("video"), None));
        for bad in ["filename ?", "role /w=="] {
            let bad = headers(&[("upload-metadata", bad)]);
            assert_eq!(metadata(&bad), Err(RequestError::BadRequest));
        }
    }

    #[test]
    fn parts_are_named_by_their_urls() {
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        let value = format!("final;{FOLDER}{one} https://huibao.example.org{FOLDER}{other}");
        let read = concat(&headers(&[("upload-concat", &value)]));
        assert_eq!(read, Ok(Concat::Final(vec![one, other])));
        assert_eq!(concat(&headers(&[("upload-concat", "partial")])), Ok(Concat::Part));
        assert_eq!(concat(&headers(&[])), Ok(Concat::None));
        for bad in ["final", "final;", "final;/elsewhere/1", "whole"] {
            let bad = headers(&[("upload-concat", bad)]);
            assert_eq!(concat(&bad), Err(RequestError::BadRequest));
        }
    }
}
