//! A batch of windows that are decoded together.

use ndarray::{Array2, Axis};

use crate::compute::Compute;
use crate::decoder::{Input, WindowCache};
use crate::hypothesis::Hypothesis;
use crate::languages::{self, LANGUAGES};
use crate::matrix;
use crate::model::Model;
use crate::options::{
    SAMPLES_PER_POSITION, ScoredAlternative, Segment, TranscribeOptions, Transcription,
};
use crate::rules::Sampling;
use crate::scoring::Scorer;
use crate::spelling::{self, Piece, Spelling};

/// The temperatures of fallback, until the text is to be believed.
const TEMPERATURES: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// From this temperature on, windows have no prompt.
const MIN_UNPROMPTED_TEMPERATURE: f32 = 0.5;

/// Tokens of a prompt at most: half of the text context, less the token that starts it.
const MAX_PROMPT: usize = 223;

/// Tokens after the start of transcript, before the text: language and task.
const LANGUAGE_AND_TASK: usize = 2;

/// A batch of windows.
pub struct Batch<'a> {
    model: &'a Model,
    options: &'a TranscribeOptions<'a>,
    /// The tokens of the prompt.
    prompt: Vec<usize>,
    windows: Vec<Window>,
    /// The decoder's caches, one for each window.
    caches: Vec<WindowCache>,
}

struct Window {
    /// The length of the audio in positions of 20 ms.
    positions: usize,
    /// The index of the language.
    language: usize,
    /// How many tokens stand before those of the hypothesis.
    begun: usize,
    hypothesis: Hypothesis,
    random: fastrand::Rng,
}

impl<'a> Batch<'a> {
    /// Encodes windows, and detects their languages if none is given.
    pub fn encode(
        model: &'a Model,
        windows: &[&[f32]],
        options: &'a TranscribeOptions<'a>,
    ) -> Self {
        let compute = model.compute(false, options.threads);
        let begin = |samples: &&[f32]| {
            let encoded = model.encode(samples, options.audio_context, options.threads);
            model.decoder.begin(&encoded, compute)
        };
        let mut caches: Vec<WindowCache> = windows.iter().map(begin).collect();
        let languages = match model.language_index(options.language) {
            Some(language) => vec![language; caches.len()],
            None => detect_languages(model, &mut caches),
        };
        let windows = windows.iter().zip(languages).map(|(samples, language)| Window {
            positions: samples.len() / SAMPLES_PER_POSITION,
            language,
            begun: 0,
            hypothesis: Hypothesis::default(),
            random: fastrand::Rng::with_seed(0),
        });
        let mut prompt = model.tokenizer.encode(options.prompt);
        prompt.drain(..prompt.len().saturating_sub(MAX_PROMPT));
        Self { model, options, prompt, windows: windows.collect(), caches }
    }

    /// Decodes the text of each window.
    pub fn decode(mut self) -> Vec<Transcription> {
        let mut left: Vec<usize> = (0..self.windows.len()).collect();
        let temperatures =
            if self.options.temperature_fallback { &TEMPERATURES[..] } else { &TEMPERATURES[..1] };
        for temperature in temperatures {
            if left.is_empty() {
                break;
            }
            self.decode_at(&left, *temperature);
            left.retain(|window| self.windows[*window].hypothesis.needs_fallback());
        }
        let pieces: Vec<Vec<Piece>> =
            self.windows.iter().map(|window| self.pieces(window)).collect();
        let alternatives = self.alternatives(&pieces);
        let transcription =
            |((window, pieces), alternatives): ((&Window, Vec<Piece>), _)| Transcription {
                language: Some(LANGUAGES[window.language]),
                segments: pieces.into_iter().map(|piece| piece.segment).collect(),
                alternatives,
            };
        self.windows.iter().zip(pieces).zip(alternatives).map(transcription).collect()
    }

    /// Asks for other texts of each window, and scores them.
    fn alternatives(&mut self, pieces: &[Vec<Piece>]) -> Vec<Vec<ScoredAlternative>> {
        let Some(ask) = self.options.alternatives else { return vec![Vec::new(); pieces.len()] };
        let spellings = self.windows.iter().zip(pieces).map(|(window, pieces)| {
            let segments: Vec<&Segment> = pieces.iter().map(|piece| &piece.segment).collect();
            let spelled = ask(&segments).into_iter().filter_map(|alternative| {
                let piece = pieces.get(alternative.segment)?;
                Spelling::new(&window.hypothesis, piece, alternative, self.model)
            });
            spelled.collect()
        });
        let spellings: Vec<Vec<Spelling>> = spellings.collect();
        let begun: Vec<usize> = self.windows.iter().map(|window| window.begun).collect();
        let scorer = Scorer { model: self.model, threads: self.options.threads };
        scorer.score(spellings, &begun, &mut self.caches)
    }

