//! `huibao recognize-again`: another model's text beside the first one's, while readers go on reading.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::fleet::{Fleet, Servers};
use crate::support::media::short;
use crate::support::server::{BRANCH, Server};
use crate::support::{assert_valid_bags, huibao, names, only_object};

const FIRST: &str = "敬爱的党组织";
const SECOND: &str = "向党组织汇报";
const THIRD: &str = "今后继续努力";

/// A "model" that hears the same in everything.
fn model(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, json!({ "engine": "scripted", "text": text }).to_string()).unwrap();
    path
}

/// `huibao COMMAND… --json` on a data folder: the exit code and the object.
fn run(data: &Path, args: &[&str]) -> (i32, Value) {
    let mut command = huibao();
    command.args(args).arg("--json").env("HUIBAO_DATA_DIR", data);
    answer(command)
}

fn answer(mut command: Command) -> (i32, Value) {
    let output = command.output().unwrap();
    (output.status.code().unwrap(), only_object(&output))
}

fn queued(model: &Path, count: u64) -> (i32, Value) {
    let (none, model) = (Value::Array(vec![]), model.to_str().unwrap());
    let answer = json!({
        "model": model, "dry_run": false, "queued": count, "not_ready": none, "at_work": none,
    });
    (0, answer)
}

/// Hands in a video and waits until it can be read.
fn hand_in(server: &Server, folder: &Path) -> String {
    let (status, answer) = server.upload(&short(folder, 4), None);
    assert_eq!(status, 202, "{answer}");
    let id = answer["report"]["id"].as_str().unwrap().to_owned();
    server.wait(&id, |report| report["state"] == "ready");
    id
}

fn stage(report: &Value, state: &str) -> bool {
    report["stages"].as_array().unwrap().iter().any(|stage| stage["state"] == state)
}

/// Waits until nothing works on the report. All the while, it is ready and has a text.
fn rest(server: &Server, id: &str) -> Value {
    server.wait(id, |report| {
        assert_eq!((&report["state"], &report["failure"]), (&json!("ready"), &Value::Null));
        assert!(!report["transcript"]["text"].as_str().unwrap().is_empty(), "{report}");
        assert_eq!(report["partial"], json!([]));
        !stage(report, "queued") && !stage(report, "running")
    })
}

fn text(server: &Server, id: &str, query: &str) -> String {
    let url = format!("{}/api/v1/reports/{id}/transcript.txt{query}", server.url);
    server.client.get(url).send().unwrap().text().unwrap()
}

/// Each recognition adds two: what was written, and what was made of it.
fn versions(server: &Server, id: &str) -> usize {
    server.get(&format!("/api/v1/reports/{id}/transcripts"))["versions"].as_array().unwrap().len()
}

/// A file of each bag of a report, the oldest bag first; empty where it is not there.
fn in_bags(data: &Path, id: &str, file: &str) -> Vec<String> {
    let (_, listed) = run(data, &["jobs", "list", "--report", id]);
    let submission = listed["jobs"][0]["submission_id"].as_str().unwrap();
    let folder = data.join("files/submissions").join(submission);
    let bags = names(&folder).into_iter().filter(|name| name.ends_with("-bag"));
    bags.map(|bag| std::fs::read_to_string(folder.join(bag).join(file)).unwrap_or_default())
        .collect()
}

/// The texts in the bags.
fn archived(data: &Path, id: &str) -> Vec<String> {
    in_bags(data, id, "data/transcript.txt")
}

