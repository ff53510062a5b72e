//! Windows that are heard and written side by side.

use ndarray::{Array2, Axis};

use super::super::super::{AUTO, Effort, Heard, Piece, Request};
use super::super::{SAMPLES_PER_POSITION, Utf8Joiner, positions, prompt};
use super::Native;
use super::decoder::{Input, Memory};
use super::draft::{Choice, Draft};
use super::linear::Work;

/// Temperatures that are tried with [`Effort::Careful`], until one gives a text to be believed.
const TEMPERATURES: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];

/// From this temperature on, nothing is given to go on from.
const WITHOUT_PROMPT: f32 = 0.5;

/// The most tokens of a prompt: half of the room there is, less the token before them.
const MOST_PROMPT: usize = 223;

/// Milliseconds of a position.
const POSITION_MS: u64 = 20;

/// Windows that are written side by side.
pub struct Batch<'a> {
    model: &'a Native,
    request: &'a Request<'a>,
    /// What windows are given to go on from.
    prompt: Vec<usize>,
    windows: Vec<Window>,
    /// What the decoder knows of each window.
    memories: Vec<Memory>,
}

/// A window while it is written.
struct Window {
    /// Length of the sound in positions of 20 ms.
    positions: usize,
    /// The number of the language.
    language: usize,
    draft: Draft,
    random: fastrand::Rng,
}

impl<'a> Batch<'a> {
    /// Listens to sounds, and finds out their languages if they are not told.
    pub fn listen(model: &'a Native, sounds: &[&[f32]], request: &'a Request<'a>) -> Self {
        let work = model.work(false, request.threads);
        let memories = sounds.iter().map(|samples| {
            let frames = 2 * positions(samples.len(), request.effort);
            let spectrogram = model.spectrogram.of(samples, frames);
            let sound = model.encoder.of(&spectrogram, work);
            model.decoder.listen(&sound, work)
        });
        let mut memories: Vec<Memory> = memories.collect();
        let told = request.language.filter(|code| *code != AUTO).and_then(whisper_rs::get_lang_id);
        let told = told.and_then(|number| usize::try_from(number).ok());
        let languages = match told {
            Some(language) => vec![language; memories.len()],
            None => model.languages(&mut memories),
        };
        let windows = sounds.iter().zip(languages).map(|(samples, language)| Window {
            positions: samples.len() / SAMPLES_PER_POSITION,
            language,
            draft: Draft::default(),
            random: fastrand::Rng::new(),
        });
        let prompt = model.prompt(request);
        Self { model, request, prompt, windows: windows.collect(), memories }
    }

    /// Writes what is said in each.
    pub fn write(mut self) -> Vec<Heard> {
        let mut left: Vec<usize> = (0..self.windows.len()).collect();
        let temperatures = match self.request.effort {
            // No more than one: the guards look at the text and decide.
            Effort::Usual => &TEMPERATURES[..1],
            Effort::Careful => &TEMPERATURES,
        };
        for temperature in temperatures {
            if left.is_empty() {
                break;
            }
            self.attempt(&left, *temperature);
            left.retain(|window| self.windows[*window].draft.is_doubtful());
        }
        self.windows.iter().map(|window| self.heard(window)).collect()
    }

    /// Writes some of the windows, from their beginning.
    fn attempt(&mut self, windows: &[usize], temperature: f32) {
        let mut inputs = Vec::new();
        let mut last = Vec::new();
        for window in windows {
            let tokens = self.beginning(*window, temperature < WITHOUT_PROMPT);
            let input = |(position, token)| Input { window: *window, token, position };
            inputs.extend(tokens.into_iter().enumerate().map(input));
            last.push(inputs.len().saturating_sub(1));
            self.windows[*window].draft = Draft::default();
            // The same sound gives the same text.
            self.windows[*window].random.seed(0);
        }
        let few = self.model.work(true, 1);
        let state = self.read(&inputs, self.model.work(false, self.request.threads));
        // Right after the token that begins a text, before its language: there the model was taught to
        // say that nobody speaks.
        let begun: Vec<usize> = last.iter().map(|at| at - 2).collect();
        let logits = self.model.decoder.next(&state.select(Axis(0), &begun), few);
        for (window, logits) in windows.iter().zip(logits.rows()) {
            if let Some(logits) = logits.to_slice() {
                self.windows[*window].draft.silence = self.model.rules.silence(logits);
            }
        }
        let mut state = state.select(Axis(0), &last);
        let mut inputs: Vec<Input> = last.into_iter().map(|at| inputs[at]).collect();
        loop {
            let logits = self.model.decoder.next(&state, few);
            inputs = self.choose(&inputs, logits, temperature);
            if inputs.is_empty() {
                return;
            }
            state = self.read(&inputs, few);
        }
    }

