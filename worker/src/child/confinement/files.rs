//! Access to files, TCP, signals and sockets by Landlock.

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, Scope,
};

use super::access::Access;
use super::error::ConfinementError;

/// What the rules are written for. Kernels that know less enforce what they know.
const RULES: ABI = ABI::V6;

/// What libraries read after a process has started: libraries that are loaded late, and how many
/// processors there are. A file that is not there is passed over.
const OF_LIBRARIES: [&str; 7] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
    "/sys/devices/system/cpu",
    "/dev/urandom",
];

/// Whether the kernel restricts access to files.
pub(super) fn are_restricted_here() -> bool {
    supports(|rules| rules.handle_access(AccessFs::from_all(ABI::V1)))
}

/// Whether the kernel restricts TCP.
pub(super) fn network_is_restricted_here() -> bool {
    supports(|rules| rules.handle_access(AccessNet::from_all(ABI::V4)))
}

fn supports(handle: impl FnOnce(Ruleset) -> Result<Ruleset, RulesetError>) -> bool {
    let strict = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    handle(strict).and_then(Ruleset::create).is_ok()
}

/// Leaves this thread, and those that it starts, the files of `access`, and none of the rest.
pub(super) fn restrict(access: &Access) -> Result<(), ConfinementError> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(RULES))?
        .handle_access(AccessNet::from_all(RULES))?
        .scope(Scope::from_all(RULES))?
        .create()?;
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    for path in OF_LIBRARIES.iter().map(Path::new).filter(|path| path.exists()) {
        rules = rules.add_rule(allow(path, reading | AccessFs::Execute)?)?;
    }
    // Whoever needs a file that is not there says so better.
    for path in access.read.iter().filter(|path| path.exists()) {
        rules = rules.add_rule(allow(path, reading)?)?;
    }
    let writing = AccessFs::WriteFile
        | AccessFs::MakeReg
        | AccessFs::RemoveFile
        | AccessFs::Truncate
        | AccessFs::Refer;
    for path in &access.write {
        rules = rules.add_rule(allow(path, reading | writing)?)?;
    }
    let folders = AccessFs::MakeDir | AccessFs::RemoveDir;
    for path in &access.trees {
        rules = rules.add_rule(allow(path, reading | writing | folders)?)?;
    }
    rules.restrict_self()?;
    Ok(())
}

/// A rule for a path: a file's own rights are those that files can have.
fn allow(path: &Path, access: BitFlags<AccessFs>) -> Result<PathBeneath<PathFd>, ConfinementError> {
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(RULES) };
    Ok(PathBeneath::new(PathFd::new(path)?, access))
}
