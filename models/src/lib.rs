//! The domain of Huibao and the backends that hold its data.
//!
//! [`domain`] is pure: types and rules. The three backends are [`store`] (rows), [`storage`] (files)
//! and [`queue`] (job messages). Nothing here speaks HTTP or links FFmpeg or Whisper.

pub mod backends;
pub mod checkpoint;
pub mod collector;
pub mod credentials;
pub mod domain;
pub mod export;
pub mod indexing;
pub mod metrics;
pub mod queue;
pub mod roster;
pub mod storage;
pub mod store;
pub mod trace;
pub mod transfer;
