//! Words with times.
//!
//! Engines tell only roughly when a segment begins and ends. The audio tells more: speech pauses between
//! phrases, and Mandarin has one syllable per character, of similar durations. So the text of a window
//! is [aligned](align) with its [voiced intervals](voice) such that pauses fall between words, preferably
//! after punctuation, and each interval gets as much text as it is long.

mod align;
mod sentences;
mod units;
mod voice;

use huibao_models::domain::transcript::{Segment, SpeechRegion, Word};

use self::align::{Text, align};
use self::sentences::sentences;
use self::units::{Unit, units};
use self::voice::Voice;
use super::audio::Audio;

/// A segment whose words have no times yet.
pub struct Untimed {
    /// The segment; its words are empty.
    pub segment: Segment,
    /// The probability of each character of the raw text, or empty.
    pub char_confidences: Vec<f32>,
}

/// Splits the segments of a window into words with times, and into sentences. `speech` are the window's
/// speech regions.
pub fn time(untimed: Vec<Untimed>, speech: &[SpeechRegion], audio: &Audio) -> Vec<Segment> {
    let voice = Voice::of(audio, speech);
    let texts: Vec<Vec<Unit>> =
        untimed.iter().map(|one| units(&one.segment, &one.char_confidences)).collect();
    let mut text = Text::default();
    for (one, units) in untimed.iter().zip(&texts) {
        text.add(units, one.segment.start_ms, one.segment.end_ms);
    }
    let mut times = align(&text, &voice).into_iter();
    let with_words = untimed.into_iter().zip(texts).map(|(one, units)| {
        let words: Vec<Word> = units
            .into_iter()
            .zip(&mut times)
            .map(|(unit, (start_ms, end_ms))| Word {
                start_ms,
                end_ms,
                text: unit.text,
                confidence: unit.confidence,
                heard: None,
                scores: None,
            })
            .collect();
        let mut segment = one.segment;
        if let (Some(first), Some(last)) = (words.first(), words.last()) {
            (segment.start_ms, segment.end_ms) = (first.start_ms, last.end_ms);
        }
        Segment { words, ..segment }
    });
    with_words.flat_map(sentences).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A segment whose words take 100 ms each.
    pub fn segment_of(text: &str) -> Segment {
        let mut segment = Segment {
            id: 0,
            start_ms: 0,
            end_ms: 0,
            text: text.to_owned(),
            raw_text: text.to_owned(),
            confidence: Some(0.9),
            words: Vec::new(),
            flags: Vec::new(),
        };
        let words = units(&segment, &[]).into_iter().zip(0..).map(|(unit, at)| Word {
            start_ms: at * 100,
            end_ms: (at + 1) * 100,
            text: unit.text,
            confidence: unit.confidence,
            heard: None,
            scores: None,
        });
        segment.words = words.collect();
        segment
    }
}
