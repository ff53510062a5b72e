//! Refusing what is plainly not what it should be before megabytes of it are sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::upload::UploadRole;

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

/// Beginnings of photos, by where they are: JPEG, PNG, WebP (and other kinds of RIFF), HEIC (and other kinds of
/// ISO media).
const PHOTOS: [(usize, &[u8]); 4] =
    [(0, b"\xff\xd8\xff"), (0, b"\x89PNG"), (0, b"RIFF"), (4, b"ftyp")];

/// What is wrong with a file that begins so; a first request can bring few bytes, which tell little.
fn plainly_wrong(role: UploadRole, first: &[u8]) -> Option<FailureCode> {
    let could_be = |&(at, begins): &(usize, &[u8])| {
        let there = first.get(at..).unwrap_or_default();
        begins.starts_with(&there[..there.len().min(begins.len())])
    };
    match role {
        UploadRole::Video if NO_VIDEO.iter().any(|begins| first.starts_with(begins)) => {
            Some(FailureCode::NotMedia)
        }
        UploadRole::Page if !PHOTOS.iter().any(could_be) => Some(FailureCode::WrittenUnsupported),
        // Documents are small, and a text can begin with anything.
        UploadRole::Video | UploadRole::Page | UploadRole::Written => None,
    }
}

/// Reads the beginning of a file. Fails if it is plainly not what it should be; otherwise returns a stream of
/// the whole.
pub(super) async fn check<R: AsyncRead + Unpin + Send>(
    role: UploadRole,
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
    match plainly_wrong(role, &first) {
        Some(code) => Err(Failure::new(code, "the first bytes are of another kind of file")),
        None => Ok(Rejoined { first, read: 0, body }),
    }
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
            let mut whole = check(UploadRole::Video, bytes).await.unwrap();
            whole.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, bytes);
        }
    }

    #[test]
    fn a_page_begins_like_a_photo_as_far_as_one_can_see() {
        let wrong = |first: &[u8]| plainly_wrong(UploadRole::Page, first);
        for photo in
            [&b"\xff\xd8\xff\xe1 Exif"[..], b"\x89PNG\r\n", b"RIFF....WEBP", b"\0\0\0\x18ftypheic"]
        {
            for seen in 0..photo.len() {
                assert_eq!(wrong(&photo[..seen]), None, "{photo:?}");
            }
        }
        for other in [&b"%PDF-1.7"[..], b"PK\x03\x04....", b"GIF89a..", b"some text"] {
            assert_eq!(wrong(other), Some(FailureCode::WrittenUnsupported), "{other:?}");
        }
    }

    #[tokio::test]
    async fn documents_and_pictures_are_refused() {
        for bytes in [&b"PK\x03\x04..."[..], b"%PDF-1.7", b"\xff\xd8\xff\xe0", b"<!DOCTYPE html>"] {
            let refused = check(UploadRole::Video, bytes).await.err().unwrap();
            assert_eq!(refused.code, FailureCode::NotMedia);
        }
    }
}
