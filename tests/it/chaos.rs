//! Proof by breaking: hundreds of reports go through real servers while workers are killed and
//! paused, RabbitMQ and PostgreSQL are restarted, queues are purged, and S3 goes away.
//!
//! `HUIBAO_CHAOS_REPORTS` and `HUIBAO_CHAOS_SEED` make it longer or repeat it; scripts/chaos does.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::fleet::{Fleet, Servers, WorkerProcess};
use crate::support::media::short;
use crate::support::root;
use crate::support::server::Server;

/// Nothing takes longer, even with leases that run out on the way.
const PATIENCE: Duration = Duration::from_mins(10);

/// A set of services that this test alone breaks.
struct Services {
    folder: tempfile::TempDir,
}

impl Services {
    fn start() -> Self {
        let services = Self { folder: tempfile::tempdir().unwrap() };
        services.run(&["up"]);
        services
    }

    fn run(&self, args: &[&str]) -> String {
        let script = root().join("scripts/services");
        let mut command = Command::new(script);
        let output = command
            .args(args)
            .env("HUIBAO_SERVICES_DIR", self.folder.path().join("set"))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "scripts/services {args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run(&["down"]);
            return;
        }
        let mut command = Command::new(root().join("scripts/services"));
        let set = self.folder.path().join("set");
        let _ = command.arg("down").env("HUIBAO_SERVICES_DIR", set).status();
    }
}

/// A small generator, so that a seed repeats a run (Marsaglia's xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Hands a report in, again and again while the servers behind the API are away. An upload that
/// was refused or broke off is none; one that was answered must never be lost.
fn submit(api: &Server, video: &Path) -> String {
    let start = Instant::now();
    loop {
        let (status, answer) = api.upload(video, None);
        if status == 201 {
            return answer["report"]["id"].as_str().unwrap().to_owned();
        }
        assert!(matches!(status, 500..=599), "{status}: {answer}");
        assert!(start.elapsed() < PATIENCE, "{answer}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

struct Chaos<'a> {
    services: &'a Services,
    fleet: &'a Fleet,
    workers: Vec<WorkerProcess>,
    dice: Dice,
    done: HashMap<&'static str, u32>,
}

impl Chaos<'_> {
    const FAULTS: [&'static str; 8] = [
        "kill a worker",
        "pause a worker",
        "restart rabbitmq",
        "purge the queues",
        "restart postgres",
        "restart s3",
        "kill at a planned point",
        "stop a worker politely",
    ];

    fn strike(&mut self, fault: &'static str) {
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
            "purge the queues" => self.purge(),
            "restart postgres" => drop(self.services.run(&["restart", "postgres"])),
            "restart s3" => drop(self.services.run(&["restart", "s3"])),
            "kill at a planned point" => {
                let point = ["claimed", "worked", "committed"][self.dice.roll(3)];
                let stage = ["ingest", "transcode", "transcribe", "archive"][self.dice.roll(4)];
                let place = format!("kill:{point}:{stage}");
                self.workers[victim] = self.fleet.worker(&[("HUIBAO_FAULT", &place)]);
            }
            _ => {
                self.workers[victim].signal("-TERM");
                self.workers[victim] = self.fleet.worker(&[]);
            }
        }
    }

    fn purge(&self) {
        let listed = self.services.run(&["rabbitmqctl", "list_queues", "name"]);
        for queue in listed.lines().filter(|line| line.starts_with("test_")) {
            self.services.run(&["rabbitmqctl", "purge_queue", queue]);
        }
    }

    /// Puts new workers where old ones died.
    fn replace_dead(&mut self) {
        for worker in &mut self.workers {
            if worker.has_ended() {
                *worker = self.fleet.worker(&[]);
            }
        }
    }
}

