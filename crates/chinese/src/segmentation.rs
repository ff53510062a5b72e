//! Splits a text into the words of a lexicon.

use crate::lexicon::{LONGEST_WORD, Lexicon};

/// The word that a unit is part of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Membership {
    /// How many units the word has.
    pub length: usize,
    /// The natural logarithm of its relative frequency.
    pub log_frequency: f32,
}

impl Lexicon {
    /// The most probable words of a text (Viterbi over unigrams): for each unit, the one that it is part of. A unit
    /// that is in no word is one by itself.
    pub fn memberships(&self, units: &[String]) -> Vec<Membership> {
        // The best way to each place: its probability, and the last word on it.
        let mut best = vec![(0.0_f32, Membership { length: 0, log_frequency: 0.0 })];
        for end in 1..=units.len() {
            let words = (1..=LONGEST_WORD.min(end)).filter_map(|length| {
                let word = units[end - length..end].concat();
                let is_known = length == 1 || self.get(&word).is_some();
                let log_frequency = self.log_frequency(&word);
                let before = best[end - length].0;
                is_known.then_some((before + log_frequency, Membership { length, log_frequency }))
            });
            // There is always the word of one unit.
            let found = words.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or(best[end - 1]);
            best.push(found);
        }
        let mut memberships = vec![Membership { length: 1, log_frequency: 0.0 }; units.len()];
        let mut end = units.len();
        while end > 0 {
            let word = best[end].1;
            let start = end - word.length.clamp(1, end);
            memberships[start..end].fill(word);
            end = start;
        }
        memberships
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &str) -> Vec<usize> {
        let units: Vec<String> = text.chars().map(String::from).collect();
        let memberships = Lexicon::built_in().memberships(&units);
        memberships.iter().map(|membership| membership.length).collect()
    }

    #[test]
    fn units_are_part_of_the_most_probable_words() {
        assert_eq!(lengths("为人民服务"), [1, 2, 2, 2, 2]);
        assert_eq!(lengths("认真学习"), [2, 2, 2, 2]);
        assert_eq!(lengths("龘"), [1]);
        assert_eq!(lengths(""), Vec::<usize>::new());
    }

    #[test]
    fn words_of_other_letters_stand_alone() {
        let units = ["open".to_owned(), "ai".to_owned(), "学".to_owned(), "习".to_owned()];
        let memberships = Lexicon::built_in().memberships(&units);
        assert_eq!(memberships.iter().map(|one| one.length).collect::<Vec<_>>(), [1, 1, 2, 2]);
    }
}
