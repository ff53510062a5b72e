//! Bounds that a child puts on itself before it touches untrusted bytes.

use std::collections::HashMap;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::CallId;

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

    fn apply_common(&self) -> std::io::Result<()> {
        lower(Resource::Fsize, self.file_bytes)?;
        lower(Resource::Nofile, OPEN_FILES)?;
        // A core file would hold private material.
        lower(Resource::Core, 0)
    }
}

/// Bounds of a process that works on requests side by side and one after the other, and sees no file
/// of a user. Each request adds its own.
#[derive(Debug, Default)]
pub struct SharedLimits {
    running: HashMap<CallId, ResourceLimits>,
    /// CPU time in seconds that those which run may spend up to.
    cpu_until: u64,
}

impl SharedLimits {
    /// A request begins.
    pub fn add(&mut self, call: CallId, limits: ResourceLimits) -> std::io::Result<()> {
        let spent = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
        let from = if self.running.is_empty() { spent } else { self.cpu_until };
        self.cpu_until = from + limits.cpu_seconds;
        self.running.insert(call, limits);
        let memory = self.running.values().map(|limits| limits.memory_bytes).sum();
        set_for_now(Resource::As, memory)?;
        set_for_now(Resource::Cpu, self.cpu_until)?;
        limits.apply_common()
    }

    /// A request has ended. Its bounds stay until the next one begins.
    pub fn remove(&mut self, call: CallId) {
        self.running.remove(&call);
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
