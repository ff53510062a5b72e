//! Splits a text into timed units: a Chinese character, or a word or number of other letters.

use chinese_text::punctuation::ends_phrase;
use chinese_text::units::is_syllable;
use huibao_models::domain::transcript::Segment;

/// A word with the punctuation after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    pub text: String,
    /// Its duration in syllables.
    pub syllables: f32,
    /// 0 to 1.
    pub confidence: f32,
}

impl Unit {
    /// Whether a speaker may pause after it.
    pub fn stops(&self) -> bool {
        ends_phrase(&self.text)
    }
}

/// Syllables per letter of an alphabet.
const LETTER: f32 = 0.4;

/// The units of a segment in order; joined, they are its text.
pub fn units(segment: &Segment, char_confidences: &[f32]) -> Vec<Unit> {
    let mut confidence = confidences(segment, char_confidences).into_iter();
    let unit = |text: &str| {
        let (mut syllables, mut mean, mut count) = (0.0, 0.0, 0.0);
        for c in text.chars().filter(|c| c.is_alphanumeric()) {
            syllables += if is_syllable(c) || c.is_numeric() { 1.0 } else { LETTER };
            // The mean with one more.
            mean = (mean * count + confidence.next().unwrap_or(0.0)) / (count + 1.0);
            count += 1.0;
        }
        Unit { text: text.to_owned(), syllables, confidence: mean }
    };
    chinese_text::units::units(&segment.text).into_iter().map(unit).collect()
}

/// The probability of each letter of the readable text. It normally has as many letters as the raw text;
/// otherwise each has the segment's confidence.
fn confidences(segment: &Segment, char_confidences: &[f32]) -> Vec<f32> {
    let letters = segment.text.chars().filter(|c| c.is_alphanumeric()).count();
    let raw = segment.raw_text.chars().zip(char_confidences).filter(|(c, _)| c.is_alphanumeric());
    let of_raw: Vec<f32> = raw.map(|(_, probability)| *probability).collect();
    if of_raw.len() == letters {
        return of_raw;
    }
    vec![segment.confidence.unwrap_or(0.0); letters]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(raw_text: &str, text: &str) -> Segment {
        Segment {
            id: 0,
            start_ms: 0,
            end_ms: 1000,
            text: text.into(),
            raw_text: raw_text.into(),
            confidence: Some(0.5),
            words: Vec::new(),
            flags: Vec::new(),
        }
    }

    #[test]
    fn characters_numbers_and_words_are_units_with_their_punctuation() {
        let segment = segment("《學習》, 2024 WiFi 好.", "《学习》，2024 WiFi 好。");
        let made = units(&segment, &[]);
        let texts: Vec<&str> = made.iter().map(|unit| unit.text.as_str()).collect();
        assert_eq!(texts, ["《学", "习》，", "2024 ", "WiFi ", "好。"]);
        assert_eq!(texts.concat(), segment.text);
        assert_eq!(
            made.iter().map(Unit::stops).collect::<Vec<_>>(),
            [false, true, false, false, true]
        );
        assert_eq!(made.iter().map(|u| u.syllables).collect::<Vec<_>>(), [1.0, 1.0, 4.0, 1.6, 1.0]);
    }

    #[test]
    fn confidences_follow_the_letters_of_the_raw_text() {
        let confidences = [0.9, 0.1, 0.2, 0.2, 0.8, 0.4];
        let made = units(&segment("黨,的 AB", "党，的AB"), &confidences);
        let found: Vec<f32> = made.iter().map(|unit| unit.confidence).collect();
        assert_eq!(found, [0.9, 0.2, 0.6]);
        let other = units(&segment("another", "党的"), &confidences);
        assert!(other.iter().all(|unit| (unit.confidence - 0.5).abs() < 1e-6));
    }
}
