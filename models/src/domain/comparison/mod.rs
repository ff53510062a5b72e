//! What was said, compared with what was written: where they agree, where they differ, and when it was said.
//!
//! `tokens` takes the texts apart, `blocks` finds their difference, `moved` what of it only stands at another place;
//! `marks` puts that together for each token, and this file makes passages of it.

mod blocks;
mod marks;
mod moved;
mod passages;
#[cfg(test)]
mod tests;
mod tokens;

use std::ops::Range;

use chinese_text::punctuation::ends_sentence;
use chinese_text::units::units;

use self::marks::Mark;
use self::tokens::{Tokens, Vocabulary};
use super::correction::words_of;
use super::transcript::{Transcript, Word};

pub use passages::{Agreement, Comparison, SaidPassage, SaidSentence, WrittenPassage};

/// Longer texts are not compared: the time grows with the square of the length.
const MAX_UNITS: usize = 20_000;

/// What was said.
struct Said {
    /// Each word with the id of its segment.
    words: Vec<(u32, Word)>,
    tokens: Tokens,
}

/// What was written.
struct Written<'a> {
    units: Vec<&'a str>,
    tokens: Tokens,
}

/// Compares a transcript with a written report, word by word without punctuation. `None` for texts that are too long,
/// and if one of them says nothing.
pub fn compare(transcript: &Transcript, written: &str) -> Option<Comparison> {
    let segments = transcript.segments.iter();
    let sentences: Vec<_> = segments.map(|segment| (segment.id, words_of(segment))).collect();
    let units = units(written);
    let words: usize = sentences.iter().map(|(_, words)| words.len()).sum();
    if words == 0 || units.is_empty() || words + units.len() > MAX_UNITS {
        return None;
    }
    let mut vocabulary = Vocabulary::default();
    let mut said = Said { words: Vec::with_capacity(words), tokens: Tokens::default() };
    for (id, words) in sentences {
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        vocabulary.add(&mut said.tokens, &texts);
        said.words.extend(words.into_iter().map(|word| (id, word)));
    }
    let mut written = Written { units, tokens: Tokens::default() };
    vocabulary.add(&mut written.tokens, &written.units);
    Some(passages(&said, &written))
}

fn passages(said: &Said, written: &Written<'_>) -> Comparison {
    let blocks = blocks::blocks(&said.tokens, &written.tokens);
    let moves = moved::moves(&blocks, &said.tokens, &written.tokens);
    let (of_said, of_written) = marks::marks(&blocks, &moves);
    let (passages, places) = written_passages(&of_written, written, said);
    Comparison { written: passages, said: said_sentences(&of_said, said, &places) }
}

/// The passages, and which of them each token begins in.
fn written_passages(
    marks: &[Mark],
    written: &Written<'_>,
    said: &Said,
) -> (Vec<WrittenPassage>, Vec<usize>) {
    let mut passages: Vec<WrittenPassage> = Vec::new();
    let mut places = Vec::with_capacity(marks.len());
    let (mut open, mut last): (bool, Option<&Mark>) = (false, None);
    for (mark, units) in marks.iter().zip(&written.tokens.units) {
        open &= last.is_some_and(|last| last.goes_on(mark));
        places.push(if open { passages.len().saturating_sub(1) } else { passages.len() });
        let times = mark.other.clone().and_then(|tokens| said.times(tokens));
        for text in &written.units[units.clone()] {
            if let Some(passage) = passages.last_mut().filter(|_| open) {
                passage.text.push_str(text);
                passage.said = passage.said.zip(times).map(|((start, _), (_, end))| (start, end));
            } else {
                let (agreement, text) = (mark.agreement, (*text).to_owned());
                passages.push(WrittenPassage { agreement, text, said: times });
            }
            open = !(ends_sentence(text.trim_end()) || text.contains('\n'));
        }
        last = Some(mark);
    }
    (passages, places)
}

/// The sentences that differ. `places` says in which passage each written token begins.
fn said_sentences(marks: &[Mark], said: &Said, places: &[usize]) -> Vec<SaidSentence> {
    let mut sentences: Vec<SaidSentence> = Vec::new();
    let mut last: Option<&Mark> = None;
    for (mark, units) in marks.iter().zip(&said.tokens.units) {
        let moved = mark.agreement == Agreement::Moved;
        for (segment, word) in &said.words[units.clone()] {
            if sentences.last().is_none_or(|last| last.segment != *segment) {
                sentences.push(SaidSentence { segment: *segment, passages: Vec::new() });
            }
            let Some(sentence) = sentences.last_mut() else { continue };
            let goes_on = last.is_some_and(|last| {
                last.agreement == mark.agreement && (!moved || last.goes_on(mark))
            });
            if let Some(passage) = sentence.passages.last_mut().filter(|_| goes_on) {
                passage.text.push_str(&word.text);
            } else {
                let place =
                    mark.other.as_ref().filter(|_| moved).and_then(|it| places.get(it.start));
                sentence.passages.push(SaidPassage {
                    agreement: mark.agreement,
                    text: word.text.clone(),
                    written: place.and_then(|place| u32::try_from(*place).ok()),
                });
            }
            last = Some(mark);
        }
    }
    sentences.retain(|it| it.passages.iter().any(|passage| passage.agreement != Agreement::Same));
    sentences
}

impl Said {
    /// From when to when tokens were said.
    fn times(&self, tokens: Range<usize>) -> Option<(u64, u64)> {
        let units = &self.tokens.units[tokens];
        let (_, first) = self.words.get(units.first()?.start)?;
        let (_, last) = self.words.get(units.last()?.end.checked_sub(1)?)?;
        Some((first.start_ms, last.end_ms))
    }
}
