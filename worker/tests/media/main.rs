//! Media as phones, browsers and screen recorders really write it. Every test makes its own input with
//! the `ffmpeg` tool; what that does not write is patched into the file.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where something is missing"
)]

mod boxes;
mod color;
mod copying;
mod damage;
mod playback;
mod shape;
mod sound;
mod support;
mod time;
