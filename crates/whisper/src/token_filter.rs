//! Restricts the next token: no invalid UTF-8, no characters outside an alphabet, no loops.

use crate::alphabet::{Alphabet, MANDARIN, Tokens, fits, unfinished};

/// The longest phrase, in tokens, that is checked for repetition.
const LONGEST_PHRASE: usize = 40;

/// The longest character of UTF-8 in bytes, and so in tokens.
const LONGEST_CHARACTER: usize = 4;

/// Restricts the tokens of a model to an alphabet.
pub struct TokenFilter {
    tokens: Tokens,
    alphabet: Alphabet,
    /// Tokens that do not fit the alphabet where a character begins.
    unfit: Vec<usize>,
    /// Tokens that begin with a continuation byte.
    continuing: Vec<usize>,
    /// Tokens that do not begin a text: Mandarin that seems to begin in Latin letters is usually a
    /// translation of its first word, after which the model often ends the text.
    unfit_first: Vec<usize>,
}

impl TokenFilter {
    /// Classifies the text tokens of a model.
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

    /// Sets the logits, `[vocabulary]`, of tokens that must not follow `previous` to minus infinity.
    /// `previous` are the ids of the window's tokens so far, special ones included.
    pub fn apply(&self, previous: &[usize], logits: &mut [f32]) {
        let text = self.tokens.len();
        let recent = previous.iter().rev().take_while(|id| **id < text).take(LONGEST_CHARACTER);
        let mut recent: Vec<&[u8]> = recent.map(|id| &*self.tokens[*id]).collect();
        recent.reverse();
        let recent = recent.concat();
        let begun = unfinished(&recent);
        if begun.is_empty() {
            forbid(logits, &self.unfit);
            if previous.iter().all(|id| *id >= text) {
                forbid(logits, &self.unfit_first);
            }
        } else {
            self.complete(begun, logits);
        }
        let text_tokens: Vec<usize> = previous.iter().copied().filter(|id| *id < text).collect();
        forbid(logits, &loop_tokens(&text_tokens));
    }

    /// Allows only tokens that continue a character.
    fn complete(&self, begun: &[u8], logits: &mut [f32]) {
        let continues = |id: &&usize| fits(&[begun, &self.tokens[**id]].concat(), self.alphabet);
        let kept: Vec<(usize, f32)> =
            self.continuing.iter().filter(continues).map(|id| (*id, logits[*id])).collect();
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

/// Tokens that would continue a loop: a phrase of at least eight tokens was written twice and begins a
/// third time, or repetitions of a shorter one are as long.
fn loop_tokens(text: &[usize]) -> Vec<usize> {
    let longest = LONGEST_PHRASE.min(text.len() / 2);
    let loops = (1..=longest).filter(|phrase| {
        let pairs = text.iter().rev().zip(text.iter().rev().skip(*phrase));
        let run = pairs.take_while(|(new, old)| new == old).count();
        run >= if *phrase < 8 { (2 * phrase).max(6) } else { phrase + 1 }
    });
    loops.map(|phrase| text[text.len() - phrase]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphabet::ANY;

    /// Tokens of a small model; 7 and above are special.
    fn filter(alphabet: Alphabet) -> TokenFilter {
        let tokens: [&[u8]; 7] =
            ["党".as_bytes(), b"\xe5\x85", b"\x9a", b"\x9b", "я".as_bytes(), b" time", b","];
        TokenFilter::new(tokens.into_iter().map(Into::into).collect(), alphabet)
    }

    fn allowed(filter: &TokenFilter, previous: &[usize]) -> Vec<usize> {
        let mut logits = [0.0; 9];
        filter.apply(previous, &mut logits);
        (0..9).filter(|id| logits[*id] == 0.0).collect()
    }

    #[test]
    fn characters_are_completed_and_do_not_begin_in_the_middle() {
        assert_eq!(allowed(&filter(MANDARIN), &[7, 0, 1]), [2, 3]);
        assert_eq!(allowed(&filter(MANDARIN), &[7, 0, 1, 2]), [0, 1, 5, 6, 7, 8]);
        assert_eq!(allowed(&filter(ANY), &[]), [0, 1, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn mandarin_does_not_begin_with_latin_letters() {
        assert_eq!(allowed(&filter(MANDARIN), &[7]), [0, 1, 6, 7, 8]);
    }

    #[test]
    fn loops_are_stopped_and_emphasis_is_not() {
        assert!(loop_tokens(&[1, 2, 3, 1, 2, 3]).is_empty());
        assert_eq!(loop_tokens(&[1, 2, 3, 1, 2, 3, 1, 2, 3]), [1]);
        assert_eq!(loop_tokens(&[5; 7]), [5]);
        let sentence: Vec<usize> = (0..20).collect();
        assert!(loop_tokens(&[&sentence[..], &sentence].concat()).is_empty());
        assert_eq!(loop_tokens(&[&sentence[..], &sentence, &[0]].concat()), [1]);
    }
}
