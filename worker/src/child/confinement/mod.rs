//! What a child may touch: its inputs, its outputs and what libraries read; no network, no other
//! process.
//!
//! A child confines itself before it reads a user's bytes, while it has one thread: Landlock
//! (`files`) holds for the thread that asks for it and for those that it starts. The filter of system
//! calls (`system_calls`) comes last, because it refuses what installing these takes.

mod access;
mod error;
mod files;
mod system_calls;

use std::fmt;

pub use access::Access;
pub use error::ConfinementError;

/// What this machine cannot enforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lacking {
    /// No access to other files (Landlock, Linux 5.13).
    pub files: bool,
    /// No connections by TCP even without the filter of system calls (Landlock, Linux 6.7).
    pub network: bool,
    /// Only those system calls that are needed (seccomp).
    pub system_calls: bool,
}

impl Lacking {
    /// Looks at the kernel.
    pub fn here() -> Self {
        Self {
            files: !files::are_restricted_here(),
            network: !files::network_is_restricted_here(),
            system_calls: !system_calls::are_filtered_here(),
        }
    }

    /// Whether a child can be kept from what is not its own. TCP alone is no gap: the filter of system
    /// calls refuses all sockets.
    pub fn is_a_gap(self) -> bool {
        self.files || self.system_calls
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.files, "Landlock for files (Linux 5.13)"),
            (self.network, "Landlock for TCP (Linux 6.7)"),
            (self.system_calls, "seccomp"),
        ];
        let lacking: Vec<_> = parts.iter().filter(|(lacks, _)| *lacks).map(|part| part.1).collect();
        f.write_str(&if lacking.is_empty() { "nothing".to_owned() } else { lacking.join(", ") })
    }
}

impl Access {
    /// Confines this process, for good, as far as the kernel can. Must be called while it has one
    /// thread. Whether a kernel that cannot is good enough, the parent has decided before.
    pub fn enforce(&self) -> Result<(), ConfinementError> {
        let lacking = Lacking::here();
        if !lacking.files {
            files::restrict(self)?;
        }
        if !lacking.system_calls {
            system_calls::filter()?;
        }
        Ok(())
    }
}
