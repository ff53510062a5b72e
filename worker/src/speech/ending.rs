//! The end of a transcript. Recognisers expect more where a recording stops, and leave the last sentence
//! without punctuation or with a comma.

use huibao_models::domain::transcript::Segment;

/// Punctuation within sentences.
const WITHIN: [char; 4] = ['，', '、', '；', '：'];

/// Adds a full stop to the last text of a Mandarin transcript if it ends with a word or a comma. `raw_text`
/// stays.
pub fn finish(segments: &mut [Segment]) {
    let Some(last) = segments.iter_mut().rfind(|segment| !segment.text.is_empty()) else { return };
    let Some(word) = last.words.last_mut() else { return };
    let text = last.text.trim_end_matches(WITHIN);
    if text.ends_with(char::is_alphanumeric) {
        last.text = format!("{text}。");
        word.text = format!("{}。", word.text.trim_end_matches(WITHIN));
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::tests::segment_of;
    use super::*;

    #[test]
    fn the_last_text_ends_with_a_full_stop() {
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
