//! Good examples: accepted reports that a branch shows to its people.

pub(crate) mod files;
pub(crate) mod list;
mod permitted;
pub(crate) mod publish;
pub(crate) mod show;
