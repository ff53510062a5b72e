//! Conditional and range requests for a file (RFC 9110, sections 13 and 14).

use std::ops::Range;

use axum::http::{HeaderMap, Method, header};
use headers::{ETag, HeaderMapExt, IfNoneMatch, IfRange};
use http_range_header::parse_range_header;

/// The response to a request for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    /// The whole file: 200.
    Whole,
    /// These bytes of it: 206. Never empty.
    Part(Range<u64>),
    /// Nothing, the client has the file: 304.
    NotModified,
    /// Nothing, the range is outside the file: 416.
    Unsatisfiable,
}

/// Evaluates the conditions and the range of a request for a file of `size` bytes.
///
/// A malformed range is ignored, as the standard requires; so are several ranges at once, which
/// players do not need and which would need a multipart response.
pub(crate) fn select(method: &Method, headers: &HeaderMap, etag: &ETag, size: u64) -> Selection {
    let held = headers.typed_get::<IfNoneMatch>();
    if held.is_some_and(|condition| !condition.precondition_passes(etag)) {
        return Selection::NotModified;
    }
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let Some(asked) = asked.filter(|_| method == Method::GET) else { return Selection::Whole };
    if headers.contains_key(header::IF_RANGE) {
        // A malformed validator matches nothing.
        let condition = headers.typed_get::<IfRange>();
        if condition.is_none_or(|condition| condition.is_modified(Some(etag), None)) {
            return Selection::Whole;
        }
    }
    let Ok(parsed) = parse_range_header(asked) else { return Selection::Whole };
    if parsed.len() > 1 {
        return Selection::Whole;
    }
    match parsed.validate(size).as_deref() {
        Ok([range]) if !range.is_empty() && *range.start() < size => {
            Selection::Part(*range.start()..range.end().saturating_add(1).min(size))
        }
        _ => Selection::Unsatisfiable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn select_with(pairs: &[(header::HeaderName, &'static str)]) -> Selection {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(name, HeaderValue::from_static(value));
        }
        select(&Method::GET, &headers, &"\"abc\"".parse().unwrap(), 10)
    }

    #[test]
    fn single_ranges() {
        let range = |text| select_with(&[(header::RANGE, text)]);
        assert_eq!(range("bytes=0-3"), Selection::Part(0..4));
        assert_eq!(range("bytes=4-"), Selection::Part(4..10));
        assert_eq!(range("bytes=-3"), Selection::Part(7..10));
        assert_eq!(range("bytes=-30"), Selection::Part(0..10));
        assert_eq!(range("bytes=8-99"), Selection::Part(8..10));
        for outside in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(range(outside), Selection::Unsatisfiable, "{outside}");
        }
        for ignored in ["bytes=3-1", "lines=1-2", "bytes=a-b", "bytes=0-1,3-4"] {
            assert_eq!(range(ignored), Selection::Whole, "{ignored}");
        }
    }

    #[test]
    fn conditions() {
        let range = (header::RANGE, "bytes=0-3");
        let part = Selection::Part(0..4);
        let if_range = |tag| select_with(&[range.clone(), (header::IF_RANGE, tag)]);
        assert_eq!(if_range("\"abc\""), part);
        for other in ["\"xyz\"", "W/\"abc\"", "Sat, 29 Oct 1994 19:43:31 GMT", "nonsense"] {
            assert_eq!(if_range(other), Selection::Whole, "{other}");
        }
        let held = |tag| select_with(&[(header::IF_NONE_MATCH, tag)]);
        assert_eq!(held("\"abc\""), Selection::NotModified);
        assert_eq!(held("\"xyz\""), Selection::Whole);
    }
}
