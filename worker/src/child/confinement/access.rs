//! The files that a child may use.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The files that a child may use, besides what libraries read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Files, and folders with all that is in them, that it may read.
    pub read: Vec<PathBuf>,
    /// Folders in which it may also write, make and remove files.
    pub write: Vec<PathBuf>,
    /// Folders in which it may also make and remove folders.
    pub trees: Vec<PathBuf>,
}
