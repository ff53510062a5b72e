//! People, for those who look after their branches.

pub(crate) mod add;
pub(crate) mod contacts;
pub(crate) mod edit;
mod fields;
pub(crate) mod grants;
pub(crate) mod list;
pub(crate) mod password;
pub(crate) mod roster;
pub(crate) mod show;
