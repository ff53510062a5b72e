//! The shared vocabulary of Huibao and the keepers of its data.
//!
//! Pure types and their legal transitions live at the top level; the three keepers (database,
//! storage, queue) have a room each. Nothing here speaks HTTP or links ffmpeg or whisper.

pub mod collector;
pub mod db;
pub mod export;
pub mod failure;
pub mod keepers;
pub mod media;
pub mod punctuation;
pub mod queue;
pub mod report;
pub mod storage;
pub mod task;
pub mod transcript;
pub mod transfer;