    /// Decodes some of the windows from their start.
    fn decode_at(&mut self, windows: &[usize], temperature: f32) {
        let mut inputs = Vec::new();
        let mut last = Vec::new();
        for window in windows {
            let tokens = self.initial_tokens(*window, temperature < MIN_UNPROMPTED_TEMPERATURE);
            let input = |(position, token)| Input { window: *window, token, position };
            inputs.extend(tokens.into_iter().enumerate().map(input));
            last.push(inputs.len() - 1);
            self.windows[*window].begun = inputs[inputs.len() - 1].position + 1;
            self.windows[*window].hypothesis = Hypothesis::default();
            // The same sound gives the same text.
            self.windows[*window].random.seed(0);
        }
        let few_rows = self.model.compute(true, 1);
        let compute = self.model.compute(false, self.options.threads);
        let state = self.decode_tokens(&inputs, compute);
        // Whisper was trained to say that nobody speaks right after the start of transcript.
        let start: Vec<usize> = last.iter().map(|at| at - LANGUAGE_AND_TASK).collect();
        let logits = self.model.decoder.logits(&state.select(Axis(0), &start), few_rows);
        for (at, window) in windows.iter().enumerate() {
            let no_speech = self.model.rules.no_speech(matrix::row(&logits, at));
            self.windows[*window].hypothesis.no_speech = no_speech;
        }
        let mut state = state.select(Axis(0), &last);
        let mut inputs: Vec<Input> = last.into_iter().map(|at| inputs[at]).collect();
        loop {
            let logits = self.model.decoder.logits(&state, few_rows);
            inputs = self.next_inputs(&inputs, logits, temperature);
            if inputs.is_empty() {
                return;
            }
            state = self.decode_tokens(&inputs, few_rows);
        }
    }

    fn decode_tokens(&mut self, inputs: &[Input], compute: Compute) -> Array2<f32> {
        self.model.decoder.decode(inputs, &mut self.caches, compute)
    }

    /// Chooses the token after each input. Returns those of windows that are not complete.
    fn next_inputs(
        &mut self,
        inputs: &[Input],
        mut logits: Array2<f32>,
        temperature: f32,
    ) -> Vec<Input> {
        let mut next = Vec::new();
        for (at, input) in inputs.iter().enumerate() {
            let Window { positions, hypothesis, random, .. } = &mut self.windows[input.window];
            let compares = self.options.alternatives.is_some();
            let filter = self.options.filter;
            let mut sampling = Sampling { filter, temperature, random, compares };
            let logits = matrix::row_mut(&mut logits, at);
            let rules = &self.model.rules;
            if let Some(token) = rules.next_token(hypothesis, *positions, logits, &mut sampling) {
                next.push(Input { token, position: input.position + 1, ..*input });
            }
        }
        next
    }

    /// The tokens before the text of a window.
    fn initial_tokens(&self, window: usize, prompted: bool) -> Vec<usize> {
        let special = &self.model.special;
        let mut tokens = Vec::new();
        if prompted && !self.prompt.is_empty() {
            tokens.push(special.previous);
            tokens.extend(&self.prompt);
        }
        let language = special.languages.start + self.windows[window].language;
        tokens.extend([special.start, language, special.transcribe]);
        tokens
    }

    /// The text between one timestamp and the next; none if nobody speaks.
    fn pieces(&self, window: &Window) -> Vec<Piece> {
        if window.hypothesis.is_silence(&self.prompt, self.model.special.end) {
            return Vec::new();
        }
        spelling::pieces(&window.hypothesis, window.positions, self.model)
    }
}

/// The index of the most probable language of each window.
fn detect_languages(model: &Model, caches: &mut [WindowCache]) -> Vec<usize> {
    let token = model.special.start;
    let inputs = (0..caches.len()).map(|window| Input { window, token, position: 0 });
    let inputs: Vec<Input> = inputs.collect();
    let few_rows = model.compute(true, 1);
    let state = model.decoder.decode(&inputs, caches, few_rows);
    let logits = model.decoder.logits(&state, few_rows);
    let most_probable = |window: usize| {
        let logits = &matrix::row(&logits, window)[model.special.languages.clone()];
        let languages = logits.iter().enumerate();
        languages.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(index, _)| index)
    };
    (0..inputs.len()).map(most_probable).collect()
}

impl Model {
    /// The index of a language that the model knows.
    pub(crate) fn language_index(&self, code: Option<&str>) -> Option<usize> {
        let index = languages::index(code?)?;
        (index < self.special.languages.len()).then_some(index)
    }
}
