//! What is written for a window, token by token, and the rules each token is chosen by
//! (`whisper/decoding.py`, and `whisper_process_logits` of whisper.cpp).

use std::collections::HashMap;

use super::super::filter::Filter;
use super::kernels;
use super::tokens::{Special, TEXT, Tokenizer};

/// The most tokens for a window: half of the room there is, less what begins them, as in whisper.cpp.
pub const MOST_TOKENS: usize = 220;

/// The latest first timestamp, 1 s, in positions of 20 ms.
const LATEST_START: usize = 50;

/// A timestamp so near to the end is the end: 100 ms, in positions.
const NEAR_END: usize = 5;

/// Text whose last tokens have less entropy than this, in nats, goes round in a circle.
const LEAST_ENTROPY: f32 = 2.4;

/// Tokens whose entropy is looked at.
const ENTROPY_TOKENS: usize = 32;

/// Text that is less likely than this for each token, as a logarithm, is not to be believed.
const LEAST_LIKELY: f32 = -1.0;

/// Nobody speaks if that is more probable than this, and the text is not likely.
const MOST_SILENT: f32 = 0.6;

/// Nobody speaks if that is more probable than this, and the text echoes the prompt. Of songs, birds and
/// applause it is 0.79 to 0.99 with the base model; of spoken reports, on the telephone and in noise,
/// 0.22 at most, but up to 0.9 of a second that was cut out of one.
const SURELY_SILENT: f32 = 0.75;

/// The share of a text's tokens from which on it echoes the prompt.
const ECHO: f32 = 0.6;

/// Tokens in a row that the prompt has as well are an echo of it.
const ECHO_TOKENS: usize = 3;

/// Symbols that stand for something other than speech.
#[rustfmt::skip] // One to a line, it fills a page.
const NO_SPEECH: [&str; 67] = [
    "\"", "#", "(", ")", "*", "+", "/", ":", ";", "<", "=", ">", "@", "[", "\\", "]", "^", "_",
    "`", "{", "|", "}", "~", "「", "」", "『", "』", "<<", ">>", "<<<", ">>>", "--", "---", "-(",
    "-[", "('", "(\"", "((", "))", "(((", ")))", "[[", "]]", "{{", "}}", "♪♪", "♪♪♪", "♩", "♪",
    "♫", "♬", "♭", "♮", "♯", " \"", " #", " (", " )", " *", " +", " /", " :", " ;", " <", " =",
    " -", " '",
];

/// What may be written, for one model.
pub struct Rules {
    special: Special,
    space: Option<usize>,
    /// Tokens that are never written.
    never: Vec<usize>,
}

/// A token that was chosen.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// Its number.
    pub number: usize,
    /// Its probability among those that were allowed.
    pub probability: f32,
}

/// What is written for a window.
#[derive(Debug, Default, Clone)]
pub struct Draft {
    /// In order; the one that ends the text is not among them.
    pub tokens: Vec<Token>,
    /// The last time that was written, in positions of 20 ms.
    time: Option<usize>,
    /// How probable it is that nobody speaks.
    pub silence: f32,
    /// The sum of the logarithms of all probabilities, and how many there were.
    likely: (f32, f32),
    /// Whether it came to an end by itself.
    ended: bool,
}

/// How to choose.
pub struct Choice<'a> {
    /// What the language allows.
    pub filter: &'a Filter,
    /// 0 for the likeliest token, otherwise one by chance, the likelier the oftener.
    pub temperature: f32,
    /// Where the chance comes from.
    pub random: &'a mut fastrand::Rng,
}

impl Rules {
    /// For a model with these special tokens.
    pub fn new(special: Special, tokenizer: &Tokenizer) -> Self {
        let mut never: Vec<usize> = NO_SPEECH.iter().filter_map(|t| tokenizer.number(t)).collect();
        never.extend((special.start..special.timestamps.start).collect::<Vec<_>>());
        Self { special, space: tokenizer.number(" "), never }
    }

    /// Chooses the next token of a draft for a window of so many positions. Returns it, or `None` if
    /// the draft is complete.
    pub fn go_on(
        &self,
        draft: &mut Draft,
        positions: usize,
        logits: &mut [f32],
        choice: &mut Choice<'_>,
    ) -> Option<usize> {
        if choice.temperature > 0.0 {
            kernels::scale(logits, 1.0 / choice.temperature);
        }
        self.restrict(draft, logits, choice.filter);
        let chosen = self.choose(logits, choice)?;
        draft.likely.0 += chosen.probability.max(f32::MIN_POSITIVE).ln();
        draft.likely.1 += 1.0;
        if chosen.number == self.special.end {
            draft.ended = true;
            return None;
        }
        draft.tokens.push(chosen);
        if chosen.number > self.special.timestamps.start {
            let time = chosen.number - self.special.timestamps.start;
            draft.time = Some(time);
            draft.ended = time + NEAR_END >= positions;
        }
        (!draft.ended && draft.tokens.len() < MOST_TOKENS).then_some(chosen.number)
    }

    /// How probable it is that nobody speaks, by the logits after the token that begins a text.
    pub fn silence(&self, logits: &[f32]) -> f32 {
        let largest = kernels::largest(logits);
        let sum = kernels::exponentials(&mut logits.to_vec(), largest);
        (logits[self.special.no_speech] - largest).exp() / sum
    }

