//! Rounds: what a branch asks its activists for.

pub(crate) mod close;
pub(crate) mod edit;
mod fields;
pub(crate) mod list;
pub(crate) mod open;
pub(crate) mod participants;
pub(crate) mod remind;
pub(crate) mod show;
