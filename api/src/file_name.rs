//! File names of users, made safe to store and to send back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const MAX_CHARS: usize = 200;

/// What `attr-char` of RFC 5987 allows besides letters and digits.
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The last component of a Unix or Windows path, without control characters, truncated to 200
/// characters with its extension kept. `fallback` if nothing is left.
pub(crate) fn sanitize(given: &str, fallback: &str) -> String {
    let base = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = without_controls(base);
    let clean = clean.trim();
    if matches!(clean, "" | "." | "..") {
        return fallback.to_owned();
    }
    let tail: String = extension(clean).chars().take(10).collect();
    let excess = clean.chars().count() > MAX_CHARS;
    if !excess {
        return clean.to_owned();
    }
    let keep = MAX_CHARS - tail.chars().count() - 1;
    let head: String = clean.chars().take(keep).collect();
    if tail.is_empty() { head } else { format!("{head}.{tail}") }
}

/// Text without control characters and bidirectional overrides.
pub(crate) fn without_controls(text: &str) -> String {
    let hidden =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|&c| !hidden(c)).collect()
}

/// What follows the last dot, or nothing.
pub(crate) fn extension(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// How a browser treats a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// Shown in the page. Only for files that Huibao made.
    Inline,
    /// Saved. A user's file must not be opened as a page of this origin.
    Attachment,
}

/// A `Content-Disposition` with the name in UTF-8 (RFC 6266, RFC 5987).
pub(crate) fn content_disposition(disposition: Disposition, name: &str) -> String {
    let kind = match disposition {
        Disposition::Inline => "inline",
        Disposition::Attachment => "attachment",
    };
    format!("{kind}; filename*=UTF-8''{}", utf8_percent_encode(name, NOT_ATTR_CHAR))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_reduced_to_a_safe_base_name() {
        assert_eq!(sanitize("C:\\fakepath\\汇报.mp4", "video"), "汇报.mp4");
        assert_eq!(sanitize("../../etc/pass\nwd", "video"), "passwd");
        assert_eq!(sanitize("\u{202e}gpj.exe", "video"), "gpj.exe");
        for empty in ["", "/", "..", " ", "\u{7}"] {
            assert_eq!(sanitize(empty, "video"), "video");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = sanitize(&format!("{}.mp4", "汇".repeat(300)), "video");
        assert_eq!(name.chars().count(), 200);
        assert!(name.ends_with("汇.mp4"));
    }

    #[test]
    fn a_name_cannot_leave_its_header() {
        let made = content_disposition(Disposition::Attachment, "a\"; x=é.mp4");
        assert_eq!(made, "attachment; filename*=UTF-8''a%22%3B%20x%3D%C3%A9.mp4");
    }
}
