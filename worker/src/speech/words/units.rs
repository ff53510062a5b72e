//! Splits a text into timed units: a Chinese character, or a word or number of other letters.

use chinese_text::punctuation::ends_phrase;
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
    let confidence = confidences(segment, char_confidences);
    let mut confidence = confidence.into_iter();
    let mut units: Vec<Unit> = Vec::new();
    let mut before = String::new();
    let (mut joins, mut count) = (false, 0.0);
    for c in segment.text.chars() {
        if !c.is_alphanumeric() {
            joins = false;
            match units.last_mut() {
                Some(unit) => unit.text.push(c),
                None => before.push(c),
            }
            continue;
        }
        let probability = confidence.next().unwrap_or(0.0);
        let alone = is_syllable(c);
        let syllables = if alone || c.is_numeric() { 1.0 } else { LETTER };
        if let Some(unit) = units.last_mut().filter(|_| joins && !alone) {
            unit.text.push(c);
            unit.syllables += syllables;
            // The mean with one more.
            unit.confidence = (unit.confidence * count + probability) / (count + 1.0);
            count += 1.0;
        } else {
            let text = std::mem::take(&mut before) + c.encode_utf8(&mut [0; 4]);
            units.push(Unit { text, syllables, confidence: probability });
            count = 1.0;
        }
        joins = !alone;
    }
    units
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

/// Chinese characters and kana.
fn is_syllable(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
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
