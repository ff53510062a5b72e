//! How a child is started.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::protocol::CHILD_ARGUMENT;

/// This binary as a child, with pipes for its standard streams, and these variables besides the harmless ones.
pub fn command(variables: &[(&str, String)]) -> io::Result<Command> {
    let mut command = Command::new(own_binary()?);
    command
        .arg(CHILD_ARGUMENT)
        // Native parsers do not get the secrets of the service (database, storage, token).
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| is_harmless(name)))
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Ok(command)
}

/// The running image itself, also after an upgrade replaced the file on disk.
fn own_binary() -> io::Result<PathBuf> {
    let proc = std::path::Path::new("/proc/self/exe");
    if proc.exists() { Ok(proc.to_owned()) } else { std::env::current_exe() }
}

fn is_harmless(name: &std::ffi::OsStr) -> bool {
    const KEEP: [&str; 6] =
        ["PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "RUST_BACKTRACE"];
    name.to_str().is_some_and(|name| KEEP.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_handed_on() {
        assert!(!is_harmless("HUIBAO_DATABASE_URL".as_ref()));
        assert!(!is_harmless("AWS_SECRET_ACCESS_KEY".as_ref()));
        assert!(is_harmless("LANG".as_ref()));
    }
}
