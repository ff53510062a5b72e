//! Media, with ffmpeg as a library. Synchronous, no database, no queue: meant to run in a child
//! process, because it parses untrusted bytes with native code.
//!
//! Times: everything made here has its zero at the start of the presentation, so that audio,
//! rendition and transcript agree.
//!
//! - `input` opens a file and hands out packets on one `timeline`; `native` has the calls into
//!   ffmpeg that need `unsafe`.
//! - Pictures: `video` decodes, `scale` brings them to one size (`orientation`, `color`).
//! - Sound: `audio` decodes and fills gaps, `mix` puts tracks together, `sound` encodes.
//! - `ingest` reads everything once: `measure`, `speech_tracks`, `poster`, `playable`.
//! - `transcode` makes the rendition: `remux` copies pictures and, if it can, sound, `encode` and `writer` encode, `output`
//!   writes the file.

mod audio;
mod capabilities;
mod color;
mod encode;
mod error;
mod filter;
mod ingest;
mod input;
mod measure;
mod mix;
mod native;
mod options;
mod orientation;
mod output;
mod peaks;
mod pixel_format;
mod playable;
mod poster;
mod remux;
mod scale;
mod sniff;
mod sound;
mod speech_tracks;
mod timeline;
mod transcode;
mod video;
mod writer;

pub use capabilities::{Capability, capabilities, version};
pub use error::MediaError;
pub use ingest::ingest;
pub use options::{MediaLimits, TranscodeOptions};
pub use peaks::write_peaks;
pub use transcode::transcode;

/// Called with the fraction done, 0 to 1.
pub type Progress<'a> = &'a mut dyn FnMut(f32);
