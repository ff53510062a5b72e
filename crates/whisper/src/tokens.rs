//! The ids of special tokens, and text as tokens.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use crate::alphabet::Tokens;

/// Text tokens of the multilingual models.
pub const TEXT: usize = 50_257;

/// Special tokens other than languages and timestamps: end of text, start of transcript, translate,
/// transcribe, speaker turn, previous text, no speech, no timestamps.
const SPECIAL: usize = 8;

/// Languages of the multilingual models: 99, or 100 from large-v3 on.
const LANGUAGES: RangeInclusive<usize> = 99..=100;

/// Timestamps from 0 to 30 s.
const TIMESTAMPS: usize = 1501;

/// Ids of the special tokens (`whisper/tokenizer.py`).
#[derive(Debug, Clone)]
pub struct SpecialTokens {
    /// End of text.
    pub end: usize,
    /// Start of transcript.
    pub start: usize,
    /// One for each language.
    pub languages: Range<usize>,
    /// The task of transcribing, not translating.
    pub transcribe: usize,
    /// Start of the previous text, the prompt.
    pub previous: usize,
    /// No speech.
    pub no_speech: usize,
    /// One for every 20 ms from 0 to 30 s.
    pub timestamps: Range<usize>,
}

impl SpecialTokens {
    /// Those of a multilingual model with `vocabulary` tokens; `None` for other models.
    pub fn of(vocabulary: usize) -> Option<Self> {
        let languages = vocabulary.checked_sub(TEXT + SPECIAL + TIMESTAMPS)?;
        let first = TEXT + 2;
        let after = first + languages;
        LANGUAGES.contains(&languages).then_some(Self {
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
    ids: HashMap<Box<[u8]>, usize>,
    longest: usize,
}

impl Tokenizer {
    /// For the tokens of a model.
    pub fn new(tokens: &Tokens) -> Self {
        let ids: HashMap<_, _> =
            tokens.iter().enumerate().map(|(id, token)| (token.clone(), id)).collect();
        let longest = tokens.iter().map(|token| token.len()).max().unwrap_or(0);
        Self { ids, longest }
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<usize> {
        self.ids.get(token.as_bytes()).copied()
    }

    /// Splits a text greedily into the longest tokens, as whisper.cpp does. Bytes without a token are
    /// dropped.
    pub fn encode(&self, text: &str) -> Vec<usize> {
        let mut rest = text.as_bytes();
        let mut ids = Vec::new();
        while !rest.is_empty() {
            let lengths = (1..=self.longest.min(rest.len())).rev();
            let mut found = lengths.filter_map(|n| Some((n, *self.ids.get(&rest[..n])?)));
            let (length, id) = found.next().unzip();
            ids.extend(id);
            rest = &rest[length.unwrap_or(1)..];
        }
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_tokens_have_whispers_ids() {
        let base = SpecialTokens::of(51_865).unwrap();
        assert_eq!((base.end, base.start, base.transcribe), (50_257, 50_258, 50_359));
        assert_eq!((base.languages, base.timestamps), (50_259..50_358, 50_364..51_865));
        assert_eq!((base.previous, base.no_speech), (50_361, 50_362));
        assert_eq!(SpecialTokens::of(51_866).unwrap().transcribe, 50_360);
        assert!(SpecialTokens::of(51_864).is_none() && SpecialTokens::of(51_867).is_none());
    }

    #[test]
    fn text_is_split_into_the_longest_tokens() {
        let tokens: [&[u8]; 5] =
            [b"a", b"ab", "党".as_bytes(), &"党".as_bytes()[..2], &"党".as_bytes()[2..]];
        let tokenizer = Tokenizer::new(&tokens.into_iter().map(Into::into).collect());
        assert_eq!(tokenizer.encode("aab党x党"), [0, 1, 2, 2]);
        assert_eq!(tokenizer.id("ab"), Some(1));
    }
}
