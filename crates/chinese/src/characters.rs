//! Recognised characters, as the correctors take and change them.

use crate::readings::Readings;

/// A Chinese character that a recogniser wrote.
#[derive(Debug, Clone)]
pub struct Character {
    /// The character as recognised.
    pub recognised: char,
    /// The character after correction; at first the recognised one.
    pub corrected: char,
    /// The readings of `recognised`.
    pub readings: Readings,
    /// The recogniser's probability, 0 to 1.
    pub confidence: f32,
    /// Whether the text begins here, or something other than a Chinese character precedes: no word
    /// reaches across this boundary.
    pub starts_run: bool,
    /// Whether it belongs to a term that was found; later correctors leave it.
    pub in_term: bool,
}

impl Character {
    /// `None` if `c` is not a Chinese character with a known reading.
    pub fn new(c: char, confidence: f32, starts_run: bool) -> Option<Self> {
        Some(Self {
            recognised: c,
            corrected: c,
            readings: Readings::of(c)?,
            confidence,
            starts_run,
            in_term: false,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Applies a corrector to a text; the characters in `unsure` have a low probability.
    pub(crate) fn corrected(
        text: &str,
        unsure: &str,
        correct: impl Fn(&mut [Character]),
    ) -> String {
        let mut starts_run = true;
        let mut characters = Vec::new();
        for c in text.chars() {
            let confidence = if unsure.contains(c) { 0.3 } else { 0.95 };
            let character = Character::new(c, confidence, starts_run);
            starts_run = character.is_none();
            characters.extend(character);
        }
        correct(&mut characters);
        let mut corrected = characters.iter();
        text.chars()
            .map(
                |c| if Readings::of(c).is_some() { corrected.next().unwrap().corrected } else { c },
            )
            .collect()
    }

    #[test]
    fn runs_start_after_other_characters() {
        assert!(Character::new('，', 0.9, false).is_none());
        assert!(Character::new('a', 0.9, false).is_none());
        let character = Character::new('党', 0.9, true).unwrap();
        assert_eq!((character.recognised, character.corrected), ('党', '党'));
        assert!(character.starts_run && !character.in_term);
    }
}
