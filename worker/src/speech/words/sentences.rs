//! Splits segments into sentences: an engine's segments are too long to navigate or correct.

use chinese_text::punctuation::ends_sentence;
use huibao_models::domain::transcript::{Segment, Word};

/// Shorter sentences stay with the next, in milliseconds.
const SHORTEST_MS: u64 = 2500;

/// The sentences of a segment, each with its flags.
pub fn sentences(segment: Segment) -> Vec<Segment> {
    let parts = cut(&segment.words);
    if parts.len() < 2 {
        return vec![segment];
    }
    let Some(raws) = cut_raw(&segment, &parts) else { return vec![segment] };
    let made = parts.iter().zip(raws).map(|(words, raw_text)| Segment {
        id: 0,
        start_ms: words.first().map_or(segment.start_ms, |word| word.start_ms),
        end_ms: words.last().map_or(segment.end_ms, |word| word.end_ms),
        text: text(words).trim().to_owned(),
        raw_text,
        confidence: segment.confidence.map(|_| mean(words)),
        words: words.to_vec(),
        flags: segment.flags.clone(),
    });
    made.collect()
}

fn cut(words: &[Word]) -> Vec<&[Word]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (i, word) in words.iter().enumerate() {
        let long = word.end_ms - words[from].start_ms >= SHORTEST_MS;
        if ends_sentence(&word.text) && long {
            parts.push(&words[from..=i]);
            from = i + 1;
        }
    }
    if from < words.len() {
        parts.push(&words[from..]);
    }
    parts
}

/// The raw text, split after as many letters; `None` if it has another number of letters than the
/// readable text.
fn cut_raw(segment: &Segment, parts: &[&[Word]]) -> Option<Vec<String>> {
    let count = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    if count(&segment.raw_text) != count(&segment.text) {
        return None;
    }
    let mut rest = segment.raw_text.as_str();
    let mut raws = Vec::new();
    for (i, words) in parts.iter().enumerate() {
        let letters = count(&text(words));
        // Punctuation before the next part's first letter belongs to this part.
        let next = rest.char_indices().filter(|(_, c)| c.is_alphanumeric()).nth(letters);
        let end =
            if i + 1 == parts.len() { rest.len() } else { next.map_or(rest.len(), |(at, _)| at) };
        let (raw, later) = rest.split_at(end);
        raws.push(raw.to_owned());
        rest = later;
    }
    Some(raws)
}

fn text(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect()
}

fn mean(words: &[Word]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "a number of words")]
    let count = words.len().max(1) as f32;
    words.iter().map(|word| word.confidence).sum::<f32>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(raw_text: &str, words: &[(&str, u64)]) -> Segment {
        let word = |(text, start_ms): &(&str, u64)| Word {
            start_ms: *start_ms,
            end_ms: start_ms + 1000,
            text: (*text).into(),
            confidence: 0.5,
            heard: None,
            scores: None,
        };
        let words: Vec<Word> = words.iter().map(word).collect();
        Segment {
            id: 0,
            start_ms: 0,
            end_ms: 9000,
            text: text(&words),
            raw_text: raw_text.into(),
            confidence: Some(0.9),
            words,
            flags: Vec::new(),
        }
    }

    #[test]
    fn sentences_become_segments_with_their_raw_text() {
        let words =
            [("好。", 0), ("敬爱的党", 2000), ("您好。", 3000), ("我", 5000), ("是。", 6000)];
        let made = sentences(segment("好.敬愛的黨您好. 我是.", &words));
        let seen: Vec<_> =
            made.iter().map(|s| (s.start_ms, s.end_ms, &*s.text, &*s.raw_text)).collect();
        assert_eq!(
            seen,
            [(0, 4000, "好。敬爱的党您好。", "好.敬愛的黨您好. "), (5000, 7000, "我是。", "我是.")]
        );
        assert_eq!(made[1].words.len(), 2);
    }

    #[test]
    fn a_decimal_point_does_not_end_a_sentence() {
        assert_eq!(
            sentences(segment("约3.5公里", &[("约", 0), ("3.", 3000), ("5", 6000)])).len(),
            1
        );
    }

    #[test]
    fn a_segment_whose_raw_text_differs_stays_whole() {
        let words = [("好好好。", 0), ("大家好。", 4000)];
        assert_eq!(sentences(segment("something else", &words)).len(), 1);
    }
}