#[test]
fn nothing_is_lost_whatever_breaks() {
    let count = usize::try_from(number("HUIBAO_CHAOS_REPORTS", 200)).unwrap();
    let seed = number("HUIBAO_CHAOS_SEED", 20_241_124);
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start();
    let mut fleet = Fleet::new(&Servers::of(&services.run(&["env"])), folder.path());
    fleet.script_recognition();
    fleet.set("HUIBAO_LEASE_SECONDS", "5");
    fleet.set("HUIBAO_MAX_ATTEMPTS", "20");
    let api = fleet.api();
    let good = short(folder.path(), 2);
    let bad = folder.path().join("bad.mp4");
    std::fs::write(&bad, "not a video").unwrap();

    let workers = (0..3).map(|_| fleet.worker(&[])).collect();
    let dice = Dice(seed);
    let mut chaos =
        Chaos { services: &services, fleet: &fleet, workers, dice, done: HashMap::new() };
    let mut reports = Vec::new();
    // Every fault at least once, in an order that the seed decides, spread over the uploads.
    let mut faults = Chaos::FAULTS.to_vec();
    for i in 0..count {
        let is_bad = i % 40 == 39;
        reports.push((submit(&api, if is_bad { &bad } else { &good }), is_bad));
        if i % (count / (Chaos::FAULTS.len() + 1)).max(1) == 0 && i > 0 {
            if faults.is_empty() {
                faults = Chaos::FAULTS.to_vec();
            }
            let fault = faults.swap_remove(chaos.dice.roll(faults.len()));
            chaos.strike(fault);
        }
        chaos.replace_dead();
    }
    assert_eq!(chaos.done.len(), Chaos::FAULTS.len(), "{:?}", chaos.done);

    let states = wait_for_all(&api, &mut chaos, &reports);
    for ((id, is_bad), report) in reports.iter().zip(&states) {
        let expected = if *is_bad { "failed" } else { "ready" };
        assert_eq!(report["state"], expected, "{id}: {report}\n{}", fleet.worker_log());
        if *is_bad {
            assert_eq!(report["failure"]["code"], "not_media", "a true reason: {report}");
        }
    }
    drop(chaos);
    assert_no_message_is_dead(&services);
    assert_every_object_is_referenced(&fleet, &api, count);
}

fn wait_for_all(api: &Server, chaos: &mut Chaos<'_>, reports: &[(String, bool)]) -> Vec<Value> {
    let start = Instant::now();
    let mut states = Vec::new();
    for (id, _) in reports {
        loop {
            let report = api.get(&format!("/api/reports/{id}"))["report"].clone();
            if matches!(report["state"].as_str(), Some("ready" | "failed")) {
                states.push(report);
                break;
            }
            assert!(start.elapsed() < PATIENCE, "{report}\n{}", chaos.fleet.worker_log());
            chaos.replace_dead();
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    states
}

/// No message was given up: what is returned too often, or cannot be read, ends in the dead queue.
fn assert_no_message_is_dead(services: &Services) {
    let start = Instant::now();
    loop {
        let listed = services.run(&["rabbitmqctl", "list_queues", "name", "messages"]);
        // Hints that came twice may still wait in the others: no worker is left to take them.
        let dead: Vec<&str> = listed
            .lines()
            .filter(|line| line.contains(".dead") && !line.trim_end().ends_with("\t0"))
            .collect();
        if dead.is_empty() {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{listed}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// After the collector, storage holds what the database lists and nothing else.
fn assert_every_object_is_referenced(fleet: &Fleet, api: &Server, reports: usize) {
    let collect = || {
        let mut command = fleet.command(&["collect", "--nothing-runs", "--json"]);
        crate::support::only_object(&command.output().unwrap())
    };
    collect();
    assert_eq!(collect()["objects"], serde_json::json!([]), "all garbage is gone at once");
    let listed = api.get(&format!("/api/reports?limit={}", reports.min(200)));
    for summary in listed["reports"].as_array().unwrap() {
        if summary["state"] != "ready" {
            continue;
        }
        let id = summary["id"].as_str().unwrap();
        let report = api.get(&format!("/api/reports/{id}"))["report"].clone();
        for link in ["video", "original", "poster"] {
            let url = format!("{}{}", api.url, report["links"][link].as_str().unwrap());
            let answer = api.client.head(&url).send().unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{url}");
        }
    }
}
