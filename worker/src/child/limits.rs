//! Bounds that a child puts on itself before it touches untrusted bytes.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Bounds on one child process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Address space in bytes.
    pub memory_bytes: u64,
    /// CPU time of all threads together, in seconds.
    pub cpu_seconds: u64,
    /// Largest file it may write, in bytes.
    pub file_bytes: u64,
}

/// Files a child needs open: input, outputs, pipes, and what libraries load.
const OPEN_FILES: u64 = 256;

impl ResourceLimits {
    /// Puts the bounds on this process. They cannot be raised again.
    pub fn apply(&self) -> std::io::Result<()> {
        lower(Resource::As, self.memory_bytes)?;
        lower(Resource::Cpu, self.cpu_seconds)?;
        self.apply_common()
    }

    /// Puts the bounds on this process for one request of several: memory and time are counted anew
    /// for the next. For children that see no file of a user, only sound that ingest made.
    pub fn apply_anew(&self) -> std::io::Result<()> {
        set_for_now(Resource::As, self.memory_bytes)?;
        let spent = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
        set_for_now(Resource::Cpu, spent + self.cpu_seconds)?;
        self.apply_common()
    }

    fn apply_common(&self) -> std::io::Result<()> {
        lower(Resource::Fsize, self.file_bytes)?;
        lower(Resource::Nofile, OPEN_FILES)?;
        // A core file would hold private material.
        lower(Resource::Core, 0)
    }
}

fn set_for_now(resource: Resource, value: u64) -> std::io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let current = Some(value.min(maximum.unwrap_or(u64::MAX)));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}

fn lower(resource: Resource, value: u64) -> std::io::Result<()> {
    // Never above what this process was given itself: raising is not allowed to everyone.
    let given = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let value = Some(value.min(given));
    Ok(setrlimit(resource, Rlimit { current: value, maximum: value })?)
}
