//! The text of a window while it is decoded, and whether to believe it (`whisper/decoding.py`,
//! `whisper_full_with_state` in whisper.cpp).

use std::collections::HashMap;

/// A hypothesis is complete after this many tokens: half of the text context, less the tokens that
/// begin it, as in whisper.cpp.
pub const MAX_TOKENS: usize = 220;

/// The last tokens of a loop have a lower entropy, in nats.
const MIN_ENTROPY: f32 = 2.4;

/// How many of the last tokens the entropy is of.
const ENTROPY_TOKENS: usize = 32;

/// A lower mean log probability is not believed.
const MIN_LOG_PROBABILITY: f32 = -1.0;

/// Nobody speaks if the probability of that is higher and the text is improbable.
const MAX_NO_SPEECH: f32 = 0.6;

/// Nobody speaks if the probability of that is higher and the text repeats the prompt. With the base
/// model, it is 0.79 to 0.99 for songs, birds and applause; at most 0.22 for speech, also by telephone
/// and in noise, but up to 0.9 for a second cut out of speech.
const MAX_NO_SPEECH_OF_ECHO: f32 = 0.75;

/// A higher share of tokens from the prompt is an echo of it.
const MAX_ECHO: f32 = 0.6;

/// Consecutive tokens that count as taken from the prompt.
const ECHO_TOKENS: usize = 3;

/// A decoded token.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// Its id.
    pub id: usize,
    /// Its probability among the allowed tokens.
    pub probability: f32,
    /// The natural logarithm of its probability among all tokens; 0 if nobody wants to compare.
    pub log_probability: f32,
}

/// The tokens of a window so far.
#[derive(Debug, Default, Clone)]
pub struct Hypothesis {
    /// The tokens, without the end of text.
    pub tokens: Vec<Token>,
    /// The last timestamp, in positions of 20 ms.
    pub last_timestamp: Option<usize>,
    /// The probability that nobody speaks.
    pub no_speech: f32,
    /// Whether the text has ended.
    pub ended: bool,
    /// The end of the text, if it was decoded.
    pub end: Option<Token>,
    /// The sum of the log probabilities of all tokens, the end included, and their number.
    log_probability: (f32, f32),
}

impl Hypothesis {
    /// Counts the probability of a token.
    pub fn add_probability(&mut self, probability: f32) {
        self.log_probability.0 += probability.max(f32::MIN_POSITIVE).ln();
        self.log_probability.1 += 1.0;
    }

    fn mean_log_probability(&self) -> f32 {
        self.log_probability.0 / self.log_probability.1.max(1.0)
    }

    /// Whether nobody seems to speak, and the text is not to be believed: it is improbable, or it
    /// continues the prompt in the prompt's words, as models do on music. `text_end` is the first id
    /// that is not text.
    pub fn is_silence(&self, prompt: &[usize], text_end: usize) -> bool {
        self.no_speech > MAX_NO_SPEECH && self.mean_log_probability() < MIN_LOG_PROBABILITY
            || self.no_speech > MAX_NO_SPEECH_OF_ECHO && self.echo(prompt, text_end) > MAX_ECHO
    }

    /// The share of text tokens in sequences of [`ECHO_TOKENS`] that the prompt has as well.
    fn echo(&self, prompt: &[usize], text_end: usize) -> f32 {
        let text = self.tokens.iter().map(|token| token.id).filter(|id| *id < text_end);
        let text: Vec<usize> = text.collect();
        let mut echoes = vec![false; text.len()];
        for (at, sequence) in text.windows(ECHO_TOKENS).enumerate() {
            if prompt.windows(ECHO_TOKENS).any(|known| known == sequence) {
                echoes[at..at + ECHO_TOKENS].fill(true);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 220")]
        let share = |count: usize| count as f32 / text.len().max(1) as f32;
        share(echoes.into_iter().filter(|echo| *echo).count())
    }

    /// Whether to decode again at a higher temperature.
    pub fn needs_fallback(&self) -> bool {
        let improbable =
            self.mean_log_probability() < MIN_LOG_PROBABILITY && self.no_speech < MAX_NO_SPEECH;
        let loops = self.tokens.len() > ENTROPY_TOKENS && self.entropy() < MIN_ENTROPY;
        !self.ended || improbable || loops
    }

    /// The entropy of the last tokens, in nats.
    fn entropy(&self) -> f32 {
        let last = &self.tokens[self.tokens.len().saturating_sub(ENTROPY_TOKENS)..];
        let mut counts: HashMap<usize, f32> = HashMap::new();
        for token in last {
            *counts.entry(token.id).or_default() += 1.0;
        }
        let all: f32 = counts.values().sum();
        -counts.values().map(|count| count / all * (count / all).ln()).sum::<f32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first id that is not text.
    const END: usize = 100;

    fn hypothesis(tokens: &[usize], no_speech: f32, log_probability: f32) -> Hypothesis {
        let token = |id: &usize| Token { id: *id, probability: 0.5, log_probability: 0.0 };
        let tokens = tokens.iter().map(token).collect();
        let log_probability = (log_probability, 1.0);
        Hypothesis { tokens, no_speech, log_probability, ..Hypothesis::default() }
    }

    #[test]
    fn echoes_of_the_prompt_are_silence_only_where_nobody_seems_to_speak() {
        let prompt = [1, 2, 3, 4, 5, 6, 7];
        let (echo, other) = ([END + 20, 3, 4, 5, 6, 9], [1, 2, 9, 3, 4, 8, 5, 6, 7]);
        assert!(hypothesis(&echo, 0.9, -0.4).is_silence(&prompt, END));
        assert!(!hypothesis(&echo, 0.3, -0.4).is_silence(&prompt, END));
        assert!(!hypothesis(&other, 0.9, -0.4).is_silence(&prompt, END));
        assert!(hypothesis(&other, 0.7, -1.1).is_silence(&prompt, END));
        assert!(!hypothesis(&other, 0.5, -1.1).is_silence(&[], END));
    }

    #[test]
    fn loops_and_unended_texts_need_fallback() {
        let ended = |tokens: &[usize]| Hypothesis { ended: true, ..hypothesis(tokens, 0.1, -0.2) };
        let repeated: Vec<usize> = (0..60).map(|at| at % 3).collect();
        assert!(ended(&repeated).needs_fallback());
        assert!(!ended(&(0..60).collect::<Vec<_>>()).needs_fallback());
        assert!(!ended(&repeated[..20]).needs_fallback());
        assert!(hypothesis(&[1, 2], 0.1, -0.2).needs_fallback());
    }
}
