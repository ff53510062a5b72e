//! Bounded reads from a file that is not trusted.

use std::io::Read;

use crate::error::LoadError;

/// Reads a non-negative 32-bit number.
pub fn number(source: &mut impl Read) -> Result<usize, LoadError> {
    let mut bytes = [0; 4];
    source.read_exact(&mut bytes)?;
    let number = i32::from_le_bytes(bytes);
    usize::try_from(number).map_err(|_| LoadError::invalid(format!("negative number {number}")))
}

/// Reads `count` bytes. Memory grows with what is read, so that a wrong count allocates nothing.
pub fn bytes(source: &mut impl Read, count: usize) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    source.take(count as u64).read_to_end(&mut bytes)?;
    if bytes.len() < count {
        return Err(LoadError::invalid("the file is truncated"));
    }
    Ok(bytes)
}

/// `number`, unless it exceeds `max`.
pub fn at_most(max: usize, number: usize) -> Result<usize, LoadError> {
    if number > max {
        return Err(LoadError::invalid(format!("{number} exceeds {max}")));
    }
    Ok(number)
}
