//! What is broken during the run.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::services::Services;
use super::stir::stir;
use crate::support::fleet::{Fleet, WorkerProcess};
use crate::support::weather::Weather;

/// A clock that is so wrong is far beyond every lease, and S3 still takes its signatures.
const CLOCK_JUMP_SECONDS: i32 = 600;

/// A small generator, so that a seed repeats a run (Marsaglia's xorshift64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// The workers, and all that happens to them and to the servers.
pub struct Chaos<'a> {
    pub services: &'a Services,
    pub fleet: &'a Fleet,
    /// Between the fleet and S3.
    pub weather: &'a Weather,
    pub folder: &'a Path,
    pub workers: Vec<WorkerProcess>,
    pub dice: Dice,
    pub done: HashMap<&'static str, u32>,
}

impl Chaos<'_> {
    pub const FAULTS: [&'static str; 13] = [
        "kill a worker",
        "pause a worker",
        "restart rabbitmq",
        "purge the queues",
        "double and reorder messages",
        "restart postgres",
        "restart s3",
        "break uploads to s3",
        "slow s3",
        "kill at a planned point",
        "stop a worker politely",
        "let a worker's clock jump",
        "fill a worker's disk",
    ];

    pub fn strike(&mut self, fault: &'static str) {
        *self.done.entry(fault).or_default() += 1;
        let victim = self.dice.roll(self.workers.len());
        match fault {
            "kill a worker" => self.workers[victim] = self.fleet.worker(&[]),
            "pause a worker" => {
                let paused = &self.workers[victim];
                paused.signal("-STOP");
                // Past its lease.
                std::thread::sleep(Duration::from_secs(7));
                paused.signal("-CONT");
            }
            "restart rabbitmq" => drop(self.services.run(&["restart", "rabbitmq"])),
            "purge the queues" => {
                for queue in self.queues() {
                    self.services.run(&["rabbitmqctl", "purge_queue", &queue]);
                }
            }
            "double and reorder messages" => stir(self.fleet.queue_url(), &self.queues()),
            "restart postgres" => drop(self.services.run(&["restart", "postgres"])),
            "restart s3" => drop(self.services.run(&["restart", "s3"])),
            // In the second part of a multipart upload, or wherever a connection has got to.
            "break uploads to s3" => self.weather.storm(4, 9 << 20),
            "slow s3" => {
                self.weather.slow(true);
                std::thread::sleep(Duration::from_secs(3));
                self.weather.slow(false);
            }
            "kill at a planned point" => {
                let point = ["claimed", "worked", "committed"][self.dice.roll(3)];
                let stage = ["ingest", "transcode", "transcribe", "archive"][self.dice.roll(4)];
                let place = format!("kill:{point}:{stage}");
                self.workers[victim] = self.fleet.worker(&[("HUIBAO_FAULT", &place)]);
            }
            "let a worker's clock jump" => self.jump(victim),
            "fill a worker's disk" => self.fill_disk(victim),
            _ => {
                self.workers[victim].signal("-TERM");
                self.workers[victim] = self.fleet.worker(&[]);
            }
        }
    }

    fn queues(&self) -> Vec<String> {
        let listed = self.services.run(&["rabbitmqctl", "list_queues", "name"]);
        listed.lines().filter(|line| line.starts_with("test_")).map(str::to_owned).collect()
    }

    /// Starts a worker whose clock is right, and then is not.
    fn jump(&mut self, victim: usize) {
        let clock = self.folder.join(format!("clock-{}", self.done.values().sum::<u32>()));
        std::fs::write(&clock, "+0").unwrap();
        self.workers[victim] = self.fleet.worker(&[
            ("LD_PRELOAD", faketime().to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            // Nobody can set that one on a real machine either.
            ("DONT_FAKE_MONOTONIC", "1"),
        ]);
        std::thread::sleep(Duration::from_secs(2));
        let ahead = self.dice.roll(2) == 0;
        let jump = if ahead { CLOCK_JUMP_SECONDS } else { -CLOCK_JUMP_SECONDS };
        std::fs::write(&clock, format!("{jump:+}")).unwrap();
    }

    /// Lets a worker work for a while on a disk that is as good as full.
    fn fill_disk(&mut self, victim: usize) {
        let disk = self.folder.join("full-disk");
        std::fs::create_dir_all(&disk).unwrap();
        let worker = self.fleet.command(&["worker", "--data-dir"]);
        let mut command = Command::new("unshare");
        // A file system of its own, that only this process sees.
        command.args(["--mount", "--map-root-user", "sh", "-c"]);
        command.arg(r#"mount -t tmpfs -o size=64k none "$0" && exec "$@" "$0""#);
        command.arg(&disk).arg(worker.get_program()).args(worker.get_args());
        for (name, value) in worker.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let failures = || self.fleet.whole_log().matches("failure=disk_full").count();
        let before = failures();
        let full = self.fleet.spawn(command);
        std::thread::sleep(Duration::from_secs(5));
        // What it had begun; after that it leaves the jobs to others.
        assert!(failures() - before <= 8, "{}", self.fleet.worker_log());
        drop(full);
        self.workers[victim] = self.fleet.worker(&[]);
    }

    /// Puts new workers where old ones died.
    pub fn replace_dead(&mut self) {
        for worker in &mut self.workers {
            if worker.has_ended() {
                *worker = self.fleet.worker(&[]);
            }
        }
    }
}

/// The library that gives a process a clock of its own.
fn faketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    let mut places = folders.map(|entry| entry.unwrap().path().join("faketime/libfaketimeMT.so.1"));
    places.find(|path| path.exists()).expect("scripts/test installs libfaketime")
}
