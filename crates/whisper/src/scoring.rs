//! Scores other texts against the sound of windows that were decoded: teacher forcing, with the caches that
//! decoding left.

use crate::decoder::{Input, WindowCache};
use crate::matrix;
use crate::model::Model;
use crate::options::ScoredAlternative;
use crate::rules::log_probability;
use crate::spelling::Spelling;

/// Scores spellings of the windows of a batch.
pub struct Scorer<'a> {
    /// The model that decoded them.
    pub model: &'a Model,
    /// Threads to use.
    pub threads: u32,
}

/// Tokens of a window that are to be scored together.
struct Sequence<'a> {
    window: usize,
    /// The token before the first, and its position.
    before: (usize, usize),
    tokens: &'a [usize],
}

impl Scorer<'_> {
    /// The scores of each window's spellings. Before the tokens of window `n`'s hypothesis stand `begun[n]`
    /// others.
    ///
    /// All windows take part in each step, with one spelling each. A step writes over the cache from its
    /// spelling on, so the last spelling of a window comes first: what stands before it is still as it was
    /// decoded.
    pub fn score(
        &self,
        mut spellings: Vec<Vec<Spelling>>,
        begun: &[usize],
        caches: &mut [WindowCache],
    ) -> Vec<Vec<ScoredAlternative>> {
        for of_window in &mut spellings {
            of_window.sort_by_key(|spelling| spelling.at);
        }
        let mut scored: Vec<Vec<ScoredAlternative>> = vec![Vec::new(); spellings.len()];
        loop {
            let step: Vec<(usize, Spelling)> = spellings
                .iter_mut()
                .enumerate()
                .filter_map(|(window, left)| Some((window, left.pop()?)))
                .collect();
            if step.is_empty() {
                break;
            }
            let sequences: Vec<Sequence<'_>> =
                step.iter().map(|(window, it)| self.sequence(*window, it, begun)).collect();
            let instead = self.log_probabilities(&sequences, caches);
            for ((window, spelling), instead) in step.into_iter().zip(instead) {
                let Spelling { alternative, recognised, .. } = spelling;
                scored[window].push(ScoredAlternative { alternative, recognised, instead });
            }
        }
        for of_window in &mut scored {
            of_window.reverse();
        }
        scored
    }

    fn sequence<'a>(&self, window: usize, spelling: &'a Spelling, begun: &[usize]) -> Sequence<'a> {
        let before = spelling.before.unwrap_or(self.model.special.transcribe);
        let position = begun[window] + spelling.at - 1;
        Sequence { window, before: (before, position), tokens: &spelling.instead }
    }

    /// The natural logarithm of the probability of each sequence.
    fn log_probabilities(
        &self,
        sequences: &[Sequence<'_>],
        caches: &mut [WindowCache],
    ) -> Vec<f32> {
        let mut inputs = Vec::new();
        let mut targets = Vec::new();
        for (at, sequence) in sequences.iter().enumerate() {
            let (before, position) = sequence.before;
            let tokens = std::iter::once(&before).chain(sequence.tokens);
            for ((offset, token), target) in tokens.enumerate().zip(sequence.tokens) {
                let (window, token, position) = (sequence.window, *token, position + offset);
                inputs.push(Input { window, token, position });
                targets.push((at, *target));
            }
        }
        let compute = self.model.compute(false, self.threads);
        let state = self.model.decoder.decode(&inputs, caches, compute);
        let mut logits = self.model.decoder.logits(&state, compute);
        let mut sums = vec![0.0; sequences.len()];
        for (row, (sequence, target)) in targets.into_iter().enumerate() {
            let logits = matrix::row_mut(&mut logits, row);
            sums[sequence] += log_probability(logits, target);
        }
        sums
    }
}
