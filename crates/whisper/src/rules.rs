//! Which token comes next: suppression, timestamps, sampling (`whisper/decoding.py`,
//! `whisper_process_logits` in whisper.cpp).

use crate::hypothesis::{Hypothesis, MAX_TOKENS, Token};
use crate::kernels::vectors;
use crate::token_filter::TokenFilter;
use crate::tokens::{SpecialTokens, Tokenizer};

/// The latest first timestamp, 1 s, in positions of 20 ms.
const MAX_FIRST_TIMESTAMP: usize = 50;

/// A timestamp this near to the end of the window ends it: 100 ms, in positions.
const NEAR_END: usize = 5;

/// Symbols that do not transcribe speech (`non_speech_tokens`).
#[rustfmt::skip] // One per line, it fills a page.
const NON_SPEECH: [&str; 67] = [
    "\"", "#", "(", ")", "*", "+", "/", ":", ";", "<", "=", ">", "@", "[", "\\", "]", "^", "_",
    "`", "{", "|", "}", "~", "「", "」", "『", "』", "<<", ">>", "<<<", ">>>", "--", "---", "-(",
    "-[", "('", "(\"", "((", "))", "(((", ")))", "[[", "]]", "{{", "}}", "♪♪", "♪♪♪", "♩", "♪",
    "♫", "♬", "♭", "♮", "♯", " \"", " #", " (", " )", " *", " +", " /", " :", " ;", " <", " =",
    " -", " '",
];

/// The decoding rules of a model.
pub struct Rules {
    special: SpecialTokens,
    space: Option<usize>,
    /// Tokens that are never allowed.
    suppressed: Vec<usize>,
}

/// How a token is chosen.
pub struct Sampling<'a> {
    /// The restriction of the language.
    pub filter: &'a TokenFilter,
    /// 0 for the most probable token; otherwise the temperature of random sampling.
    pub temperature: f32,
    /// The source of randomness.
    pub random: &'a mut fastrand::Rng,
    /// Whether tokens keep their probability among all, for other texts to be compared with.
    pub compares: bool,
}

impl Rules {
    /// For a model with these special tokens.
    pub fn new(special: SpecialTokens, tokenizer: &Tokenizer) -> Self {
        let mut suppressed: Vec<usize> =
            NON_SPEECH.iter().filter_map(|token| tokenizer.id(token)).collect();
        suppressed.extend(special.start..special.timestamps.start);
        Self { special, space: tokenizer.id(" "), suppressed }
    }

    /// Appends the next token to the hypothesis of a window of so many positions, by its logits,
    /// `[vocabulary]`. Returns the token's id, or `None` if the hypothesis is complete.
    pub fn next_token(
        &self,
        hypothesis: &mut Hypothesis,
        positions: usize,
        logits: &mut [f32],
        sampling: &mut Sampling<'_>,
    ) -> Option<usize> {
        let among_all = sampling.compares.then(|| logits.to_vec());
        if sampling.temperature > 0.0 {
            vectors::scale(logits, 1.0 / sampling.temperature);
        }
        self.suppress(hypothesis, logits, sampling.filter);
        let mut token = self.sample(logits, sampling);
        if let Some(mut logits) = among_all {
            token.log_probability = log_probability(&mut logits, token.id);
        }
        hypothesis.add_probability(token.probability);
        if token.id == self.special.end {
            hypothesis.ended = true;
            hypothesis.end = Some(token);
            return None;
        }
        hypothesis.tokens.push(token);
        if token.id > self.special.timestamps.start {
            let timestamp = token.id - self.special.timestamps.start;
            hypothesis.last_timestamp = Some(timestamp);
            hypothesis.ended = timestamp + NEAR_END >= positions;
        }
        (!hypothesis.ended && hypothesis.tokens.len() < MAX_TOKENS).then_some(token.id)
    }

    /// The probability that nobody speaks, by the logits after the start of transcript.
    pub fn no_speech(&self, logits: &[f32]) -> f32 {
        let max = vectors::max(logits);
        let sum = vectors::exp_all(&mut logits.to_vec(), max);
        (logits[self.special.no_speech] - max).exp() / sum
    }

    /// The time of a timestamp token, in positions of 20 ms; `None` for other tokens.
    pub fn timestamp(&self, token: usize) -> Option<usize> {
        token.checked_sub(self.special.timestamps.start)
    }

    /// Sets the logits of tokens that are not allowed to minus infinity.
    fn suppress(&self, hypothesis: &Hypothesis, logits: &mut [f32], filter: &TokenFilter) {
        const NEVER: f32 = f32::NEG_INFINITY;
        let first_timestamp = self.special.timestamps.start;
        for id in &self.suppressed {
            logits[*id] = NEVER;
        }
        let previous: Vec<usize> = hypothesis.tokens.iter().map(|token| token.id).collect();
        filter.apply(&previous, logits);
        let is_timestamp =
            |back: usize| previous.iter().rev().nth(back).map(|last| *last >= first_timestamp);
        match (is_timestamp(0), is_timestamp(1)) {
            (None, _) => {
                logits[self.special.end] = NEVER;
                if let Some(space) = self.space {
                    logits[space] = NEVER;
                }
                logits[first_timestamp + MAX_FIRST_TIMESTAMP + 1..].fill(NEVER);
            }
            // Timestamps come in pairs: the end of a segment, the start of the next.
            (Some(true), Some(false)) => logits[..self.special.end].fill(NEVER),
            (Some(true), _) => logits[first_timestamp..].fill(NEVER),
            (Some(false), _) => {}
        }
        if let Some(timestamp) = hypothesis.last_timestamp {
            logits[first_timestamp..first_timestamp + timestamp].fill(NEVER);
        }
        // A loop may leave nothing that completes a character.
        if vectors::max(logits) == NEVER {
            logits[self.special.end] = 0.0;
        }
    }

    fn sample(&self, logits: &mut [f32], sampling: &mut Sampling<'_>) -> Token {
        let max = vectors::max(logits);
        assert!(max.is_finite(), "the largest logit is {max}");
        let sum = vectors::exp_all(logits, max);
        let (text, timestamps) = logits.split_at(self.special.timestamps.start);
        // A timestamp if all of them together are more probable than any text token.
        let is_timestamp = timestamps.iter().sum::<f32>() > vectors::max(text);
        let first = if is_timestamp { text.len() } else { 0 };
        let weights = &logits[first..];
        let index = if sampling.temperature > 0.0 {
            let mut left = sampling.random.f32() * weights.iter().sum::<f32>();
            weights.iter().position(|weight| {
                left -= weight;
                left < 0.0
            })
        } else {
            None
        };
        // By rounding, a random number may be beyond the sum.
        let index = index.unwrap_or_else(|| {
            let max = vectors::max(weights);
            weights.iter().position(|weight| *weight >= max).unwrap_or(0)
        });
        Token { id: first + index, probability: weights[index] / sum, log_probability: 0.0 }
    }
}

/// The natural logarithm of a token's probability. Changes the logits, `[vocabulary]`.
pub fn log_probability(logits: &mut [f32], token: usize) -> f32 {
    let (max, logit) = (vectors::max(logits), logits[token]);
    logit - max - vectors::exp_all(logits, max).ln()
}
