//! Proof by breaking: hundreds of reports go through real servers while workers are killed and
//! paused, RabbitMQ and PostgreSQL are restarted, queues are purged, and S3 goes away.
//!
//! `HUIBAO_CHAOS_REPORTS` and `HUIBAO_CHAOS_SEED` make it longer or repeat it; scripts/chaos does.

mod aftermath;
mod faults;
mod services;
mod stir;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use self::faults::{Chaos, Dice};
use self::services::Services;
use crate::support::fleet::{Fleet, Servers};
use crate::support::media::{heavy, short};
use crate::support::server::Server;
use crate::support::weather::Weather;

/// Nothing takes longer, even with leases that run out on the way.
const PATIENCE: Duration = Duration::from_mins(10);

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Hands a report in, again and again while the servers behind the API are away. An upload that
/// was refused or broke off is none; one that was answered must never be lost.
fn submit(api: &Server, video: &Path) -> String {
    let start = Instant::now();
    loop {
        let (status, answer) = api.upload(video, None);
        if status == 202 {
            return answer["report"]["id"].as_str().unwrap().to_owned();
        }
        assert!(matches!(status, 500..=599), "{status}: {answer}");
        assert!(start.elapsed() < PATIENCE, "{answer}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What is handed in.
struct Videos {
    good: PathBuf,
    /// Large enough for a multipart upload.
    heavy: PathBuf,
    bad: PathBuf,
}

impl Videos {
    fn make(folder: &Path) -> Self {
        let bad = folder.join("bad.mp4");
        std::fs::write(&bad, "not a video").unwrap();
        Self { good: short(folder, 2), heavy: heavy(folder), bad }
    }

    /// The video of upload `i`, and whether it is a bad one.
    fn choose(&self, i: usize) -> (&Path, bool) {
        match i % 40 {
            39 => (&self.bad, true),
            n if n % 10 == 5 => (&self.heavy, false),
            _ => (&self.good, false),
        }
    }
}

/// The servers' addresses with the weather between us and S3.
fn exposed(env: &str) -> (Servers, Weather) {
    let (_, rest) = env.split_once("endpoint=http://").unwrap();
    let address = rest.split(['\\', '&', '\n', '\'']).next().unwrap();
    let weather = Weather::before(address.parse().unwrap());
    (Servers::of(&env.replace(address, &weather.addr.to_string())), weather)
}

#[test]
fn nothing_is_lost_whatever_breaks() {
    let count = usize::try_from(number("HUIBAO_CHAOS_REPORTS", 200)).unwrap();
    let seed = number("HUIBAO_CHAOS_SEED", 20_241_124);
    let folder = tempfile::tempdir().unwrap();
    let services = Services::start();
    let (servers, weather) = exposed(&services.run(&["env"]));
    let mut fleet = Fleet::new(&servers, folder.path());
    fleet.script_recognition();
    fleet.set("HUIBAO_LEASE_SECONDS", "5");
    fleet.set("HUIBAO_MAX_ATTEMPTS", "20");
    let api = fleet.api();
    let videos = Videos::make(folder.path());
    let mut chaos = Chaos {
        services: &services,
        fleet: &fleet,
        weather: &weather,
        folder: folder.path(),
        workers: (0..3).map(|_| fleet.worker(&[])).collect(),
        dice: Dice(seed),
        done: HashMap::new(),
    };
    let mut reports = Vec::new();
    // Every fault at least once, in an order that the seed decides, spread over the uploads.
    let mut faults = Chaos::FAULTS.to_vec();
    for i in 0..count {
        let (video, is_bad) = videos.choose(i);
        reports.push((submit(&api, video), is_bad));
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
    assert!(weather.broken() > 0, "no upload broke half-way");
    // The workers are still there: what circulates ends.
    aftermath::assert_no_message_is_left(&services);
    drop(chaos);
    // An upload whose answer was lost is made again by whoever uploads: there may be more.
    let ready = aftermath::reports_ready(&fleet);
    assert!(ready >= reports.iter().filter(|(_, is_bad)| !is_bad).count());
    aftermath::assert_each_stage_has_one_result(&fleet, ready);
    aftermath::assert_every_object_is_referenced(&fleet);
    aftermath::assert_bags_are_valid(&fleet, folder.path(), ready);
}

fn wait_for_all(api: &Server, chaos: &mut Chaos<'_>, reports: &[(String, bool)]) -> Vec<Value> {
    let start = Instant::now();
    let mut states = Vec::new();
    for (id, _) in reports {
        loop {
            let report = api.get(&format!("/api/v1/reports/{id}"))["report"].clone();
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
