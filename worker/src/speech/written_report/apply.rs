//! Writes the words of the written report into the segments of a window.

use huibao_models::domain::transcript::{Segment, SoundScores, Word};

use super::{Findings, Replacement};

/// Replaces words. Returns for each word of each segment whether the written report has settled it.
pub fn apply(findings: &Findings, segments: &mut [Segment]) -> Vec<Vec<bool>> {
    let mut settled = Vec::with_capacity(segments.len());
    // The index of the segment's first unit in the window: units are words, as long as nothing is replaced.
    let mut first = 0;
    for segment in segments {
        let count = segment.words.len();
        let confirmed =
            (first..first + count).map(|unit| findings.confirmed.get(unit) == Some(&true));
        let mut of_segment: Vec<bool> = confirmed.collect();
        let inside = |replacement: &&Replacement| {
            first <= replacement.heard.start && replacement.heard.end <= first + count
        };
        // From the end: what is replaced may have another number of words.
        for replacement in findings.replacements.iter().filter(inside).rev() {
            let words = replacement.heard.start - first..replacement.heard.end - first;
            let new = replaced(&segment.words[words.clone()], replacement);
            of_segment.splice(words.clone(), new.iter().map(|_| true));
            segment.words.splice(words, new);
        }
        if findings.replacements.iter().any(|replacement| inside(&replacement)) {
            let text: String = segment.words.iter().map(|word| word.text.as_str()).collect();
            text.trim().clone_into(&mut segment.text);
        }
        settled.push(of_segment);
        first += count;
    }
    settled
}

/// The words in place of others: one for one, or one that has all units if their number differs.
fn replaced(words: &[Word], replacement: &Replacement) -> Vec<Word> {
    let scores = replacement.scores.map(|(heard, written)| SoundScores { heard, written });
    if words.len() == replacement.written.len() {
        let one = |(word, written): (&Word, &String)| {
            let (before, letters, after) = around(&word.text);
            if letters == written {
                return word.clone();
            }
            let heard = Some(word.heard.clone().unwrap_or_else(|| word.text.clone()));
            Word { text: format!("{before}{written}{after}"), heard, scores, ..word.clone() }
        };
        return words.iter().zip(&replacement.written).map(one).collect();
    }
    let (Some(first), Some(last)) = (words.first(), words.last()) else { return Vec::new() };
    let (before, after) = (around(&first.text).0, around(&last.text).2);
    #[expect(clippy::cast_precision_loss, reason = "a few words")]
    let count = words.len() as f32;
    vec![Word {
        start_ms: first.start_ms,
        end_ms: last.end_ms,
        text: format!("{before}{}{after}", replacement.written.concat()),
        confidence: words.iter().map(|word| word.confidence).sum::<f32>() / count,
        heard: Some(words.iter().map(|word| word.text.as_str()).collect()),
        scores,
    }]
}

/// What stands before the letters of a word, the letters, and what stands after them.
fn around(text: &str) -> (&str, &str, &str) {
    let rest = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let letters = rest.trim_end_matches(|c: char| !c.is_alphanumeric());
    (&text[..text.len() - rest.len()], letters, &rest[letters.len()..])
}
