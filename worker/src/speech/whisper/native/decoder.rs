//! The decoder: from what the encoder made of the sound, and the tokens so far, to how likely each
//! token is to come next. Several windows are written side by side, so that the weights, which are
//! what takes time to read, are read once for all of them.

use std::io;

use ndarray::Array2;

use super::attention::SCORE_SCALE;
use super::encoder::matrix;
use super::file::{ModelFile, Shape};
use super::kernels::{self, STRIPE};
use super::linear::{Linear, Norm, Perceptron, Prepared, Work};

/// The decoder of a model.
pub struct Decoder {
    /// A row for each token: what it is as input, and what is compared with the output.
    tokens: Linear,
    /// Added to each position: positions × width.
    positions: Array2<f32>,
    layers: Vec<Layer>,
    norm: Norm,
    width: usize,
}

struct Layer {
    norm: Norm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heard_norm: Norm,
    heard_query: Linear,
    heard_key: Linear,
    heard_value: Linear,
    heard_out: Linear,
    perceptron: Perceptron,
}

/// A token to go on from.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// Which of the windows it belongs to.
    pub window: usize,
    /// Its number.
    pub token: usize,
    /// How many came before it.
    pub position: usize,
}

/// What the decoder knows of a window: the sound, and its tokens so far.
pub struct Memory {
    layers: Vec<LayerMemory>,
    /// Positions of the sound.
    heard: usize,
}

struct LayerMemory {
    heard: Heard,
    written: Written,
}

/// Keys and values of the sound, in 8 bits: they are read for each token, and twice as fast.
struct Heard {
    /// For each head and each [`STRIPE`] of positions, the numbers of each place in a key.
    keys: Vec<[i8; STRIPE]>,
    key_scales: Vec<f32>,
    /// For each head, the value of each position.
    values: Vec<[i8; STRIPE]>,
    value_scales: Vec<f32>,
}

/// Keys and values of the tokens.
struct Written {
    /// Place in the key × tokens, as many as there is room for.
    keys: Vec<f32>,
    /// Tokens × width.
    values: Vec<f32>,
}

impl Decoder {
    /// Takes its weights out of a file.
    pub fn take(file: &mut ModelFile) -> io::Result<Self> {
        let Shape { vocabulary, text_context, text_width: width, text_layers, .. } = file.shape;
        let positions = file.take_plain("decoder.positional_embedding", &[text_context, width])?;
        let layers = (0..text_layers).map(|i| Layer::take(file, i, width));
        Ok(Self {
            layers: layers.collect::<io::Result<_>>()?,
            tokens: Linear::take(file, "decoder.token_embedding", [vocabulary, width], false)?,
            positions: matrix(text_context, width, positions)?,
            norm: Norm::take(file, "decoder.ln", width)?,
            width,
        })
    }

    /// The most tokens of a window.
    pub fn room(&self) -> usize {
        self.positions.nrows()
    }

    /// Begins a window, of which the encoder made `sound`: positions × width.
    pub fn listen(&self, sound: &Array2<f32>, work: Work) -> Memory {
        let positions = sound.nrows();
        let sound = Prepared::new(sound, work);
        let layers = self.layers.iter().map(|layer| {
            let key = layer.heard_key.of(&sound);
            let value = layer.heard_value.of(&sound);
            let room = self.room().next_multiple_of(STRIPE);
            LayerMemory {
                heard: Heard::new(&key, &value),
                written: Written {
                    keys: vec![0.0; self.width * room],
                    values: vec![0.0; self.width * room],
                },
            }
        });
        Memory { layers: layers.collect(), heard: positions }
    }

    /// Takes in tokens, those of a window in order. Returns the state after each: inputs × width.
    pub fn read(&self, inputs: &[Input], windows: &mut [Memory], work: Work) -> Array2<f32> {
        let mut state = Array2::zeros((inputs.len(), self.width));
        for (input, mut state) in inputs.iter().zip(state.rows_mut()) {
            let token = self.tokens.row(input.token);
            let position = self.positions.row(input.position);
            for ((number, token), position) in state.iter_mut().zip(&token).zip(position) {
                *number = token + position;
            }
        }
        for (index, layer) in self.layers.iter().enumerate() {
            layer.read(&mut state, inputs, windows, index, work);
        }
        self.norm.of(&state)
    }

    /// How likely each token is to come next (logits): states × vocabulary.
    pub fn next(&self, state: &Array2<f32>, work: Work) -> Array2<f32> {
        self.tokens.of(&Prepared::new(state, work))
    }
}

impl Layer {
    fn take(file: &mut ModelFile, index: usize, width: usize) -> io::Result<Self> {
        let name = format!("decoder.blocks.{index}");
        let square = [width, width];
        let mut linear =
            |part: &str, has_bias| Linear::take(file, &format!("{name}.{part}"), square, has_bias);
        Ok(Self {
            query: linear("attn.query", true)?,
            key: linear("attn.key", false)?,
            value: linear("attn.value", true)?,
            out: linear("attn.out", true)?,
            heard_query: linear("cross_attn.query", true)?,
            heard_key: linear("cross_attn.key", false)?,
            heard_value: linear("cross_attn.value", true)?,
            heard_out: linear("cross_attn.out", true)?,
            norm: Norm::take(file, &format!("{name}.attn_ln"), width)?,
            heard_norm: Norm::take(file, &format!("{name}.cross_attn_ln"), width)?,
            perceptron: Perceptron::take(file, &name, width)?,
        })
    }

