//! How a transcript ends. A recogniser expects more where a recording stops, and leaves its last sentence
//! without a mark or with a comma.

use huibao_models::domain::transcript::Segment;

/// Marks within a sentence.
const WITHIN: [char; 4] = ['，', '、', '；', '：'];

/// Ends the last text of the last window, in Mandarin, with a full stop if it ends with a word or within a
/// sentence. What the engine wrote stays in `raw_text`.
pub fn finish(segments: &mut [Segment]) {
    let Some(last) = segments.iter_mut().rfind(|segment| !segment.text.is_empty()) else { return };
    let Some(word) = last.words.last_mut() else { return };
    let said = last.text.trim_end_matches(WITHIN);
    if said.ends_with(char::is_alphanumeric) {
        last.text = format!("{said}。");
        word.text = format!("{}。", word.text.trim_end_matches(WITHIN));
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::tests::segment_of;
    use super::*;

    #[test]
    fn the_last_text_ends_as_a_sentence_does() {
        for (text, ended) in [
            ("汇报人李小明", "汇报人李小明。"),
            ("请批评指正，", "请批评指正。"),
            ("我学了AI", "我学了AI。"),
            ("谢谢！", "谢谢！"),
            ("《党章》", "《党章》"),
            ("，", "，"),
        ] {
            let mut segments = [segment_of("首先，"), segment_of(text), segment_of("")];
            finish(&mut segments);
            let words: String = segments[1].words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!((&*segments[0].text, &*segments[1].text), ("首先，", ended));
            assert!(words == ended || segments[1].words.is_empty(), "{words}");
            assert_eq!(segments[1].raw_text, text);
        }
        finish(&mut []);
    }
}