    fn read(&mut self, inputs: &[Input], work: Work) -> Array2<f32> {
        self.model.decoder.read(inputs, &mut self.memories, work)
    }

    /// Chooses what comes after each of `inputs`. Returns it for those windows that go on.
    fn choose(
        &mut self,
        inputs: &[Input],
        mut logits: Array2<f32>,
        temperature: f32,
    ) -> Vec<Input> {
        let model = self.model;
        let mandarin = self.request.language == Some("zh");
        let filter = if mandarin { &model.mandarin } else { &model.other };
        let mut next = Vec::new();
        for (input, mut logits) in inputs.iter().zip(logits.rows_mut()) {
            let window = &mut self.windows[input.window];
            let mut choice = Choice { filter, temperature, random: &mut window.random };
            let Some(logits) = logits.as_slice_mut() else { continue };
            let draft = &mut window.draft;
            if let Some(token) = model.rules.go_on(draft, window.positions, logits, &mut choice) {
                next.push(Input { token, position: input.position + 1, ..*input });
            }
        }
        next
    }

    /// The tokens that a window begins with.
    fn beginning(&self, window: usize, prompted: bool) -> Vec<usize> {
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

    fn heard(&self, window: &Window) -> Heard {
        let code = i32::try_from(window.language).ok().and_then(whisper_rs::get_lang_str);
        let code = self.request.language.or(code).unwrap_or("zh");
        let silent = window.draft.is_silence(&self.prompt);
        let pieces = if silent { Vec::new() } else { self.pieces(window) };
        Heard { language: code.to_owned(), pieces }
    }

    /// The text between one time and the next.
    fn pieces(&self, window: &Window) -> Vec<Piece> {
        let ms = |positions: usize| positions as u64 * POSITION_MS;
        let mut joiner = Utf8Joiner::default();
        let mut pieces = Vec::new();
        let (mut piece, mut probabilities) = (Piece::default(), Vec::new());
        let mut end = |piece: &mut Piece, probabilities: &mut Vec<f32>, time: u64| {
            let next = Piece { start_ms: time, ..Piece::default() };
            let mut piece = std::mem::replace(piece, next);
            let probabilities = std::mem::take(probabilities);
            if !probabilities.is_empty() {
                piece.end_ms = time;
                piece.confidence = mean(&probabilities);
                pieces.push(piece);
            }
        };
        for token in &window.draft.tokens {
            if let Some(time) = self.model.rules.time(token.number) {
                end(&mut piece, &mut probabilities, ms(time));
            } else if let Some(bytes) = self.model.tokens.get(token.number) {
                let part = joiner.push(bytes);
                piece.sureness.extend(part.chars().map(|_| token.probability));
                piece.text.push_str(&part);
                probabilities.push(token.probability);
            }
        }
        let length = ms(window.positions).max(piece.start_ms);
        end(&mut piece, &mut probabilities, length);
        pieces
    }
}

fn mean(numbers: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most 220")]
    let count = numbers.len() as f32;
    numbers.iter().sum::<f32>() / count
}

impl Native {
    /// What windows are given to go on from: nothing if another language than Mandarin is asked for.
    fn prompt(&self, request: &Request<'_>) -> Vec<usize> {
        if request.language.is_some_and(|code| code != "zh") {
            return Vec::new();
        }
        let mut tokens = self.tokenizer.numbers(&prompt(request.terms));
        tokens.drain(..tokens.len().saturating_sub(MOST_PROMPT));
        tokens
    }

    /// The number of the likeliest language of each window.
    fn languages(&self, memories: &mut [Memory]) -> Vec<usize> {
        let token = self.special.start;
        let inputs = (0..memories.len()).map(|window| Input { window, token, position: 0 });
        let inputs: Vec<Input> = inputs.collect();
        let few = self.work(true, 1);
        let state = self.decoder.read(&inputs, memories, few);
        let logits = self.decoder.next(&state, few);
        let likeliest = |logits: &[f32]| {
            let languages = logits[self.special.languages.clone()].iter().enumerate();
            languages.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(number, _)| number)
        };
        logits.rows().into_iter().filter_map(|row| Some(likeliest(row.to_slice()?))).collect()
    }
}
