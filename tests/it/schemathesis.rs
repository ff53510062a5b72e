//! The description of the interface, held against a running server by schemathesis: no server error, no status,
//! no type, no header and no body that is not in it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::server::{BRANCH, Server};
use crate::support::{huibao, random_file, root};

/// Streams have no end, one's own password and tokens would be gone, and with them all further answers.
const EXCLUDED: &str = "/events$|/me/password$|/me/tokens/";

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

fn token(data: &Path, name: &str) -> String {
    let run = |args: &[&str]| {
        let output = huibao().args(args).arg("--data-dir").arg(data).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    if name != "act" {
        run(&["user", "add", name, "--role", name, "--branch", "/college"]);
    }
    run(&["token", "create", name, "--quiet"])
}

/// Asks for everything, with a token or without; panics with what was found.
fn hold(server: &Server, token: Option<&str>, there: &Value) {
    let python = std::env::var("HUIBAO_TEST_PYTHON").expect("run scripts/test");
    let schemathesis = Path::new(&python).with_file_name("st");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(schemathesis);
    command
        .current_dir(folder.path())
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", server.url))
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "15", "--seed", "1", "--exclude-path-regex", EXCLUDED])
        .args(["--generation-database", "none", "--request-timeout", "60", "--no-color"])
        .args(["--continue-on-failure", "--suppress-health-check", "all"])
        .env("PYTHONPATH", root().join("tests/schemathesis"))
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("HUIBAO_THERE", there.to_string());
    if let Some(token) = token {
        command.args(["-H", &format!("Authorization: Bearer {token}")]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Coverage") && said.contains("Fuzzing"), "{said}");
}

#[test]
fn the_server_answers_as_the_document_says() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let (status, handed_in) = server.upload(&random_file(folder.path(), 4000), None);
    assert_eq!(status, 202, "{handed_in}");
    let reviewer = token(&data, "reviewer");
    let round = json!({ "branch": BRANCH, "title": "一", "deadline": "2099-01-01T00:00:00Z" });
    let opened = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let opened = opened.post(format!("{}/api/v1/rounds", server.url)).bearer_auth(&reviewer);
    let opened: Value = opened.json(&round).send().unwrap().json().unwrap();
    let person = server.get("/api/v1/me")["id"].clone();
    let comment = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let path =
        format!("{}/api/v1/reports/{}/comments", server.url, handed_in["id"].as_str().unwrap());
    let comment =
        comment.post(path).bearer_auth(&reviewer).json(&json!({ "text": "一", "shared": true }));
    let comment: Value = comment.send().unwrap().json().unwrap();
    let there = json!({
        "/api/v1/reports/{id}": { "id": handed_in["id"], "version": 1, "comment": comment["id"] },
        "/api/v1/rounds/{id}": { "id": opened["round"]["id"], "person": person },
        "/api/v1/people/{id}": { "id": person, "activist": person },
    });
    let tokens = [Some(token(&data, "act")), Some(reviewer), Some(token(&data, "operator")), None];
    for token in &tokens {
        hold(&server, token.as_deref(), &there);
    }
}
