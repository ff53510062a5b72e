//! Words that were written with other characters of the same sound: what recognisers get wrong most
//! in Mandarin. The [glossary](Glossary) knows the words that matter here, the lexicon knows how
//! common all others are. Whatever is changed keeps what was heard beside it.

mod glossary;
mod letters;
mod lexicon;
mod sounds;
mod terms;

use huibao_models::domain::transcript::Segment;

pub use glossary::{BadLine, Glossary};

/// What puts words right.
#[derive(Debug, Clone, Default)]
pub struct Corrections {
    /// The words that matter.
    pub glossary: Glossary,
    /// Whether all other words are looked at, too.
    pub homophones: bool,
}

impl Corrections {
    /// Puts words of a Mandarin segment right, and keeps what was heard.
    pub fn apply(&self, segment: &mut Segment) {
        let mut letters = letters::of(&segment.words);
        terms::correct(self.glossary.terms(), &mut letters);
        if self.homophones {
            lexicon::correct(&mut letters);
        }
        letters::write(&letters, segment);
    }
}
