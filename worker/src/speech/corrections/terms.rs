//! Where a text has the sound of a term and not its characters.

use super::letters::Letter;
use super::sounds::{Likeness, Sounds, spelled};

/// A character whose token had a lower probability than this may be wrong in its sound as well.
const UNSURE: f32 = 0.6;

/// Terms from this length on are put right where the sound alone is the same: hardly anything else
/// sounds like four syllables in a row.
const LONG: usize = 4;

/// Terms from this length on may have one unsure syllable that sounds different.
const VERY_LONG: usize = 5;

/// A word of the glossary, ready to be looked for.
#[derive(Debug, Clone)]
pub struct Term {
    letters: Vec<(char, Sounds)>,
}

impl Term {
    /// `None` for words with other than Chinese characters: nothing is known of their sound.
    pub fn new(word: &str) -> Option<Self> {
        Some(Self { letters: spelled(word)? })
    }

    pub fn length(&self) -> usize {
        self.letters.len()
    }

    #[cfg(test)]
    pub fn is(&self, word: &str) -> bool {
        word.chars().eq(self.letters.iter().map(|(c, _)| *c))
    }

    /// Whether the term stands at the start of the text, itself or misheard.
    fn stands_at(&self, text: &[Letter]) -> bool {
        let Some(text) = text.get(..self.length()) else { return false };
        if text[1..].iter().any(|letter| letter.begins) {
            return false;
        }
        let others: Vec<(&Letter, Likeness)> = text
            .iter()
            .zip(&self.letters)
            .filter(|(letter, (meant, _))| letter.heard != *meant)
            .map(|(letter, (_, sounds))| (letter, letter.sounds.likeness(sounds)))
            .collect();
        self.is_meant(&others)
    }

    /// Whether the term was said, given the characters that differ. The shorter it is, the more
    /// other words sound like it (`世界观` and `世界关注`), so the less sure the recogniser must
    /// have been of what it wrote. Something of the term must stand there.
    fn is_meant(&self, others: &[(&Letter, Likeness)]) -> bool {
        let length = self.length();
        let excused = |(letter, likeness): &(&Letter, Likeness)| {
            let unsure = letter.confidence < UNSURE;
            match likeness {
                Likeness::Same => unsure || length >= LONG,
                Likeness::Near => unsure && length >= LONG,
                Likeness::Different => unsure && length >= VERY_LONG,
            }
        };
        let different = others.iter().filter(|other| other.1 == Likeness::Different).count();
        others.len() < length && different <= 1 && others.iter().all(excused)
    }
}

/// Puts right what sounds like one of the terms, which are sorted, the longest first.
pub fn correct(terms: &[Term], letters: &mut [Letter]) {
    let mut at = 0;
    while at < letters.len() {
        let rest = &mut letters[at..];
        let found = terms.iter().find(|term| term.stands_at(rest));
        let Some(term) = found else {
            at += 1;
            continue;
        };
        for ((meant, _), letter) in term.letters.iter().zip(rest) {
            (letter.meant, letter.settled) = (*meant, true);
        }
        at += term.length();
    }
}

#[cfg(test)]
mod tests {
    use super::super::letters;
    use super::*;

    fn corrected(terms: &[&str], text: &str, unsure: &str) -> String {
        let terms: Vec<Term> = terms.iter().map(|term| Term::new(term).unwrap()).collect();
        letters::tests::corrected(text, unsure, |letters| correct(&terms, letters))
    }

    #[test]
    fn words_of_the_same_sound_are_put_right() {
        assert_eq!(corrected(&["入党积极分子"], "我是入当几几分子，", ""), "我是入党积极分子，");
    }

    #[test]
    fn the_shorter_a_term_the_more_doubt_it_takes() {
        assert_eq!(corrected(&["思想汇报"], "私想会报", ""), "思想汇报");
        assert_eq!(corrected(&["世界观"], "世界关注", ""), "世界关注");
        assert_eq!(corrected(&["世界观"], "世界关", "关"), "世界观");
        assert_eq!(corrected(&["党课"], "党克", "克"), "党课");
        assert_eq!(corrected(&["党课"], "当克", "当克"), "当克");
    }

    #[test]
    fn what_only_sounds_alike_must_be_unsure() {
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
    fn what_stands_there_is_left_and_terms_do_not_reach_over_punctuation() {
        assert_eq!(corrected(&["先锋模范作用", "作用"], "先锋模范作用", ""), "先锋模范作用");
        assert_eq!(corrected(&["入党积极分子"], "入党，几极分子", ""), "入党，几极分子");
    }
}
