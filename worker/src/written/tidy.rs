//! The common form of every text: NFC, a paragraph a line, nothing invisible.

use unicode_normalization::UnicodeNormalization;

/// Brings a text into the common form.
pub fn tidy(raw: &str) -> String {
    // CR LF becomes two breaks; the empty line between them is dropped below.
    let clean: String = raw.chars().filter_map(clean).nfc().collect();
    clean
        .split('\n')
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn clean(c: char) -> Option<char> {
    match c {
        '\t' | '\n' => Some(c),
        '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        // Byte order marks from joined files, soft hyphens, and marks that turn the direction of
        // reading: a reviewer has to see the words in the order in which they are stored.
        '\u{feff}' | '\u{ad}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            None
        }
        _ if c.is_control() => None,
        _ => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_marks_are_made_uniform() {
        assert_eq!(tidy("\u{feff}一\r\n\r\n二 \r三\u{7}\u{c}e\u{301}\t五\n"), "一\n二\n三\né\t五");
        assert_eq!(tidy(" \n\t\n"), "");
    }
}
