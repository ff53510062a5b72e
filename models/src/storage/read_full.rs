//! Reading a stream in pieces of one size, without losing what came before it broke.

use std::io;

use tokio::io::AsyncReadExt;

use super::stored::ByteStream;

/// Size of the buffer of one upload: large enough to keep system calls rare, small enough for hundreds.
pub(super) const BUFFER: usize = 128 * 1024;

/// What filled a buffer.
pub(super) struct Filled {
    /// How many bytes of it.
    pub len: usize,
    /// How the stream ended, if it did.
    pub end: Option<io::Result<()>>,
}

/// Reads until the buffer is full or the stream ends.
pub(super) async fn read_full(body: &mut ByteStream, buffer: &mut [u8]) -> Filled {
    let mut len = 0;
    while len < buffer.len() {
        match body.read(&mut buffer[len..]).await {
            Ok(0) => return Filled { len, end: Some(Ok(())) },
            Ok(n) => len += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Filled { len, end: Some(Err(error)) },
        }
    }
    Filled { len, end: None }
}
