//! A batch of windows that are decoded together.

use ndarray::{Array2, Axis};

use crate::compute::Compute;
use crate::decoder::{Input, WindowCache};
use crate::hypothesis::Hypothesis;
use crate::languages::{self, LANGUAGES};
use crate::matrix;
use crate::model::Model;
use crate::options::{SAMPLES_PER_POSITION, Segment, TranscribeOptions, Transcription};
use crate::rules::Sampling;
use crate::utf8::Utf8Joiner;

/// The temperatures of fallback, until the text is to be believed.
const TEMPERATURES: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// From this temperature on, windows have no prompt.
const MIN_UNPROMPTED_TEMPERATURE: f32 = 0.5;

/// Tokens of a prompt at most: half of the text context, less the token that starts it.
const MAX_PROMPT: usize = 223;

/// Tokens after the start of transcript, before the text: language and task.
const LANGUAGE_AND_TASK: usize = 2;

/// Milliseconds per position.
const POSITION_MS: u64 = 20;

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
        self.windows.iter().map(|window| self.transcription(window)).collect()
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
            let mut sampling = Sampling { filter: self.options.filter, temperature, random };
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

    fn transcription(&self, window: &Window) -> Transcription {
        let is_silence = window.hypothesis.is_silence(&self.prompt, self.model.special.end);
        let segments = if is_silence { Vec::new() } else { self.segments(window) };
        Transcription { language: Some(LANGUAGES[window.language]), segments }
    }

    /// The text between one timestamp and the next.
    fn segments(&self, window: &Window) -> Vec<Segment> {
        let ms = |positions: usize| positions as u64 * POSITION_MS;
        let mut joiner = Utf8Joiner::default();
        let mut segments = Vec::new();
        let (mut segment, mut probabilities) = (Segment::default(), Vec::new());
        let mut end = |segment: &mut Segment, probabilities: &mut Vec<f32>, time: u64| {
            let next = Segment { start_ms: time, ..Segment::default() };
            let mut segment = std::mem::replace(segment, next);
            let probabilities = std::mem::take(probabilities);
            if !probabilities.is_empty() {
                segment.end_ms = time;
                segment.probability = mean(&probabilities);
                segments.push(segment);
            }
        };
        for token in &window.hypothesis.tokens {
            if let Some(time) = self.model.rules.timestamp(token.id) {
                end(&mut segment, &mut probabilities, ms(time));
            } else if let Some(bytes) = self.model.tokens.get(token.id) {
                let text = joiner.push(bytes);
                segment.char_probabilities.extend(text.chars().map(|_| token.probability));
                segment.text.push_str(&text);
                probabilities.push(token.probability);
            }
        }
        let length = ms(window.positions).max(segment.start_ms);
        end(&mut segment, &mut probabilities, length);
        segments
    }
}

fn mean(numbers: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most 220")]
    let count = numbers.len() as f32;
    numbers.iter().sum::<f32>() / count
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
