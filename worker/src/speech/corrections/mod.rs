//! Corrects homophones in recognised Mandarin: the most frequent error of recognisers there. First the
//! terms of the [glossary](Glossary), then all other words by their frequencies. Corrected words keep
//! what was recognised in [`Word::heard`](huibao_models::domain::transcript::Word::heard).

mod characters;
mod glossary;

use chinese_text::lexicon::Lexicon;
use chinese_text::{homophones, terms};
use huibao_models::domain::transcript::Segment;

pub use glossary::{BadLine, Glossary};

/// Which corrections are made.
#[derive(Debug, Clone, Default)]
pub struct Corrections {
    /// Terms that are corrected first.
    pub glossary: Glossary,
    /// Whether all other words are corrected, too.
    pub homophones: bool,
}

impl Corrections {
    /// Corrects the words of a Mandarin segment, but for those that are settled.
    pub fn apply(&self, segment: &mut Segment, settled: &[bool]) {
        let (mut characters, words) = characters::of(&segment.words);
        for (character, word) in characters.iter_mut().zip(&words) {
            character.in_term = settled.get(*word) == Some(&true);
        }
        terms::correct(self.glossary.terms(), &mut characters);
        if self.homophones {
            homophones::correct(Lexicon::built_in(), &mut characters);
        }
        characters::write(&characters, &words, segment);
    }
}
