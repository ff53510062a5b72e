//! ggml's files of Whisper models: numbers of the network's shape, filters of the spectrogram, the
//! tokens, the weights. As written by `convert-pt-to-ggml.py` and `quantize` of whisper.cpp.

use std::collections::HashMap;
use std::io::{self, Read};

use ndarray::Array2;

use super::formats::{self, Numbers};
use super::linear::Arithmetic;

/// The most numbers that a tensor of a sound file can have: large-v3 has 66 million in one.
const MOST_NUMBERS: usize = 1 << 28;

/// The most bytes that a name or a token of a sound file has.
const MOST_BYTES: usize = 1 << 12;

/// The shape of a network.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Tokens, special ones included.
    pub vocabulary: usize,
    /// Positions of sound, 20 ms each.
    pub audio_context: usize,
    /// Numbers for each position.
    pub width: usize,
    /// Heads of each attention of the encoder.
    pub audio_heads: usize,
    /// Layers of the encoder.
    pub audio_layers: usize,
    /// The most tokens at once, prompt included.
    pub text_context: usize,
    /// Numbers for each token.
    pub text_width: usize,
    /// Heads of each attention of the decoder.
    pub text_heads: usize,
    /// Layers of the decoder.
    pub text_layers: usize,
    /// Bands of the spectrogram.
    pub mels: usize,
    /// How most weights are stored (`ggml_ftype`), and the version of that, in thousands.
    pub file_type: usize,
}

/// What a file holds.
pub struct ModelFile {
    /// The network's shape.
    pub shape: Shape,
    /// What of each frequency belongs to which band: bands × frequencies.
    pub filters: Array2<f32>,
    /// What the weights are made ready for.
    pub arithmetic: Arithmetic,
    /// The bytes of each text token, by number.
    pub tokens: Vec<Box<[u8]>>,
    tensors: HashMap<String, Tensor>,
}

struct Tensor {
    /// The dimension that varies slowest first.
    shape: Vec<usize>,
    numbers: Numbers,
}

/// Reads only the shape.
pub fn read_shape(file: &mut impl Read) -> io::Result<Shape> {
    let _magic = number(file)?;
    Ok(Shape {
        vocabulary: number(file)?,
        audio_context: number(file)?,
        width: number(file)?,
        audio_heads: number(file)?,
        audio_layers: number(file)?,
        text_context: number(file)?,
        text_width: number(file)?,
        text_heads: number(file)?,
        text_layers: number(file)?,
        mels: number(file)?,
        file_type: number(file)?,
    })
}

impl ModelFile {
    /// Reads a file to its end.
    pub fn read(file: &mut impl Read, arithmetic: Arithmetic) -> io::Result<Self> {
        let shape = read_shape(file)?;
        let (bands, frequencies) = (number(file)?, number(file)?);
        let filters = plain(file, within(bands.saturating_mul(frequencies), MOST_NUMBERS)?)?;
        let filters = Array2::from_shape_vec((bands, frequencies), filters).map_err(broken)?;
        let count = within(number(file)?, MOST_NUMBERS)?;
        let mut tokens = Vec::new();
        for _ in 0..count {
            let length = within(number(file)?, MOST_BYTES)?;
            tokens.push(bytes(file, length)?.into_boxed_slice());
        }
        let mut tensors = HashMap::new();
        while let Some((name, tensor)) = read_tensor(file)? {
            tensors.insert(name, tensor);
        }
        Ok(Self { shape, filters, arithmetic, tokens, tensors })
    }

    /// Takes a tensor out, which must have these dimensions, the one that varies slowest first.
    pub fn take(&mut self, name: &str, dimensions: &[usize]) -> io::Result<Numbers> {
        let missing = || broken(format!("the tensor {name} is missing"));
        let tensor = self.tensors.remove(name).ok_or_else(missing)?;
        // Biases of convolutions are stored as columns.
        let significant =
            |all: &[usize]| all.iter().copied().filter(|d| *d != 1).collect::<Vec<_>>();
        if significant(&tensor.shape) == significant(dimensions) {
            return Ok(tensor.numbers);
        }
        Err(broken(format!("the tensor {name} is {:?}, not {dimensions:?}", tensor.shape)))
    }

    /// Takes a tensor out as plain numbers.
    pub fn take_plain(&mut self, name: &str, dimensions: &[usize]) -> io::Result<Vec<f32>> {
        match self.take(name, dimensions)? {
            Numbers::Plain(numbers) => Ok(numbers),
            Numbers::Blocks(_) => Err(broken(format!("the tensor {name} is quantised"))),
        }
    }
}

fn read_tensor(file: &mut impl Read) -> io::Result<Option<(String, Tensor)>> {
    let dimensions = match number(file) {
        Ok(dimensions) => within(dimensions, 4)?,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = within(number(file)?, MOST_BYTES)?;
    let kind = number(file)?;
    let mut shape = (0..dimensions).map(|_| number(file)).collect::<io::Result<Vec<_>>>()?;
    shape.reverse();
    let name = String::from_utf8(bytes(file, length)?).map_err(broken)?;
    let count = shape.iter().fold(1, |count: usize, length| count.saturating_mul(*length));
    let count = within(count, MOST_NUMBERS)?;
    let unknown = || broken(format!("the tensor {name} is of an unknown kind, {kind}"));
    let size = formats::size(kind, count).ok_or_else(unknown)?;
    let numbers = formats::numbers(kind, &bytes(file, size)?).ok_or_else(unknown)?;
    Ok(Some((name, Tensor { shape, numbers })))
}

fn plain(file: &mut impl Read, count: usize) -> io::Result<Vec<f32>> {
    let stored = bytes(file, 4 * count)?;
    Ok(stored.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn bytes(file: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // By `take`, a file that lies about its lengths does not take memory it has no bytes for.
    file.take(count as u64).read_to_end(&mut bytes)?;
    if bytes.len() < count {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it ends too early"));
    }
    Ok(bytes)
}

fn number(file: &mut impl Read) -> io::Result<usize> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    usize::try_from(i32::from_le_bytes(bytes)).map_err(broken)
}

fn within(number: usize, most: usize) -> io::Result<usize> {
    if number <= most { Ok(number) } else { Err(broken(format!("{number} is more than {most}"))) }
}

fn broken(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
