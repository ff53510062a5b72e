//! Which tokens made which characters of a text, and the tokens of another text in their place.

use std::ops::Range;

use crate::hypothesis::{Hypothesis, Token};
use crate::model::Model;
use crate::options::{Alternative, Segment};
use crate::utf8::Utf8Joiner;

/// Milliseconds per position.
const POSITION_MS: u64 = 20;

/// So many tokens after an alternative are scored with it: a text that was not said makes what follows
/// improbable.
const AFTERWARDS: usize = 8;

/// A segment, and where its characters come from.
#[derive(Debug, Clone, Default)]
pub struct Piece {
    /// The segment.
    pub segment: Segment,
    /// For each character of its text, the tokens of the hypothesis that have its bytes.
    tokens: Vec<Range<usize>>,
}

/// The texts between one timestamp and the next. `positions` is the window's length.
pub fn pieces(hypothesis: &Hypothesis, positions: usize, model: &Model) -> Vec<Piece> {
    let ms = |positions: usize| positions as u64 * POSITION_MS;
    let mut joiner = Utf8Joiner::default();
    let mut pieces = Vec::new();
    let (mut piece, mut probabilities) = (Piece::default(), Vec::new());
    // The first token of a character that has begun.
    let mut begun = None;
    let mut end = |piece: &mut Piece, probabilities: &mut Vec<f32>, time: u64| {
        let next = Segment { start_ms: time, ..Segment::default() };
        let mut piece = std::mem::replace(piece, Piece { segment: next, tokens: Vec::new() });
        let probabilities = std::mem::take(probabilities);
        if !probabilities.is_empty() {
            piece.segment.end_ms = time;
            piece.segment.probability = mean(&probabilities);
            pieces.push(piece);
        }
    };
    for (at, token) in hypothesis.tokens.iter().enumerate() {
        if let Some(time) = model.rules.timestamp(token.id) {
            end(&mut piece, &mut probabilities, ms(time));
        } else if let Some(bytes) = model.tokens.get(token.id) {
            let text = joiner.push(bytes);
            for _ in text.chars() {
                piece.segment.char_probabilities.push(token.probability);
                piece.tokens.push(begun.take().unwrap_or(at)..at + 1);
            }
            if joiner.is_incomplete() {
                begun.get_or_insert(at);
            } else {
                begun = None;
            }
            piece.segment.text.push_str(&text);
            probabilities.push(token.probability);
        }
    }
    let length = ms(positions).max(piece.segment.start_ms);
    end(&mut piece, &mut probabilities, length);
    pieces
}

fn mean(numbers: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most 220")]
    let count = numbers.len() as f32;
    numbers.iter().sum::<f32>() / count
}

/// An alternative as tokens, beside those of the hypothesis.
#[derive(Debug)]
pub struct Spelling {
    /// What it spells.
    pub alternative: Alternative,
    /// The index of the first token of the hypothesis that differs.
    pub at: usize,
    /// The token before it; `None` at the beginning of the hypothesis.
    pub before: Option<usize>,
    /// The natural logarithm of the probability of the hypothesis from there on, a few tokens after the alternative's
    /// end included.
    pub recognised: f32,
    /// The alternative's tokens, and the same after them.
    pub instead: Vec<usize>,
}

impl Spelling {
    /// `None` if the alternative is no part of the piece, or has the same tokens.
    pub fn new(
        hypothesis: &Hypothesis,
        piece: &Piece,
        alternative: Alternative,
        model: &Model,
    ) -> Option<Self> {
        let characters = &alternative.characters;
        if characters.start > characters.end || characters.end > piece.tokens.len() {
            return None;
        }
        let whole = whole_tokens(&piece.tokens, characters);
        let first = match piece.tokens.get(whole.start) {
            Some(tokens) => tokens.start,
            None => piece.tokens.last()?.end,
        };
        let end = if whole.is_empty() { first } else { piece.tokens[whole.end - 1].end };
        let kept = |from: usize, to: usize| {
            piece.segment.text.chars().skip(from).take(to - from).collect::<String>()
        };
        let text = [
            &kept(whole.start, characters.start),
            &*alternative.text,
            &kept(characters.end, whole.end),
        ]
        .concat();
        let ids = |tokens: &[Token]| tokens.iter().map(|token| token.id).collect::<Vec<_>>();
        let recognised = &hypothesis.tokens[first..end];
        let after = hypothesis.tokens[end..].iter().chain(&hypothesis.end).copied();
        let after: Vec<Token> = after.take(AFTERWARDS).collect();
        let instead = model.tokenizer.encode(&text);
        let log_probability = recognised.iter().chain(&after).map(|token| token.log_probability);
        (instead != ids(recognised)).then(|| Self {
            at: first,
            before: first.checked_sub(1).map(|before| hypothesis.tokens[before].id),
            recognised: log_probability.sum(),
            instead: [instead, ids(&after)].concat(),
            alternative,
        })
    }
}

/// The characters whose tokens have a byte of some characters, and of nothing else. `tokens` are those of
/// each character.
fn whole_tokens(tokens: &[Range<usize>], characters: &Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = *characters;
    if start == end && tokens.get(start).is_none_or(|next| next.start > 0) {
        // Between two characters; they may share a token.
        let shared = start.checked_sub(1).zip(tokens.get(start));
        if shared.is_none_or(|(before, next)| tokens[before].end <= next.start) {
            return start..end;
        }
        end += 1;
    }
    while start > 0 && start < tokens.len() && tokens[start - 1].end > tokens[start].start {
        start -= 1;
    }
    while end > start && end < tokens.len() && tokens[end].start < tokens[end - 1].end {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_tokens_are_replaced() {
        // Two characters in a token; one of two tokens; two that share their second token.
        let tokens = [0..1, 0..1, 1..3, 3..5, 4..6, 6..7];
        for (characters, expected) in [
            (0..1, 0..2),
            (1..2, 0..2),
            (2..3, 2..3),
            (3..4, 3..5),
            (4..6, 3..6),
            (2..2, 2..2),
            (1..1, 0..2),
            (4..4, 3..5),
            (6..6, 6..6),
            (0..6, 0..6),
        ] {
            assert_eq!(whole_tokens(&tokens, &characters), expected, "{characters:?}");
        }
    }
}
