//! Alphabets: which characters a text may have.
//!
//! Whisper's tokens are bytes, not characters: a token may end within a character, and the next may not
//! complete it. Restricted to an alphabet, the decoder cannot write invalid UTF-8, nor change to
//! another script when it is unsure.

use std::ops::RangeInclusive;
use std::sync::Arc;

/// The bytes of a model's text tokens, by id. Special tokens and timestamps follow them.
pub type Tokens = Arc<[Box<[u8]>]>;

/// Characters that a text may have.
pub type Alphabet = &'static [RangeInclusive<u32>];

/// Every character.
pub const ANY: Alphabet = &[0..=0xd7ff, 0xe000..=0x10_ffff];

/// Mandarin, with the Latin letters of names and terms.
///
/// Punctuation is half-width where both widths exist: one token instead of two or three, the last of
/// which the base model often gets wrong (`Ｇ` for `，`). It is for the caller to widen.
pub const MANDARIN: Alphabet = &[
    0x20..=0x7e,
    0xa0..=0x17f,
    // Dashes, quotation marks, the ellipsis.
    0x2013..=0x2014,
    0x2018..=0x201d,
    0x2026..=0x2026,
    // Degrees.
    0x2103..=0x2103,
    // 、 。 〇 and brackets.
    0x3001..=0x3002,
    0x3007..=0x3011,
    // Unified ideographs, the rare ones last.
    0x3400..=0x4dbf,
    0x4e00..=0x9fff,
    0x2_0000..=0x3_23af,
];

/// The bytes at the end of a text that begin a character of UTF-8 without completing it.
pub fn unfinished(text: &[u8]) -> &[u8] {
    let start = text.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(text.len());
    let tail = &text[start..];
    match tail.first() {
        Some(&first) if tail.len() < length(first) => tail,
        _ => &[],
    }
}

/// Whether all characters of `text` are in the alphabet; the last may be unfinished.
pub fn fits(text: &[u8], alphabet: Alphabet) -> bool {
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let needed = length(first);
        let (character, after) = rest.split_at(needed.min(rest.len()));
        if needed == 0 || !character[1..].iter().all(|byte| byte & 0xc0 == 0x80) {
            return false;
        }
        // The range of characters that the missing bytes can complete.
        let missing = 6 * (needed - character.len());
        let bits = character[1..]
            .iter()
            .fold(leading_bits(first), |bits, byte| (bits << 6) | u32::from(byte & 0x3f));
        let (low, high) = (bits << missing, ((bits + 1) << missing) - 1);
        if !alphabet.iter().any(|range| *range.start() <= high && low <= *range.end()) {
            return false;
        }
        rest = after;
    }
    true
}

/// The length of a character by its first byte; 0 if no character begins with it.
fn length(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 0,
    }
}

fn leading_bits(first: u8) -> u32 {
    u32::from(match length(first) {
        2 => first & 0x1f,
        3 => first & 0x0f,
        4 => first & 0x07,
        _ => first,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_characters_are_found() {
        let party = "党".as_bytes();
        assert_eq!(unfinished(&[b"a", &party[..2]].concat()), &party[..2]);
        assert!(unfinished(party).is_empty());
        assert!(unfinished(b"ab").is_empty() && unfinished(b"").is_empty());
    }

    #[test]
    fn characters_outside_the_alphabet_do_not_fit() {
        for good in ["敬爱的党组织,您好!", "GPT-4 与《论语》", "李·明——二〇二四"]
        {
            assert!(fits(good.as_bytes(), MANDARIN), "{good}");
        }
        for bad in ["ありがとう", "Спасибо", "Ｇ", "，", "﹑", "\u{7}"] {
            assert!(!fits(bad.as_bytes(), MANDARIN), "{bad}");
            assert!(fits(bad.as_bytes(), ANY), "{bad}");
        }
    }

    #[test]
    fn parts_of_characters_fit_if_a_completion_does() {
        let party = "党".as_bytes();
        assert!(fits(&party[..1], MANDARIN) && fits(&party[..2], MANDARIN));
        assert!(!fits(&"，".as_bytes()[..2], MANDARIN));
        assert!(!fits(&party[1..], ANY));
        assert!(!fits(&[0xe5, b'a'], ANY));
    }
}
