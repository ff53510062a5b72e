//! Reports: submitting, listing, reading, following, downloading, reviewing.

pub(crate) mod answers;
pub(crate) mod comments;
pub(crate) mod comparison;
pub(crate) mod corrections;
pub(crate) mod counts;
pub(crate) mod create;
pub(crate) mod decide;
pub(crate) mod discard;
pub(crate) mod draft_versions;
pub(crate) mod edit;
pub(crate) mod events;
mod fields;
pub(crate) mod files;
pub(crate) mod filter;
pub(crate) mod hand_in;
pub(crate) mod list;
pub(crate) mod pages;
pub(crate) mod peaks;
pub(crate) mod show;
pub(crate) mod transcript;
pub(crate) mod versions;
