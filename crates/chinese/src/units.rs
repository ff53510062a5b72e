//! Splits a text into what can be timed: Chinese characters one by one, and words or numbers of other letters.

/// The units of a text in order, each with the punctuation and spaces after it; the first also has those before
/// it. Joined, they are the text. A text without any letter or digit has none.
pub fn units(text: &str) -> Vec<&str> {
    let mut starts = Vec::new();
    let mut joins = false;
    for (at, c) in text.char_indices() {
        if !c.is_alphanumeric() {
            joins = false;
            continue;
        }
        let alone = is_syllable(c);
        if alone || !joins {
            starts.push(at);
        }
        joins = !alone;
    }
    if let Some(first) = starts.first_mut() {
        *first = 0;
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| &text[*start..end]).collect()
}

/// A unit without punctuation and in small letters: what it is compared by.
pub fn letters(unit: &str) -> String {
    unit.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a letter is a syllable by itself: Chinese characters and kana.
pub const fn is_syllable(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_numbers_and_words_are_units_with_their_punctuation() {
        let text = "《学习》，2024 WiFi 好。";
        assert_eq!(units(text), ["《学", "习》，", "2024 ", "WiFi ", "好。"]);
        assert_eq!(units(text).concat(), text);
        assert_eq!(units("第3批"), ["第", "3", "批"]);
        assert!(units("……").is_empty() && units("").is_empty());
    }
}
