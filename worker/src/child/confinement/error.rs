//! Why a child could not be confined.

/// A child could not be confined, on a kernel that can do it.
#[derive(Debug, thiserror::Error)]
pub enum ConfinementError {
    /// Landlock.
    #[error("cannot restrict access to files: {0}")]
    Files(#[from] landlock::RulesetError),
    /// A path that the child needs.
    #[error("cannot allow a path: {0}")]
    Path(#[from] landlock::PathFdError),
    /// seccomp.
    #[error("cannot restrict system calls: {0}")]
    SystemCalls(#[from] seccompiler::Error),
}
