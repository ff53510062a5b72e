//! Where a text pauses, by its punctuation: subtitles, sentences and the times of words go by it.

/// Whether a sentence ends with this word. Spaces after it belong to it: `3.5` is not over at its
/// point, which no space follows.
pub fn ends_sentence(word: &str) -> bool {
    let text = word.trim_end();
    let spaced = text.len() < word.len();
    text.ends_with(['。', '！', '？', '…']) || (spaced && text.ends_with(['.', '!', '?']))
}

/// Whether a speaker may well pause after this word, a sentence's end included. `12:30` and `3,000`
/// are not over at their marks.
pub fn ends_phrase(word: &str) -> bool {
    let text = word.trim_end();
    let spaced = text.len() < word.len();
    ends_sentence(word)
        || text.ends_with(['，', '；', '：', '、'])
        || (spaced && text.ends_with([',', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_in_numbers_end_nothing() {
        for (word, sentence, phrase) in [
            ("织。", true, true),
            ("织！ ", true, true),
            ("time. ", true, true),
            ("3.", false, false),
            ("好，", false, true),
            ("time, ", false, true),
            ("3,", false, false),
            ("好", false, false),
        ] {
            assert_eq!((ends_sentence(word), ends_phrase(word)), (sentence, phrase), "{word:?}");
        }
    }
}
