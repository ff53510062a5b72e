//! The numbers of special tokens, and text as tokens.

use std::collections::HashMap;
use std::ops::Range;

use super::super::vocabulary::Tokens;

/// Text tokens of the multilingual models.
pub const TEXT: usize = 50_257;

/// Special tokens that are neither languages nor timestamps: end, start, translate, transcribe, a
/// speaker's turn, previous text, no speech, no timestamps.
const SPECIAL: usize = 8;

/// Timestamps from 0 to 30 s.
const TIMESTAMPS: usize = 1501;

/// Numbers of the special tokens (`whisper/tokenizer.py`).
#[derive(Debug, Clone)]
pub struct Special {
    /// Ends the text.
    pub end: usize,
    /// Begins it.
    pub start: usize,
    /// One for each language, in the order of their numbers.
    pub languages: Range<usize>,
    /// Text in the language that is spoken.
    pub transcribe: usize,
    /// What was said before begins here.
    pub previous: usize,
    /// Nobody speaks.
    pub no_speech: usize,
    /// Time 0; one for every 20 ms from here on.
    pub timestamps: Range<usize>,
}

impl Special {
    /// Those of a multilingual model with so many tokens; `None` for other models.
    pub fn of(vocabulary: usize) -> Option<Self> {
        let languages = vocabulary.checked_sub(TEXT + SPECIAL + TIMESTAMPS)?;
        let first = TEXT + 2;
        let after = first + languages;
        (languages >= 99).then_some(Self {
            end: TEXT,
            start: TEXT + 1,
            languages: first..after,
            transcribe: after + 1,
            previous: after + 3,
            no_speech: after + 4,
            timestamps: after + 6..vocabulary,
        })
    }
}

/// Turns text into tokens.
pub struct Tokenizer {
    numbers: HashMap<Box<[u8]>, usize>,
    longest: usize,
}

impl Tokenizer {
    /// For these tokens.
    pub fn new(tokens: &Tokens) -> Self {
        let numbers: HashMap<_, _> =
            tokens.iter().enumerate().map(|(number, token)| (token.clone(), number)).collect();
        let longest = tokens.iter().map(|token| token.len()).max().unwrap_or(0);
        Self { numbers, longest }
    }

    /// The number of a token.
    pub fn number(&self, token: &str) -> Option<usize> {
        self.numbers.get(token.as_bytes()).copied()
    }

    /// The longest token that the text begins with, then the same of the rest, as whisper.cpp does it.
    /// Bytes that are no token are left out.
    pub fn numbers(&self, text: &str) -> Vec<usize> {
        let mut rest = text.as_bytes();
        let mut numbers = Vec::new();
        while !rest.is_empty() {
            let lengths = (1..=self.longest.min(rest.len())).rev();
            let mut found = lengths.filter_map(|n| Some((n, *self.numbers.get(&rest[..n])?)));
            let (length, number) = found.next().unzip();
            numbers.extend(number);
            rest = &rest[length.unwrap_or(1)..];
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_tokens_are_where_whisper_has_them() {
        let base = Special::of(51_865).unwrap();
        assert_eq!((base.end, base.start, base.transcribe), (50_257, 50_258, 50_359));
        assert_eq!((base.languages, base.timestamps), (50_259..50_358, 50_364..51_865));
        assert_eq!((base.previous, base.no_speech), (50_361, 50_362));
        assert_eq!(Special::of(51_866).unwrap().transcribe, 50_360);
        assert!(Special::of(51_864).is_none());
    }

    #[test]
    fn text_is_cut_into_the_longest_tokens() {
        let tokens: [&[u8]; 5] =
            [b"a", b"ab", "党".as_bytes(), &"党".as_bytes()[..2], &"党".as_bytes()[2..]];
        let tokenizer = Tokenizer::new(&tokens.into_iter().map(Into::into).collect());
        assert_eq!(tokenizer.numbers("aab党x党"), [0, 1, 2, 2]);
        assert_eq!(tokenizer.number("ab"), Some(1));
    }
}
