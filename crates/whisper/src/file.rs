//! ggml's files of Whisper models: hyperparameters, mel filter bank, tokens, tensors, as written by
//! `convert-pt-to-ggml.py` and `quantize` of whisper.cpp.
//!
//! Nothing in a file is trusted: every count is bounded, memory is only allocated for bytes that are
//! there, and numbers must be finite.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

use ndarray::Array2;

use crate::compute::Arithmetic;
use crate::error::LoadError;
use crate::formats::{self, Q8Tensor};
use crate::hyperparameters::Hyperparameters;
use crate::kernels::vectors::all_finite;
use crate::read::{at_most, bytes, number};

/// Numbers of a tensor that are read at once: a multiple of every block size.
const CHUNK: usize = 1 << 18;

/// Bytes that are read from the file at once.
const BUFFER: usize = 1 << 20;

/// Upper bound for the numbers of a tensor; the largest of large-v3 has 66 million.
const MAX_NUMBERS: usize = 1 << 28;

/// Upper bound for the bytes of a name or a token.
const MAX_BYTES: usize = 1 << 12;

/// What a model can be read from.
pub trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// An open model file. Tensors are read when they are taken: in the formats of the file, a large model
/// takes several times the memory that it needs once loaded.
pub struct ModelFile<'a> {
    /// The network's hyperparameters.
    pub hyperparameters: Hyperparameters,
    /// The mel filter bank: `[mels, frequencies]`.
    pub filters: Array2<f32>,
    /// The arithmetic that weights are prepared for.
    pub arithmetic: Arithmetic,
    /// The bytes of each text token, by its id.
    pub tokens: Vec<Box<[u8]>>,
    tensors: HashMap<String, TensorInfo>,
    source: BufReader<Box<dyn Source + 'a>>,
}

/// A tensor of a file.
struct TensorInfo {
    /// Dimensions, the slowest varying first.
    shape: Vec<usize>,
    /// `ggml_type` of its format.
    kind: usize,
    /// Offset of its first byte.
    at: u64,
    /// Bytes.
    size: usize,
}

impl<'a> ModelFile<'a> {
    /// Reads everything but the tensors, whose positions are noted.
    pub fn open(source: impl Source + 'a, arithmetic: Arithmetic) -> Result<Self, LoadError> {
        let source: Box<dyn Source + 'a> = Box::new(source);
        let mut source = BufReader::with_capacity(BUFFER, source);
        let length = source.seek(SeekFrom::End(0))?;
        source.rewind()?;
        let hyperparameters = Hyperparameters::read(&mut source)?;
        let (mels, frequencies) = (number(&mut source)?, number(&mut source)?);
        let count = at_most(MAX_NUMBERS, mels.saturating_mul(frequencies))?;
        let filters = finite("the filter bank", formats::singles(&bytes(&mut source, 4 * count)?))?;
        let filters = Array2::from_shape_vec((mels, frequencies), filters)
            .map_err(|error| LoadError::invalid(error.to_string()))?;
        let count = at_most(MAX_NUMBERS, number(&mut source)?)?;
        let mut tokens = Vec::new();
        for _ in 0..count {
            let length = at_most(MAX_BYTES, number(&mut source)?)?;
            tokens.push(bytes(&mut source, length)?.into_boxed_slice());
        }
        let mut tensors = HashMap::new();
        while let Some((name, tensor)) = find_tensor(&mut source)? {
            let end = tensor.at + tensor.size as u64;
            if end > length {
                return Err(LoadError::invalid("the file is truncated"));
            }
            seek(&mut source, end)?;
            tensors.insert(name, tensor);
        }
        Ok(Self { hyperparameters, filters, arithmetic, tokens, tensors, source })
    }

    /// Reads a tensor of any format in 8 bits. It must have this shape. Each tensor can be taken once.
    pub fn take_quantized(&mut self, name: &str, shape: &[usize]) -> Result<Q8Tensor, LoadError> {
        let TensorInfo { kind, mut size, .. } = self.take(name, shape)?;
        let chunk = formats::size(kind, CHUNK).unwrap_or(size);
        let mut tensor = Q8Tensor::with_capacity(shape.iter().product());
        while size > 0 {
            let part = bytes(&mut self.source, chunk.min(size))?;
            size -= part.len();
            formats::append(kind, &part, &mut tensor).ok_or_else(|| unknown(name, kind))?;
        }
        if !all_finite(&tensor.scales) {
            return Err(not_finite(name));
        }
        Ok(tensor)
    }

    /// Reads a tensor of a float format. It must have this shape. Each tensor can be taken once.
    pub fn take_floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        let TensorInfo { kind, size, .. } = self.take(name, shape)?;
        let bytes = bytes(&mut self.source, size)?;
        let quantized = || LoadError::invalid(format!("the tensor {name} is quantized"));
        finite(name, formats::floats(kind, &bytes).ok_or_else(quantized)?)
    }

    /// Seeks to a tensor.
    fn take(&mut self, name: &str, shape: &[usize]) -> Result<TensorInfo, LoadError> {
        let missing = || LoadError::invalid(format!("the tensor {name} is missing"));
        let tensor = self.tensors.remove(name).ok_or_else(missing)?;
        // Biases of convolutions are stored as columns.
        let significant =
            |all: &[usize]| all.iter().copied().filter(|d| *d != 1).collect::<Vec<_>>();
        if significant(&tensor.shape) != significant(shape) {
            let reason = format!("the tensor {name} is {:?}, not {shape:?}", tensor.shape);
            return Err(LoadError::invalid(reason));
        }
        seek(&mut self.source, tensor.at)?;
        Ok(tensor)
    }
}

fn find_tensor<S: Source>(
    source: &mut BufReader<S>,
) -> Result<Option<(String, TensorInfo)>, LoadError> {
    if at_end(source)? {
        return Ok(None);
    }
    let dimensions = at_most(4, number(source)?)?;
    let length = at_most(MAX_BYTES, number(source)?)?;
    let kind = number(source)?;
    let mut shape = (0..dimensions).map(|_| number(source)).collect::<Result<Vec<_>, _>>()?;
    shape.reverse();
    let name = String::from_utf8(bytes(source, length)?)
        .map_err(|_| LoadError::invalid("the name of a tensor is not UTF-8"))?;
    let count = shape.iter().fold(1, |count: usize, length| count.saturating_mul(*length));
    let count = at_most(MAX_NUMBERS, count)?;
    let size = formats::size(kind, count).ok_or_else(|| unknown(&name, kind))?;
    let at = source.stream_position()?;
    Ok(Some((name, TensorInfo { shape, kind, at, size })))
}

fn at_end<S: Source>(source: &mut BufReader<S>) -> Result<bool, LoadError> {
    loop {
        match source.fill_buf() {
            Ok(buffer) => return Ok(buffer.is_empty()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Seeks within the buffer if possible; [`Seek::seek`] always discards it.
fn seek<S: Source>(source: &mut BufReader<S>, at: u64) -> Result<(), LoadError> {
    let from = source.stream_position()?;
    source.seek_relative(at.cast_signed() - from.cast_signed())?;
    Ok(())
}

fn finite(name: &str, numbers: Vec<f32>) -> Result<Vec<f32>, LoadError> {
    if all_finite(&numbers) { Ok(numbers) } else { Err(not_finite(name)) }
}

fn not_finite(name: &str) -> LoadError {
    LoadError::invalid(format!("{name} has numbers that are not finite"))
}

fn unknown(name: &str, kind: usize) -> LoadError {
    LoadError::invalid(format!("the tensor {name} has the unknown format {kind}"))
}
