//! Resource limits that a child sets for itself before it reads untrusted bytes.

use std::collections::HashMap;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::protocol::{CallId, ResourceLimits};

/// Open files of a child: input, outputs, pipes, libraries.
const OPEN_FILES: u64 = 256;

impl ResourceLimits {
    /// Applies the limits to this process. They cannot be raised again.
    pub fn apply(&self) -> std::io::Result<()> {
        lower(Resource::As, self.memory_bytes)?;
        lower(Resource::Cpu, self.cpu_seconds)?;
        self.apply_common()
    }

    fn apply_common(&self) -> std::io::Result<()> {
        lower(Resource::Fsize, self.file_bytes)?;
        lower(Resource::Nofile, OPEN_FILES)?;
        // A core file would contain private data.
        lower(Resource::Core, 0)
    }
}

/// Limits of a process that runs requests concurrently and one after the other, and reads no file of a
/// user. Each request adds its own.
#[derive(Debug, Default)]
pub struct SharedLimits {
    running: HashMap<CallId, ResourceLimits>,
    /// CPU time of the process in seconds at which the running requests exceed their limits.
    cpu_until: u64,
}

impl SharedLimits {
    /// Adds the limits of a request.
    pub fn add(&mut self, call: CallId, limits: ResourceLimits) -> std::io::Result<()> {
        let spent = clock_gettime(ClockId::ProcessCPUTime).tv_sec.unsigned_abs();
        let from = if self.running.is_empty() { spent } else { self.cpu_until };
        self.cpu_until = from + limits.cpu_seconds;
        self.running.insert(call, limits);
        let memory = self.running.values().map(|limits| limits.memory_bytes).sum();
        set_soft(Resource::As, memory)?;
        set_soft(Resource::Cpu, self.cpu_until)?;
        limits.apply_common()
    }

    /// Removes the limits of a request. They stay in force until the next request begins.
    pub fn remove(&mut self, call: CallId) {
        self.running.remove(&call);
    }
}

fn set_soft(resource: Resource, value: u64) -> std::io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let current = Some(value.min(maximum.unwrap_or(u64::MAX)));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}

fn lower(resource: Resource, value: u64) -> std::io::Result<()> {
    // Never above the current hard limit: only a privileged process may raise it.
    let given = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let value = Some(value.min(given));
    Ok(setrlimit(resource, Rlimit { current: value, maximum: value })?)
}
