//! Media, with ffmpeg as a library. Synchronous, no database, no queue: meant to run in a child
//! process, because it parses untrusted bytes with native code.
//!
//! Times: everything made here has its zero at the start of the presentation, so that audio,
//! rendition and transcript agree.

mod audio;
mod capabilities;
mod error;
mod filter;
mod ingest;
mod input;
mod output;
mod poster;
mod remux;
mod sniff;
mod transcode;
mod video;

pub use capabilities::{Capability, capabilities, version};
pub use error::MediaError;
pub use ingest::ingest;
pub use input::MediaLimits;
pub use transcode::{TranscodeOptions, transcode};

/// Called with the fraction done, 0 to 1.
pub type Progress<'a> = &'a mut dyn FnMut(f32);
