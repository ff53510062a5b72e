//! A set of services that a test alone breaks.

use std::process::Command;

use crate::support::root;

pub struct Services {
    folder: tempfile::TempDir,
}

impl Services {
    pub fn start() -> Self {
        let services = Self { folder: tempfile::tempdir().unwrap() };
        services.run(&["up"]);
        services
    }

    /// Runs `scripts/services` and returns what it prints.
    pub fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "scripts/services {args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(root().join("scripts/services"));
        command.args(args).env("HUIBAO_SERVICES_DIR", self.folder.path().join("set"));
        command
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.command(&["down"]).status();
        } else {
            self.run(&["down"]);
        }
    }
}
