//! Keeps the decoder from what can only be wrong, before each token is chosen: broken characters,
//! other scripts, and going round in a circle.

use super::vocabulary::{Alphabet, MANDARIN, Tokens, fits, unfinished};

/// The longest phrase, in tokens, whose repetition is looked for.
const LONGEST_PHRASE: usize = 40;

/// The longest character of UTF-8 in bytes, so the most tokens it can take.
const LONGEST_CHARACTER: usize = 4;

/// What may come next, for one language.
pub struct Filter {
    tokens: Tokens,
    alphabet: Alphabet,
    /// Tokens that a character cannot begin with.
    unfit: Vec<usize>,
    /// Tokens that begin in the middle of a character.
    continuing: Vec<usize>,
    /// Tokens that do not begin a text: a Mandarin report that seems to begin in Latin letters is
    /// a translation of its first word, after which the model often falls silent.
    unfit_first: Vec<usize>,
}

impl Filter {
    /// Sorts the text tokens of a model for an alphabet.
    pub fn new(tokens: Tokens, alphabet: Alphabet) -> Self {
        let which = |choose: &dyn Fn(&[u8]) -> bool| -> Vec<usize> {
            tokens.iter().enumerate().filter(|(_, t)| choose(t)).map(|(id, _)| id).collect()
        };
        let unfit = which(&|token| !fits(token, alphabet));
        let continuing = which(&|token| token.first().is_some_and(|byte| byte & 0xc0 == 0x80));
        let latin = |token: &[u8]| token.iter().any(u8::is_ascii_alphabetic);
        let unfit_first = if alphabet == MANDARIN { which(&latin) } else { Vec::new() };
        Self { tokens, alphabet, unfit, continuing, unfit_first }
    }

    /// Takes away, by a logit of minus infinity, what must not follow `written`: the numbers of the
    /// tokens of this window so far, special ones included.
    pub fn restrict(&self, written: &[usize], logits: &mut [f32]) {
        let text = self.tokens.len();
        let recent = written.iter().rev().take_while(|id| **id < text).take(LONGEST_CHARACTER);
        let mut recent: Vec<&[u8]> = recent.map(|id| &*self.tokens[*id]).collect();
        recent.reverse();
        let recent = recent.concat();
        let begun = unfinished(&recent);
        if begun.is_empty() {
            forbid(logits, &self.unfit);
            if written.iter().all(|id| *id >= text) {
                forbid(logits, &self.unfit_first);
            }
        } else {
            self.complete(begun, logits);
        }
        let said: Vec<usize> = written.iter().copied().filter(|id| *id < text).collect();
        forbid(logits, &circling(&said));
    }

    /// Leaves only what goes on with the character that has begun.
    fn complete(&self, begun: &[u8], logits: &mut [f32]) {
        let goes_on = |id: &&usize| fits(&[begun, &self.tokens[**id]].concat(), self.alphabet);
        let kept: Vec<(usize, f32)> =
            self.continuing.iter().filter(goes_on).map(|id| (*id, logits[*id])).collect();
        if kept.is_empty() {
            return;
        }
        logits.fill(f32::NEG_INFINITY);
        for (id, logit) in kept {
            logits[id] = logit;
        }
    }
}

fn forbid(logits: &mut [f32], tokens: &[usize]) {
    for token in tokens {
        logits[*token] = f32::NEG_INFINITY;
    }
}

/// Tokens that would take a text round in a circle once more: a phrase of eight tokens or more was
/// said twice and begins a third time, or a shorter one has gone on over that length.
fn circling(said: &[usize]) -> Vec<usize> {
    let longest = LONGEST_PHRASE.min(said.len() / 2);
    let circles = (1..=longest).filter(|phrase| {
        let again = said.iter().rev().zip(said.iter().rev().skip(*phrase));
        let run = again.take_while(|(new, old)| new == old).count();
        run >= if *phrase < 8 { (2 * phrase).max(6) } else { phrase + 1 }
    });
    circles.map(|phrase| said[said.len() - phrase]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::vocabulary::ANY;
    use super::*;

    /// Tokens of a small model; 7 and above are special.
    fn filter(alphabet: Alphabet) -> Filter {
        let tokens: [&[u8]; 7] =
            ["党".as_bytes(), b"\xe5\x85", b"\x9a", b"\x9b", "я".as_bytes(), b" time", b","];
        Filter::new(tokens.into_iter().map(Into::into).collect(), alphabet)
    }

    fn allowed(filter: &Filter, written: &[usize]) -> Vec<usize> {
        let mut logits = [0.0; 9];
        filter.restrict(written, &mut logits);
        (0..9).filter(|id| logits[*id] == 0.0).collect()
    }

    #[test]
    fn a_character_begun_is_completed_and_none_begins_in_its_middle() {
        assert_eq!(allowed(&filter(MANDARIN), &[7, 0, 1]), [2, 3]);
        assert_eq!(allowed(&filter(MANDARIN), &[7, 0, 1, 2]), [0, 1, 5, 6, 7, 8]);
        assert_eq!(allowed(&filter(ANY), &[]), [0, 1, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn mandarin_does_not_begin_in_latin_letters() {
        assert_eq!(allowed(&filter(MANDARIN), &[7]), [0, 1, 6, 7, 8]);
    }

    #[test]
    fn circles_are_left_and_emphasis_stays() {
        assert!(circling(&[1, 2, 3, 1, 2, 3]).is_empty());
        assert_eq!(circling(&[1, 2, 3, 1, 2, 3, 1, 2, 3]), [1]);
        assert_eq!(circling(&[5; 7]), [5]);
        let sentence: Vec<usize> = (0..20).collect();
        assert!(circling(&[&sentence[..], &sentence].concat()).is_empty());
        assert_eq!(circling(&[&sentence[..], &sentence, &[0]].concat()), [1]);
    }
}
