//! The RabbitMQ that the contract suite runs against, and services of one's own to break.

/// Where the RabbitMQ of the tests is.
pub fn queue_url() -> String {
    std::env::var("HUIBAO_TEST_QUEUE_URL").expect("run scripts/test, which starts the services")
}

/// Services that one test may break: a set of its own, gone when the test ends.
pub struct Services {
    folder: tempfile::TempDir,
    env: String,
}

impl Services {
    /// Starts a set.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut services = Self { folder, env: String::new() };
        services.run(&["up"]).await;
        services.env = services.run(&["env"]).await;
        services
    }

    /// Calls `scripts/services` for this set and returns what it printed.
    pub async fn run(&self, args: &[&str]) -> String {
        let output = tokio::process::Command::new("../scripts/services")
            .args(args)
            .env("HUIBAO_SERVICES_DIR", self.set())
            .output()
            .await
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "scripts/services {args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// RabbitMQ's own tool.
    pub async fn rabbitmqctl(&self, args: &[&str]) -> String {
        self.run(&[&["rabbitmqctl"], args].concat()).await
    }

    /// A variable that `scripts/services env` prints.
    pub fn env(&self, name: &str) -> String {
        let prefix = format!("export {name}=");
        let value = self.env.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap();
        // The shell's quoting of what is no word character.
        value.replace('\\', "").trim_matches('\'').to_owned()
    }

    fn set(&self) -> std::path::PathBuf {
        self.folder.path().join("set")
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        // Best effort in a test that may have failed: the folder is a temporary one.
        let _ = std::process::Command::new("../scripts/services")
            .arg("down")
            .env("HUIBAO_SERVICES_DIR", self.set())
            .stderr(std::process::Stdio::null())
            .status();
    }
}