    fn read(
        &self,
        state: &mut Array2<f32>,
        inputs: &[Input],
        windows: &mut [Memory],
        index: usize,
        work: Work,
    ) {
        let normal = self.norm.of(state);
        let normal = Prepared::new(&normal, work);
        let query = self.query.of(&normal);
        let key = self.key.of(&normal);
        let value = self.value.of(&normal);
        let mut found = Array2::zeros(query.raw_dim());
        for (at, input) in inputs.iter().enumerate() {
            let written = &mut windows[input.window].layers[index].written;
            written.push(input.position, key.row(at).as_slice(), value.row(at).as_slice());
            written.attend(
                input.position,
                query.row(at).as_slice(),
                found.row_mut(at).as_slice_mut(),
            );
        }
        self.out.add_to(state, &Prepared::new(&found, work));

        let mut normal = self.heard_norm.of(state);
        let query = self.heard_query.of(&Prepared::new(&normal, work));
        let mut scores = Vec::new();
        for ((input, query), mut found) in inputs.iter().zip(query.rows()).zip(found.rows_mut()) {
            let window = &windows[input.window];
            if let (Some(query), Some(found)) = (query.as_slice(), found.as_slice_mut()) {
                window.layers[index].heard.attend(window.heard, query, &mut scores, found);
            }
        }
        self.heard_out.add_to(state, &Prepared::new(&found, work));
        let mut inner = Array2::zeros((state.nrows(), 4 * state.ncols()));
        self.perceptron.apply(state, [&mut normal, &mut inner], work);
    }
}

impl Heard {
    /// Of keys and values: positions × width.
    fn new(key: &Array2<f32>, value: &Array2<f32>) -> Self {
        let (mut keys, mut key_scales) = (Vec::with_capacity(key.len()), Vec::new());
        let (mut values, mut value_scales) = (Vec::with_capacity(value.len()), Vec::new());
        for head in (0..key.ncols()).step_by(STRIPE) {
            for first in (0..key.nrows()).step_by(STRIPE) {
                for place in head..head + STRIPE {
                    let mut stripe = [0.0; STRIPE];
                    let numbers = key.column(place);
                    let numbers = numbers.iter().skip(first);
                    stripe.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
                    kernels::compact(&stripe, STRIPE, &mut keys, &mut key_scales);
                }
            }
            for row in value.rows() {
                if let Some(row) = row.as_slice() {
                    let row = &row[head..head + STRIPE];
                    kernels::compact(row, STRIPE, &mut values, &mut value_scales);
                }
            }
        }
        let (keys, values) = (keys.as_chunks().0.to_vec(), values.as_chunks().0.to_vec());
        Self { keys, key_scales, values, value_scales }
    }

    /// What a token finds in the sound of so many positions.
    fn attend(&self, positions: usize, query: &[f32], scores: &mut Vec<f32>, found: &mut [f32]) {
        scores.resize(positions.next_multiple_of(STRIPE), 0.0);
        let stripes = scores.len() / STRIPE;
        let heads = query.as_chunks::<STRIPE>().0.iter().zip(found.as_chunks_mut::<STRIPE>().0);
        for (head, (query, found)) in heads.enumerate() {
            let query = query.map(|number| number * SCORE_SCALE);
            for (stripe, scores) in scores.as_chunks_mut::<STRIPE>().0.iter_mut().enumerate() {
                let at = (head * stripes + stripe) * STRIPE;
                let (keys, scales) = (&self.keys[at..], &self.key_scales[at..]);
                kernels::weigh_blocks(keys, scales, &query, scores);
            }
            let scores = &mut scores[..positions];
            kernels::softmax(scores);
            let at = head * positions;
            kernels::weigh_blocks(&self.values[at..], &self.value_scales[at..], scores, found);
        }
    }
}

impl Written {
    fn push(&mut self, position: usize, key: Option<&[f32]>, value: Option<&[f32]>) {
        let (Some(key), Some(value)) = (key, value) else { return };
        let room = self.keys.len() / key.len();
        let keys = self.keys.iter_mut().skip(position).step_by(room);
        keys.zip(key).for_each(|(to, from)| *to = *from);
        let at = position * value.len();
        self.values[at..at + value.len()].copy_from_slice(value);
    }

    /// What a token finds in those up to its own position.
    fn attend(&self, position: usize, query: Option<&[f32]>, found: Option<&mut [f32]>) {
        let (Some(query), Some(found)) = (query, found) else { return };
        let room = self.keys.len() / query.len();
        let tokens = position + 1;
        let mut scores = vec![0.0; tokens.next_multiple_of(STRIPE)];
        let width = query.len();
        let heads = query.as_chunks::<STRIPE>().0.iter().zip(found.as_chunks_mut::<STRIPE>().0);
        for (head, (query, found)) in heads.enumerate() {
            let query = query.map(|number| number * SCORE_SCALE);
            for (stripe, scores) in scores.as_chunks_mut::<STRIPE>().0.iter_mut().enumerate() {
                let keys = &self.keys[head * STRIPE * room + stripe * STRIPE..];
                kernels::weigh(keys, room, &query, scores);
            }
            let scores = &mut scores[..tokens];
            kernels::softmax(scores);
            kernels::weigh(&self.values[head * STRIPE..], width, scores, found);
        }
    }
}
