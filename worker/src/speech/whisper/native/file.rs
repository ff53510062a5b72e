//! ggml's files of Whisper models: numbers of the network's shape, filters of the spectrogram, the
//! tokens, the weights. As written by `convert-pt-to-ggml.py` and `quantize` of whisper.cpp.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use ndarray::Array2;

use super::formats::{self, Stored};
use super::linear::Arithmetic;

/// Numbers of a tensor that are read at once, as many as fill blocks.
const PORTION: usize = 1 << 18;

/// Bytes that are read from the file at once.
const BUFFER: usize = 1 << 20;

/// The most numbers that a tensor of a sound file can have: large-v3 has 66 million in one.
const MOST_NUMBERS: usize = 1 << 28;

/// The most bytes that a name or a token of a sound file has.
const MOST_BYTES: usize = 1 << 12;

const TOO_SHORT: &str = "it ends too early";

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
    /// Where its tensors are: a large model in the formats it comes in takes several times the memory
    /// that it is kept in.
    tensors: HashMap<String, Place>,
    file: BufReader<File>,
}

/// A tensor in a file.
struct Place {
    /// The dimension that varies slowest first.
    shape: Vec<usize>,
    /// `ggml_type` of its format.
    kind: usize,
    at: u64,
    size: usize,
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
    /// Opens a file and finds what is in it.
    pub fn open(path: &Path, arithmetic: Arithmetic) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
        let length = file.get_ref().metadata()?.len();
        let shape = read_shape(&mut file)?;
        let (bands, frequencies) = (number(&mut file)?, number(&mut file)?);
        let count = within(bands.saturating_mul(frequencies), MOST_NUMBERS)?;
        let filters = formats::singles(&bytes(&mut file, 4 * count)?);
        let filters = Array2::from_shape_vec((bands, frequencies), filters).map_err(broken)?;
        let count = within(number(&mut file)?, MOST_NUMBERS)?;
        let mut tokens = Vec::new();
        for _ in 0..count {
            let length = within(number(&mut file)?, MOST_BYTES)?;
            tokens.push(bytes(&mut file, length)?.into_boxed_slice());
        }
        let mut tensors = HashMap::new();
        while let Some((name, place)) = find_tensor(&mut file)? {
            let end = place.at + place.size as u64;
            if end > length {
                return Err(broken(TOO_SHORT));
            }
            skip_to(&mut file, end)?;
            tensors.insert(name, place);
        }
        Ok(Self { shape, filters, arithmetic, tokens, tensors, file })
    }

    /// Reads a tensor in 8 bits. It must have these dimensions, the one that varies slowest first, and
    /// can be read once.
    pub fn take_blocks(&mut self, name: &str, dimensions: &[usize]) -> io::Result<Stored> {
        let Place { kind, mut size, .. } = self.take(name, dimensions)?;
        let portion = formats::size(kind, PORTION).unwrap_or(size);
        let mut stored = Stored::with_room_for(dimensions.iter().product());
        while size > 0 {
            let part = bytes(&mut self.file, portion.min(size))?;
            size -= part.len();
            formats::append(kind, &part, &mut stored).ok_or_else(|| unknown(name, kind))?;
        }
        Ok(stored)
    }

    /// Reads a tensor as plain numbers, which it must be.
    pub fn take_plain(&mut self, name: &str, dimensions: &[usize]) -> io::Result<Vec<f32>> {
        let Place { kind, size, .. } = self.take(name, dimensions)?;
        let bytes = bytes(&mut self.file, size)?;
        formats::plain(kind, &bytes)
            .ok_or_else(|| broken(format!("the tensor {name} is quantised")))
    }

    /// Goes to where a tensor is.
    fn take(&mut self, name: &str, dimensions: &[usize]) -> io::Result<Place> {
        let missing = || broken(format!("the tensor {name} is missing"));
        let place = self.tensors.remove(name).ok_or_else(missing)?;
        // Biases of convolutions are stored as columns.
        let significant =
            |all: &[usize]| all.iter().copied().filter(|d| *d != 1).collect::<Vec<_>>();
        if significant(&place.shape) != significant(dimensions) {
            let reason = format!("the tensor {name} is {:?}, not {dimensions:?}", place.shape);
            return Err(broken(reason));
        }
        skip_to(&mut self.file, place.at)?;
        Ok(place)
    }
}

fn find_tensor(file: &mut BufReader<File>) -> io::Result<Option<(String, Place)>> {
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
    let size = formats::size(kind, count).ok_or_else(|| unknown(&name, kind))?;
    let at = file.stream_position()?;
    Ok(Some((name, Place { shape, kind, at, size })))
}

/// Goes to a place without giving up what was read ahead, which [`Seek::seek`] does.
fn skip_to(file: &mut BufReader<File>, at: u64) -> io::Result<()> {
    let from = file.stream_position()?;
    // A file's length is an i64.
    file.seek_relative(at.cast_signed() - from.cast_signed())
}

fn unknown(name: &str, kind: usize) -> io::Error {
    broken(format!("the tensor {name} is of an unknown kind, {kind}"))
}

fn bytes(file: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // By `take`, a file that lies about its lengths does not take memory it has no bytes for.
    file.take(count as u64).read_to_end(&mut bytes)?;
    if bytes.len() < count {
        return Err(broken(TOO_SHORT));
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
