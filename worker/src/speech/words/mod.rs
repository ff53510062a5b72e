//! When each word is said, and how sure the model was of it.
//!
//! Engines tell roughly when a piece of text begins and ends. Speech itself tells more: it stops
//! between phrases, and Mandarin has one syllable for each character, of much the same length. So
//! the text of a window is laid over the [voiced stretches](voice) of its sound such that pauses
//! fall between words, best after punctuation, and each stretch gets as much text as it is long.

mod align;
mod sentences;
mod units;
mod voice;

use huibao_models::domain::transcript::{Segment, SpeechRegion, Word};

use self::align::{Text, align};
use self::sentences::sentences;
use self::units::{Unit, units};
use self::voice::Voice;
use super::Audio;

/// A segment before its words have times, with the sureness of each character of its raw text.
pub struct Unplaced {
    /// The segment; its words are empty.
    pub segment: Segment,
    /// See [`super::Piece::sureness`].
    pub sureness: Vec<f32>,
}

/// Gives the segments of a window their words, and the times at which these begin and end, and cuts
/// them into sentences. `speech` is where somebody speaks in this window.
pub fn place(unplaced: Vec<Unplaced>, speech: &[SpeechRegion], audio: &Audio) -> Vec<Segment> {
    let voice = Voice::of(audio, speech);
    let texts: Vec<Vec<Unit>> =
        unplaced.iter().map(|one| units(&one.segment, &one.sureness)).collect();
    let mut text = Text::default();
    for (one, units) in unplaced.iter().zip(&texts) {
        text.add(units, one.segment.start_ms, one.segment.end_ms);
    }
    let mut times = align(&text, &voice).into_iter();
    let with_words = unplaced.into_iter().zip(texts).map(|(one, units)| {
        let words: Vec<Word> = units
            .into_iter()
            .zip(&mut times)
            .map(|(unit, (start_ms, end_ms))| Word {
                start_ms,
                end_ms,
                text: unit.text,
                confidence: unit.confidence,
                heard: None,
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
        });
        segment.words = words.collect();
        segment
    }
}
