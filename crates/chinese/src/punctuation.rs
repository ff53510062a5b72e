//! Whether a sentence or phrase ends at a word, by the punctuation attached to it.

/// Whether a sentence ends with this word. The word includes the spaces after it: a full stop counts
/// only before a space, so that `3.5` is not split.
pub fn ends_sentence(word: &str) -> bool {
    let text = word.trim_end();
    let spaced = text.len() < word.len();
    text.ends_with(['。', '！', '？', '…']) || (spaced && text.ends_with(['.', '!', '?']))
}

/// Whether a phrase or sentence ends with this word, so that a speaker may pause. Marks within
/// `12:30` and `3,000` do not count.
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
    fn marks_within_numbers_do_not_count() {
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