    fn restrict(&self, draft: &Draft, logits: &mut [f32], filter: &Filter) {
        const NEVER: f32 = f32::NEG_INFINITY;
        let first_time = self.special.timestamps.start;
        for number in &self.never {
            logits[*number] = NEVER;
        }
        let written: Vec<usize> = draft.tokens.iter().map(|token| token.number).collect();
        filter.restrict(&written, logits);
        let is_time = |back: usize| written.iter().rev().nth(back).map(|last| *last >= first_time);
        match (is_time(0), is_time(1)) {
            (None, _) => {
                logits[self.special.end] = NEVER;
                if let Some(space) = self.space {
                    logits[space] = NEVER;
                }
                logits[first_time + LATEST_START + 1..].fill(NEVER);
            }
            // Times come in pairs: the end of one piece, the start of the next.
            (Some(true), Some(false)) => logits[..self.special.end].fill(NEVER),
            (Some(true), _) => logits[first_time..].fill(NEVER),
            (Some(false), _) => {}
        }
        if let Some(time) = draft.time {
            logits[first_time..first_time + time].fill(NEVER);
        }
    }

    fn choose(&self, logits: &mut [f32], choice: &mut Choice<'_>) -> Option<Token> {
        let largest = kernels::largest(logits);
        let sum = kernels::exponentials(logits, largest);
        let (text, times) = logits.split_at(self.special.timestamps.start);
        // A time is written if all times together are more probable than any text.
        let from = if times.iter().sum::<f32>() > kernels::largest(text) { text.len() } else { 0 };
        let allowed = &logits[from..];
        let best = if choice.temperature > 0.0 {
            let mut left = choice.random.f32() * allowed.iter().sum::<f32>();
            allowed.iter().position(|weight| {
                left -= weight;
                left < 0.0
            })
        } else {
            let best = kernels::largest(allowed);
            allowed.iter().position(|weight| *weight >= best)
        };
        best.map(|best| Token { number: from + best, probability: allowed[best] / sum })
    }

    /// The times of special tokens.
    pub fn time(&self, token: usize) -> Option<usize> {
        token.checked_sub(self.special.timestamps.start)
    }
}

impl Draft {
    /// The mean logarithm of the tokens' probabilities.
    fn likelihood(&self) -> f32 {
        self.likely.0 / self.likely.1.max(1.0)
    }

    /// Whether nobody seems to have spoken, and the text is not to be believed: it is unlikely, or it goes
    /// on fluently in the words of the prompt, as a model does when it hears music.
    pub fn is_silence(&self, prompt: &[usize]) -> bool {
        self.silence > MOST_SILENT && self.likelihood() < LEAST_LIKELY
            || self.silence > SURELY_SILENT && self.echo(prompt) > ECHO
    }

    /// The share of the tokens that stand in the prompt in the same order, several in a row.
    fn echo(&self, prompt: &[usize]) -> f32 {
        let text = self.tokens.iter().map(|token| token.number).filter(|number| *number < TEXT);
        let written: Vec<usize> = text.collect();
        let mut echoes = vec![false; written.len()];
        for (at, some) in written.windows(ECHO_TOKENS).enumerate() {
            if prompt.windows(ECHO_TOKENS).any(|known| known == some) {
                echoes[at..at + ECHO_TOKENS].fill(true);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 220")]
        let share = |count: usize| count as f32 / written.len().max(1) as f32;
        share(echoes.into_iter().filter(|echo| *echo).count())
    }

    /// Whether it is better to write the window again, with another temperature.
    pub fn is_doubtful(&self) -> bool {
        let unlikely = self.likelihood() < LEAST_LIKELY && self.silence < MOST_SILENT;
        let circles = self.tokens.len() > ENTROPY_TOKENS && self.entropy() < LEAST_ENTROPY;
        !self.ended || unlikely || circles
    }

    /// How much the last tokens differ, in nats.
    fn entropy(&self) -> f32 {
        let last = &self.tokens[self.tokens.len().saturating_sub(ENTROPY_TOKENS)..];
        let mut counts: HashMap<usize, f32> = HashMap::new();
        for token in last {
            *counts.entry(token.number).or_default() += 1.0;
        }
        let all: f32 = counts.values().sum();
        -counts.values().map(|count| count / all * (count / all).ln()).sum::<f32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(tokens: &[usize], silence: f32, likelihood: f32) -> Draft {
        let token = |number: &usize| Token { number: *number, probability: 0.5 };
        let tokens = tokens.iter().map(token).collect();
        Draft { tokens, silence, likely: (likelihood, 1.0), ..Draft::default() }
    }

    #[test]
    fn echoes_of_the_prompt_are_silence_only_where_nobody_seems_to_speak() {
        let prompt = [1, 2, 3, 4, 5, 6, 7];
        let (echo, other) = ([TEXT + 200, 3, 4, 5, 6, 9], [1, 2, 9, 3, 4, 8, 5, 6, 7]);
        assert!(draft(&echo, 0.9, -0.4).is_silence(&prompt));
        assert!(!draft(&echo, 0.3, -0.4).is_silence(&prompt));
        assert!(!draft(&other, 0.9, -0.4).is_silence(&prompt));
        assert!(draft(&other, 0.7, -1.1).is_silence(&prompt));
        assert!(!draft(&other, 0.5, -1.1).is_silence(&[]));
    }

    #[test]
    fn a_text_that_goes_round_in_a_circle_is_doubtful() {
        let ended = |tokens: &[usize]| Draft { ended: true, ..draft(tokens, 0.1, -0.2) };
        let circle: Vec<usize> = (0..60).map(|at| at % 3).collect();
        assert!(ended(&circle).is_doubtful());
        assert!(!ended(&(0..60).collect::<Vec<_>>()).is_doubtful());
        assert!(!ended(&circle[..20]).is_doubtful());
        assert!(draft(&[1, 2], 0.1, -0.2).is_doubtful());
    }
}
