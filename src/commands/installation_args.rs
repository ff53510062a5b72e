//! The flags of commands that work on an installation beside its server.

use std::path::PathBuf;

/// Where the installation is, and how to answer.
#[derive(Debug, clap::Args)]
pub struct InstallationArgs {
    /// Folder that everything is kept in [default: huibao-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print exactly one JSON object
    #[arg(long, global = true)]
    pub json: bool,
}
