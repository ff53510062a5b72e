//! Corrects homophones of terms: places where a text has the sound of a term, written with other
//! characters.

use crate::characters::Character;
use crate::readings::{Readings, Similarity, word_readings};

/// A character with a lower probability may be wrong in its sound as well.
const UNSURE: f32 = 0.6;

/// Terms of at least this length are corrected by sound alone: hardly anything else has the same
/// four syllables in a row.
const LONG: usize = 4;

/// Terms of at least this length may have one unsure syllable that sounds different.
const VERY_LONG: usize = 5;

/// A term to look for.
#[derive(Debug, Clone)]
pub struct Term {
    characters: Vec<(char, Readings)>,
}

impl Term {
    /// `None` unless the word consists of Chinese characters: others have no known reading.
    pub fn new(word: &str) -> Option<Self> {
        Some(Self { characters: word_readings(word)? })
    }

    /// Length in characters.
    pub fn length(&self) -> usize {
        self.characters.len()
    }

    /// Whether the term is this word.
    pub fn is(&self, word: &str) -> bool {
        word.chars().eq(self.characters.iter().map(|(c, _)| *c))
    }

    /// Whether the text begins with the term, or with a misrecognition of it.
    fn matches(&self, text: &[Character]) -> bool {
        let Some(text) = text.get(..self.length()) else { return false };
        if text[1..].iter().any(|character| character.starts_run) {
            return false;
        }
        let different: Vec<(&Character, Similarity)> = text
            .iter()
            .zip(&self.characters)
            .filter(|(character, (expected, _))| character.recognised != *expected)
            .map(|(character, (_, readings))| (character, character.readings.similarity(readings)))
            .collect();
        self.is_plausible(&different)
    }

    /// Whether the term was said, given the characters that differ. The shorter the term, the more
    /// other words sound like it (`世界观` and `世界关注`), so the lower the probability of the
    /// recognised characters must be. At least one character must agree.
    fn is_plausible(&self, different: &[(&Character, Similarity)]) -> bool {
        let length = self.length();
        let may_differ = |(character, similarity): &(&Character, Similarity)| {
            let unsure = character.confidence < UNSURE;
            match similarity {
                Similarity::Same => unsure || length >= LONG,
                Similarity::Near => unsure && length >= LONG,
                Similarity::Different => unsure && length >= VERY_LONG,
            }
        };
        let unlike = different.iter().filter(|(_, s)| *s == Similarity::Different).count();
        different.len() < length && unlike <= 1 && different.iter().all(may_differ)
    }
}

/// Corrects what sounds like one of the terms. Terms are tried in order: sort the longest first.
pub fn correct(terms: &[Term], characters: &mut [Character]) {
    let mut at = 0;
    while at < characters.len() {
        let rest = &mut characters[at..];
        let found = terms.iter().find(|term| term.matches(rest));
        let Some(term) = found else {
            at += 1;
            continue;
        };
        for ((expected, _), character) in term.characters.iter().zip(rest) {
            (character.corrected, character.in_term) = (*expected, true);
        }
        at += term.length();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::characters;

    fn corrected(terms: &[&str], text: &str, unsure: &str) -> String {
        let terms: Vec<Term> = terms.iter().map(|term| Term::new(term).unwrap()).collect();
        characters::tests::corrected(text, unsure, |text| correct(&terms, text))
    }

    #[test]
    fn homophones_of_a_term_are_corrected() {
        assert_eq!(corrected(&["入党积极分子"], "我是入当几几分子，", ""), "我是入党积极分子，");
    }

    #[test]
    fn shorter_terms_need_lower_probabilities() {
        assert_eq!(corrected(&["思想汇报"], "私想会报", ""), "思想汇报");
        assert_eq!(corrected(&["世界观"], "世界关注", ""), "世界关注");
        assert_eq!(corrected(&["世界观"], "世界关", "关"), "世界观");
        assert_eq!(corrected(&["党课"], "党克", "克"), "党课");
        assert_eq!(corrected(&["党课"], "当克", "当克"), "当克");
    }

    #[test]
    fn similar_sounds_are_corrected_only_where_unsure() {
        assert_eq!(corrected(&["志愿服务"], "自愿服务", ""), "自愿服务");
        assert_eq!(corrected(&["志愿服务"], "自愿服务", "自"), "志愿服务");
        assert_eq!(corrected(&["党支部"], "党资部", "资"), "党资部");
    }

    #[test]
    fn one_unsure_syllable_of_a_long_term_may_differ() {
        let term = ["全心全意为人民服务"];
        assert_eq!(corrected(&term, "全心全一为人美服务", ""), "全心全一为人美服务");
        assert_eq!(corrected(&term, "全心全一为人美服务", "美"), "全心全意为人民服务");
        assert_eq!(corrected(&["理论学习"], "理论学校", "校"), "理论学校");
    }

    #[test]
    fn correct_terms_stay_and_terms_do_not_cross_punctuation() {
        assert_eq!(corrected(&["先锋模范作用", "作用"], "先锋模范作用", ""), "先锋模范作用");
        assert_eq!(corrected(&["入党积极分子"], "入党，几极分子", ""), "入党，几极分子");
    }
}
