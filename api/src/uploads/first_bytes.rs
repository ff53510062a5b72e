//! Refusing what is plainly no video before megabytes of it are sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use huibao_models::domain::failure::{Failure, FailureCode};

/// How much is looked at.
const LOOKED_AT: usize = 16;

/// Beginnings of files that people mistake for their video. Whatever else it is, ingest decides.
const NO_VIDEO: [&[u8]; 10] = [
    b"PK\x03\x04", // ZIP, and with it DOCX, ODT
    b"%PDF-",
    b"\xff\xd8\xff", // JPEG
    b"\x89PNG",
    b"GIF8",
    b"\xd0\xcf\x11\xe0", // DOC, XLS
    b"{\\rtf",
    b"<!DOCTYPE",
    b"<html",
    b"ID3", // MP3
];

/// Reads the beginning of a video. Fails if it is plainly none; otherwise returns a stream of the whole.
pub(super) async fn check_video<R: AsyncRead + Unpin + Send>(
    mut body: R,
) -> Result<Rejoined<R>, Failure> {
    let mut first = Vec::with_capacity(LOOKED_AT);
    // An interrupted body says so again when it is read on.
    while first.len() < LOOKED_AT {
        let left = (LOOKED_AT - first.len()) as u64;
        match (&mut body).take(left).read_buf(&mut first).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    if NO_VIDEO.iter().any(|beginning| first.starts_with(beginning)) {
        return Err(Failure::new(
            FailureCode::NotMedia,
            "the first bytes are of another kind of file",
        ));
    }
    Ok(Rejoined { first, read: 0, body })
}

/// A stream whose beginning was read already.
pub(super) struct Rejoined<R> {
    first: Vec<u8>,
    read: usize,
    body: R,
}

impl<R: AsyncRead + Unpin> AsyncRead for Rejoined<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = &mut *self;
        if this.read < this.first.len() {
            let left = &this.first[this.read..];
            let taken = left.len().min(into.remaining());
            into.put_slice(&left[..taken]);
            this.read += taken;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.body).poll_read(context, into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_of_a_video_is_lost() {
        for bytes in [&b"\0\0\0\x18ftypmp42 and so on"[..], b"\x1aE\xdf\xa3", b""] {
            let mut read = Vec::new();
            check_video(bytes).await.unwrap().read_to_end(&mut read).await.unwrap();
            assert_eq!(read, bytes);
        }
    }

    #[tokio::test]
    async fn documents_and_pictures_are_refused() {
        for bytes in [&b"PK\x03\x04..."[..], b"%PDF-1.7", b"\xff\xd8\xff\xe0", b"<!DOCTYPE html>"] {
            let refused = check_video(bytes).await.err().unwrap();
            assert_eq!(refused.code, FailureCode::NotMedia);
        }
    }
}