#[test]
fn a_second_model_adds_a_version_and_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (one, two) =
        (model(folder.path(), "one.json", FIRST), model(folder.path(), "two.json", SECOND));
    let server = Server::start(&data, &[("HUIBAO_MODEL", one.to_str().unwrap())]);
    let id = hand_in(&server, folder.path());

    let again = ["recognize-again", "--model", two.to_str().unwrap()];
    let dry = run(&data, &[&again[..], &["--all", "--dry-run"]].concat());
    assert_eq!((&dry.1["queued"], &dry.1["dry_run"]), (&json!(1), &json!(true)), "{}", dry.1);
    let by_other = run(&data, &[&again[..], &["--where", "model!=ggml-scripted"]].concat());
    assert_eq!(by_other, queued(&two, 0));
    let all_must_hold = ["--where", "language=zh", "--where", "created<2020-01-01"];
    assert_eq!(run(&data, &[&again[..], &all_must_hold].concat()), queued(&two, 0));
    assert_eq!((versions(&server, &id), stage(&rest(&server, &id), "waiting")), (2, false));

    let conditions = ["--where", "model=scripted", "--where", "created>=2020-01-01"];
    assert_eq!(run(&data, &[&again[..], &conditions].concat()), queued(&two, 1));
    let report = rest(&server, &id);
    assert!(!stage(&report, "waiting") && !stage(&report, "dead"), "{report}");
    assert!(report["transcript"]["text"].as_str().unwrap().contains(SECOND), "{report}");
    assert_eq!(versions(&server, &id), 4);
    assert!(text(&server, &id, "?version=2").contains(FIRST));
    assert!(text(&server, &id, "").contains(SECOND));

    let files = data.join("files");
    assert_eq!(assert_valid_bags(&files), 2);
    let archived = archived(&data, &id);
    assert!(archived[0].contains(FIRST) && archived[1].contains(SECOND), "{archived:?}");
}

#[test]
fn a_decision_makes_another_archive_with_what_was_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let one = model(folder.path(), "one.json", FIRST);
    let server = Server::start(&data, &[("HUIBAO_MODEL", one.to_str().unwrap())]);
    let id = hand_in(&server, folder.path());
    server.command(&["user", "add", "wang", "--role", "reviewer", "--branch", BRANCH], "");
    let token = server.command(&["token", "create", "wang", "--quiet"], "");
    let ask = |path: &str, body: &Value| {
        let url = format!("{}/api/v1/reports/{id}/{path}", server.url);
        let reviewer = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
        let answer = reviewer.post(url).bearer_auth(token.trim()).json(body).send().unwrap();
        answer.error_for_status().unwrap().json::<Value>().unwrap()
    };
    let segment = &rest(&server, &id)["transcript"]["segments"][0];
    let replaced = json!([{ "id": segment["id"], "text": segment["text"] }]);
    let corrected = ask("corrections", &json!({ "replaced": replaced, "by": [SECOND] }));
    let version = &corrected["version"];
    ask("decisions", &json!({ "verdict": "accept", "transcript_version": version }));
    let at_work = |report: &Value| stage(report, "queued") || stage(report, "running");
    let report = server.wait(&id, |report| !at_work(report));
    assert_eq!((&report["state"], &report["failure"]), (&json!("accepted"), &Value::Null));

    assert_eq!(assert_valid_bags(&data.join("files")), 2);
    let archived = archived(&data, &id);
    assert!(archived[0].contains(FIRST) && archived[1].contains(SECOND), "{archived:?}");
    let reviews = in_bags(&data, &id, "data/review.json");
    assert_eq!(reviews[0], "", "nobody had reviewed it");
    let review: Value = serde_json::from_str(&reviews[1]).unwrap();
    assert_eq!(review["decisions"][0]["verdict"], "accept");
    assert_eq!(
        (&review["decisions"][0]["person"], version),
        (&json!("wang"), &review["transcript_version"])
    );
    assert_eq!(review["corrections"][0]["changes"][0]["before"], segment["text"]);
    assert!(in_bags(&data, &id, "bag-info.txt")[1].contains("Huibao-Decision: accept 20"));
    assert!(in_bags(&data, &id, "data/transcript-recognized.json")[1].contains(FIRST));
}

