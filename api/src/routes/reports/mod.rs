//! Reports: submitting, listing, reading, following, downloading.

pub(crate) mod create;
pub(crate) mod events;
pub(crate) mod files;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod transcript;
pub(crate) mod versions;
