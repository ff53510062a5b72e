//! What people see and change of their own account.

pub(crate) mod events;
pub(crate) mod notices;
pub(crate) mod password;
pub(crate) mod sessions;
pub(crate) mod show;
pub(crate) mod tokens;