#[test]
fn a_recognition_that_fails_leaves_the_report_as_it_was_and_can_be_retried() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let one = model(folder.path(), "one.json", FIRST);
    let env = [("HUIBAO_MODEL", one.to_str().unwrap())];
    let server = Server::start(&data, &env);
    let id = hand_in(&server, folder.path());
    assert_eq!(server.stop(), Some(0));

    // There when it is asked for, and gone when it is needed.
    let third = model(folder.path(), "third.json", THIRD);
    let this = format!("report={id}");
    let again = ["recognize-again", "--where", &this, "--model", third.to_str().unwrap()];
    assert_eq!(run(&data, &again), queued(&third, 1));
    let (code, twice) = run(&data, &again);
    assert_eq!((code, &twice["queued"], &twice["at_work"]), (0, &json!(0), &json!([id])));
    std::fs::remove_file(&third).unwrap();

    let server = Server::start(&data, &env);
    let report = rest(&server, &id);
    assert!(stage(&report, "dead") && stage(&report, "waiting"), "{report}");
    assert!(report["transcript"]["text"].as_str().unwrap().contains(FIRST), "{report}");
    assert_eq!(versions(&server, &id), 2);
    let (_, dead) = run(&data, &["jobs", "list", "--state", "dead"]);
    assert_eq!(dead["jobs"][0]["error"]["code"], "model_missing", "{dead}");
    assert_eq!(dead["jobs"][0]["model"], third.to_str().unwrap());

    model(folder.path(), "third.json", THIRD);
    assert_eq!(run(&data, &["jobs", "retry", "--all-dead"]).1["queued"], 1);
    let report = rest(&server, &id);
    assert!(report["transcript"]["text"].as_str().unwrap().contains(THIRD), "{report}");
    assert_eq!((versions(&server, &id), archived(&data, &id).len()), (4, 2));
}

#[test]
fn what_cannot_be_asked_for_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let (code, json) = run(&data, &["recognize-again", "--all", "--model", "not-there"]);
    assert_eq!((code, &json["error"]["code"]), (69, &json!("model_missing")), "{json}");
    let no_model = folder.path().join("text.bin");
    std::fs::write(&no_model, "敬爱的党组织").unwrap();
    let no_model = no_model.to_str().unwrap();
    let (code, json) = run(&data, &["recognize-again", "--all", "--model", no_model]);
    assert_eq!((code, &json["error"]["code"]), (69, &json!("model_broken")), "{json}");
    for (lang, word) in [("zh", "可以写"), ("en", "write report=ID")] {
        let wrong = ["--lang", lang, "recognize-again", "--model", "x", "--where", "speaker=x"];
        let (code, json) = run(&data, &wrong);
        assert_eq!((code, &json["error"]["code"]), (2, &json!("usage")), "{json}");
        assert!(json["error"]["message"].as_str().unwrap().contains(word), "{json}");
    }
    assert!(names(&data).is_empty(), "something was opened before the command was understood");
    for args in [&["--model", "x"][..], &["--all"], &["--model", "x", "--all", "--where", "flag=x"]]
    {
        let output = huibao().arg("recognize-again").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn workers_elsewhere_recognize_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(&Servers::shared(), folder.path());
    fleet.script_recognition();
    let server = fleet.api();
    let _worker = fleet.worker(&[]);
    let id = hand_in(&server, folder.path());
    let again = |model: &str| {
        answer(fleet.command(&["recognize-again", "--json", "--all", "--model", model]))
    };

    // Whether they have the model is not known here.
    let (code, json) = again("not-there");
    assert_eq!((code, &json["queued"]), (0, &json!(1)), "{json}");
    let report = rest(&server, &id);
    assert!(stage(&report, "dead"), "{report} {}", fleet.worker_log());
    assert_eq!(fleet.jobs(&["list", "--state", "dead"])["jobs"][0]["model"], "not-there");

    let two = model(folder.path(), "two.json", SECOND);
    assert_eq!(again(two.to_str().unwrap()), queued(&two, 1));
    let report = rest(&server, &id);
    assert!(report["transcript"]["text"].as_str().unwrap().contains(SECOND), "{report}");
    assert_eq!(versions(&server, &id), 4);
}
