//! The written report as evidence of what was said. People say about what they wrote; where other words were heard
//! in the middle of those that agree, the written ones are taken if the sound supports them.

mod apply;
mod candidates;

use std::ops::Range;

use chinese_text::alignment::Sounds;
use chinese_text::normalise::Normaliser;

pub use self::apply::apply;
use self::candidates::{Candidate, Compared, Sound, compare};
use super::recognizer::{Alternative, TextPiece};

/// Longer reports are compared up to here, in characters: time and memory grow with the length.
const MAX_CHARACTERS: usize = 60_000;

/// By so many nats the model may prefer other characters of the same sound.
const SAME_TONES: f32 = 16.0;

/// By so many nats it may prefer other characters of the same syllables.
const SAME_SYLLABLES: f32 = 5.0;

/// A written report, to compare with.
pub struct WrittenReport {
    sounds: Sounds,
}

/// Written words in place of heard ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    /// The units of the window that are replaced.
    pub heard: Range<usize>,
    /// What is written, unit by unit.
    pub written: Vec<String>,
    /// How well the sound supports what was heard and what is written; `None` if no sound can tell them apart.
    pub scores: Option<(f32, f32)>,
}

/// What the written report makes of a window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// The replacements, in order.
    pub replacements: Vec<Replacement>,
    /// For each unit that was heard, whether it is written as well.
    pub confirmed: Vec<bool>,
}

/// The units of a window's pieces.
struct Heard {
    sounds: Sounds,
    /// For each unit, its piece and the characters of the piece's text that are its letters.
    places: Vec<(usize, Range<usize>)>,
}

impl WrittenReport {
    /// `None` if there is nothing to compare with.
    pub fn new(text: &str, normaliser: &Normaliser) -> Option<Self> {
        let text: String = text.chars().take(MAX_CHARACTERS).collect();
        let sounds = Sounds::of(&normaliser.normalise(&text));
        (!sounds.is_empty()).then_some(Self { sounds })
    }

    /// What a recogniser should compare with the sound.
    pub fn alternatives(&self, pieces: &[&str], normaliser: &Normaliser) -> Vec<Alternative> {
        let Some(heard) = heard(pieces, normaliser) else { return Vec::new() };
        let Compared { candidates, .. } = compare(&heard.sounds, &self.sounds);
        candidates.iter().filter_map(|candidate| self.alternative(&heard, candidate)).collect()
    }

    /// What is to be replaced, given what the recogniser found.
    pub fn findings(&self, pieces: &[TextPiece], normaliser: &Normaliser) -> Findings {
        let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let Some(heard) = heard(&texts, normaliser) else { return Findings::default() };
        let Compared { candidates, confirmed } = compare(&heard.sounds, &self.sounds);
        let replacements = candidates.into_iter().filter_map(|candidate| {
            let alternative = self.alternative(&heard, &candidate)?;
            let judged = pieces[alternative.piece].alternatives.iter().find(|judged| {
                judged.characters == alternative.characters && judged.text == alternative.text
            });
            let scores = judged.map(|judged| (judged.recognised, judged.instead));
            let letters = |unit| self.sounds.letters(unit).to_owned();
            is_supported(&candidate, scores).then(|| Replacement {
                heard: candidate.heard,
                written: candidate.written.map(letters).collect(),
                scores,
            })
        });
        Findings { replacements: replacements.collect(), confirmed }
    }

    /// A candidate in the recogniser's text; `None` if it is not within a piece.
    fn alternative(&self, heard: &Heard, candidate: &Candidate) -> Option<Alternative> {
        let (first, last) =
            (&heard.places[candidate.heard.start], &heard.places[candidate.heard.end - 1]);
        let text = candidate.written.clone().map(|unit| self.sounds.letters(unit));
        (first.0 == last.0).then(|| Alternative {
            piece: first.0,
            characters: first.1.start..last.1.end,
            text: text.collect(),
        })
    }
}

/// Whether the sound supports a candidate at least as well as what was heard. What sounds the same is decided by what is
/// written, unless the model finds it much less probable.
///
/// Chosen on 16 recordings of four synthetic voices, with *base* (`scripts/bench-written development`). Words of the
/// same syllables were right down to −12.1 with the same tones, and to −4.2 with others. Of 131 that sound otherwise,
/// the best that was not said had −0.7 compared with what was heard. What the sound adds to what the model expects in
/// silence was tried as a score: it is no better and dear (docs/decisions/0010).
fn is_supported(candidate: &Candidate, scores: Option<(f32, f32)>) -> bool {
    match (candidate.sound, scores) {
        (Sound::SameTones, None) => true,
        (Sound::SameTones, Some((heard, written))) => written >= heard - SAME_TONES,
        (Sound::SameSyllables, Some((heard, written))) => written >= heard - SAME_SYLLABLES,
        (Sound::Other, Some((heard, written))) => written >= heard,
        (Sound::SameSyllables | Sound::Other, None) => false,
    }
}

/// The units of pieces; `None` if what they become when they are made readable has other units.
fn heard(pieces: &[&str], normaliser: &Normaliser) -> Option<Heard> {
    let readable: Vec<String> = pieces.iter().map(|piece| normaliser.normalise(piece)).collect();
    let mut places = Vec::new();
    for (index, (piece, readable)) in pieces.iter().zip(&readable).enumerate() {
        let units = chinese_text::units::units(piece);
        if units.len() != chinese_text::units::units(readable).len() {
            return None;
        }
        let mut at = 0;
        for unit in units {
            let start = at + unit.chars().take_while(|c| !c.is_alphanumeric()).count();
            let letters = unit.chars().filter(|c| c.is_alphanumeric()).count();
            places.push((index, start..start + letters));
            at += unit.chars().count();
        }
    }
    let sounds = Sounds::of(&readable.join("\n"));
    (sounds.len() == places.len()).then_some(Heard { sounds, places })
}
