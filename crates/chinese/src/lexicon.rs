//! Chinese words with their frequencies, indexed by pronunciation.
//!
//! `lexicon.txt` has a word and its count on each line, from the dictionary of jieba (MIT, see
//! `lexicon.LICENSE`).

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::readings::{Readings, word_readings};

/// The longest word of the built-in lexicon, in characters.
pub const LONGEST_WORD: usize = 6;

/// Of a word with more combinations of readings, only the first are indexed.
const MAX_PRONUNCIATIONS: usize = 12;

static BUILT_IN: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::parse(include_str!("lexicon.txt")));

/// Words, by their characters and by their pronunciation.
pub struct Lexicon {
    words: HashMap<&'static str, Entry>,
    by_pronunciation: HashMap<String, Vec<&'static str>>,
    /// The logarithm of the frequency of what is not in the lexicon.
    min_log_frequency: f32,
}

/// A word's entry.
pub struct Entry {
    /// The characters with their readings.
    pub characters: Vec<(char, Readings)>,
    /// The natural logarithm of the relative frequency.
    pub log_frequency: f32,
}

impl Lexicon {
    /// The lexicon that is compiled in; parsed on first use.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Lines of a word, a space and a count; others are ignored.
    pub fn parse(text: &'static str) -> Self {
        let lines = || {
            text.lines().filter_map(|line| {
                let (word, count) = line.split_once(' ')?;
                Some((word, count.parse::<f32>().ok()?))
            })
        };
        let total: f32 = lines().map(|(_, count)| count).sum();
        let mut lexicon = Self {
            words: HashMap::new(),
            by_pronunciation: HashMap::new(),
            min_log_frequency: (1.0 / total).ln(),
        };
        for (word, count) in lines() {
            let Some(characters) = word_readings(word) else { continue };
            // Single characters have too many homophones to be worth an index.
            if characters.len() > 1 {
                for pronunciation in pronunciations(characters.iter().map(|(_, r)| r)) {
                    lexicon.by_pronunciation.entry(pronunciation).or_default().push(word);
                }
            }
            let log_frequency = (count / total).ln();
            lexicon.words.insert(word, Entry { characters, log_frequency });
        }
        lexicon
    }

    /// The entry of a word.
    pub fn get(&self, word: &str) -> Option<(&str, &Entry)> {
        self.words.get_key_value(word).map(|(word, entry)| (*word, entry))
    }

    /// The natural logarithm of a word's relative frequency, also of unknown words.
    pub fn log_frequency(&self, word: &str) -> f32 {
        self.words.get(word).map_or(self.min_log_frequency, |entry| entry.log_frequency)
    }

    /// The words of two or more characters with this pronunciation, as [`pronunciations`] writes it.
    pub fn homophones(&self, pronunciation: &str) -> impl Iterator<Item = (&str, &Entry)> {
        let words = self.by_pronunciation.get(pronunciation).into_iter().flatten();
        words.map(|word| (*word, &self.words[word]))
    }
}

/// The pronunciations of a sequence of characters: toneless syllables, a space after each.
pub fn pronunciations<'a>(readings: impl Iterator<Item = &'a Readings>) -> Vec<String> {
    let mut combinations = vec![String::new()];
    for reading in readings {
        let longer = combinations.iter().flat_map(|front| {
            reading.plain().iter().map(move |syllable| format!("{front}{syllable} "))
        });
        combinations = longer.take(MAX_PRONUNCIATIONS).collect();
    }
    combinations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_lexicon_is_indexed() {
        let lexicon = Lexicon::built_in();
        assert!(lexicon.words.len() > 100_000 && lexicon.by_pronunciation.len() > 60_000);
        assert!(lexicon.homophones("zhang cheng ").any(|(word, _)| word == "章程"));
        let longest = lexicon.words.keys().map(|word| word.chars().count()).max();
        assert_eq!(longest, Some(LONGEST_WORD));
        assert!(lexicon.log_frequency("章程") > lexicon.log_frequency("章成"));
    }
}
