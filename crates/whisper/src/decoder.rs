//! The decoder: from the encoder's output and the tokens so far to the logits of the next token.
//! Windows are decoded as a batch, so that the weights, whose reading takes most of the time, are read
//! once for all of them.

use ndarray::Array2;

use crate::cache::{CrossAttentionCache, SelfAttentionCache};
use crate::compute::Compute;
use crate::error::LoadError;
use crate::file::ModelFile;
use crate::hyperparameters::Hyperparameters;
use crate::layers::{Activations, LayerNorm, Linear, Mlp};
use crate::matrix;

/// The decoder of a model.
pub struct Decoder {
    /// `[vocabulary, width]`: the embedding of each token, also compared with the output.
    token_embedding: Linear,
    /// `[text_context, width]`.
    positional_embedding: Array2<f32>,
    blocks: Vec<DecoderBlock>,
    norm: LayerNorm,
    width: usize,
}

struct DecoderBlock {
    norm: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    cross_norm: LayerNorm,
    cross_query: Linear,
    cross_key: Linear,
    cross_value: Linear,
    cross_out: Linear,
    mlp: Mlp,
}

/// A token to decode.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// The window it belongs to.
    pub window: usize,
    /// Its id.
    pub token: usize,
    /// Its position: the number of tokens before it.
    pub position: usize,
}

/// The caches of a window, for each block of the decoder.
pub struct WindowCache {
    blocks: Vec<BlockCache>,
}

struct BlockCache {
    own: SelfAttentionCache,
    cross: CrossAttentionCache,
}

impl Decoder {
    /// Takes its tensors out of a file.
    pub fn take(file: &mut ModelFile<'_>) -> Result<Self, LoadError> {
        let Hyperparameters { vocabulary, text_context, text_width: width, text_layers, .. } =
            file.hyperparameters;
        let positional_embedding =
            file.take_floats("decoder.positional_embedding", &[text_context, width])?;
        let blocks = (0..text_layers).map(|index| DecoderBlock::take(file, index, width));
        let embedding = "decoder.token_embedding";
        Ok(Self {
            blocks: blocks.collect::<Result<_, _>>()?,
            token_embedding: Linear::take(file, embedding, [vocabulary, width], false)?,
            positional_embedding: matrix::from_vec(text_context, width, positional_embedding)?,
            norm: LayerNorm::take(file, "decoder.ln", width)?,
            width,
        })
    }

    /// Begins a window with the encoder's output, `[positions, width]`.
    pub fn begin(&self, encoded: &Array2<f32>, compute: Compute) -> WindowCache {
        let tokens = self.positional_embedding.nrows();
        let input = Activations::new(encoded, compute);
        let blocks = self.blocks.iter().map(|block| {
            let key = block.cross_key.forward(&input);
            let value = block.cross_value.forward(&input);
            BlockCache {
                own: SelfAttentionCache::new(self.width, tokens),
                cross: CrossAttentionCache::new(&key, &value),
            }
        });
        WindowCache { blocks: blocks.collect() }
    }

    /// Decodes tokens, those of a window in order. Returns the state after each: `[inputs, width]`.
    pub fn decode(
        &self,
        inputs: &[Input],
        windows: &mut [WindowCache],
        compute: Compute,
    ) -> Array2<f32> {
        let mut state = Array2::zeros((inputs.len(), self.width));
        for (at, input) in inputs.iter().enumerate() {
            let token = self.token_embedding.row(input.token);
            let position = matrix::row(&self.positional_embedding, input.position);
            let numbers = token.iter().zip(position).map(|(token, position)| token + position);
            matrix::row_mut(&mut state, at).iter_mut().zip(numbers).for_each(|(to, n)| *to = n);
        }
        for (index, block) in self.blocks.iter().enumerate() {
            block.decode(&mut state, inputs, windows, index, compute);
        }
        self.norm.forward(&state)
    }

    /// The logits of the token after each state: `[inputs, width]` to `[inputs, vocabulary]`.
    pub fn logits(&self, state: &Array2<f32>, compute: Compute) -> Array2<f32> {
        let logits = self.token_embedding.forward(&Activations::new(state, compute));
        matrix::assert_finite(&logits, "the decoder's output");
        logits
    }
}

impl DecoderBlock {
    fn take(file: &mut ModelFile<'_>, index: usize, width: usize) -> Result<Self, LoadError> {
        let name = format!("decoder.blocks.{index}");
        let square = [width, width];
        let mut linear =
            |part: &str, bias| Linear::take(file, &format!("{name}.{part}"), square, bias);
        Ok(Self {
            query: linear("attn.query", true)?,
            key: linear("attn.key", false)?,
            value: linear("attn.value", true)?,
            out: linear("attn.out", true)?,
            cross_query: linear("cross_attn.query", true)?,
            cross_key: linear("cross_attn.key", false)?,
            cross_value: linear("cross_attn.value", true)?,
            cross_out: linear("cross_attn.out", true)?,
            norm: LayerNorm::take(file, &format!("{name}.attn_ln"), width)?,
            cross_norm: LayerNorm::take(file, &format!("{name}.cross_attn_ln"), width)?,
            mlp: Mlp::take(file, &name, width)?,
        })
    }

    /// `state` is `[inputs, width]`.
    fn decode(
        &self,
        state: &mut Array2<f32>,
        inputs: &[Input],
        windows: &mut [WindowCache],
        index: usize,
        compute: Compute,
    ) {
        let normal = self.norm.forward(state);
        let input = Activations::new(&normal, compute);
        let query = self.query.forward(&input);
        let key = self.key.forward(&input);
        let value = self.value.forward(&input);
        let mut attended = Array2::zeros(query.raw_dim());
        for (at, input) in inputs.iter().enumerate() {
            let cache = &mut windows[input.window].blocks[index].own;
            cache.store(input.position, matrix::row(&key, at), matrix::row(&value, at));
            let out = matrix::row_mut(&mut attended, at);
            cache.attend(input.position, matrix::row(&query, at), out);
        }
        self.out.add_to(state, &Activations::new(&attended, compute));

        let mut normal = self.cross_norm.forward(state);
        let query = self.cross_query.forward(&Activations::new(&normal, compute));
        let mut scores = Vec::new();
        for (at, input) in inputs.iter().enumerate() {
            let cache = &windows[input.window].blocks[index].cross;
            let out = matrix::row_mut(&mut attended, at);
            cache.attend(matrix::row(&query, at), &mut scores, out);
        }
        self.cross_out.add_to(state, &Activations::new(&attended, compute));
        let mut inner = Array2::zeros((state.nrows(), 4 * state.ncols()));
        self.mlp.add_to(state, [&mut normal, &mut inner], compute);
    }
}
