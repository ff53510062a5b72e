//! Who gets what: every route of the OpenAPI document, for everybody who could ask.
//!
//! A route that the document has and these rules do not know fails here, so that none is added without
//! one.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::{PersonId, ReportId};
use huibao_models::domain::person::Role;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, stranger};

/// Who a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    /// Whoever is signed in, about themselves alone.
    SignedIn,
    /// Activists.
    Activists,
    /// Reviewers.
    Reviewers,
    /// Whoever looks after a branch: reviewers and operators.
    Overseers,
    /// Operators of some branch.
    Operators,
    /// Operators of everything.
    Root,
    /// Something about the person in the path: see `people`.
    Person,
    /// Something about the round in the path: see `rounds`.
    Round,
    /// Something of the example in the path: see `examples`.
    Example,
    /// Something about the channel in the path: see `notices`.
    Channel,
    /// Whoever may read the report in the path.
    Readers,
    /// The author of the report in the path.
    Author,
    /// Whoever may read the report in the path, and is not its author.
    ReadersOfOthers,
}

fn rule(method: &str, path: &str) -> Option<For> {
    Some(match (method, path) {
        (
            "get",
            "/healthz"
            | "/readyz"
            | "/api/v1/info"
            | "/api/v1/openapi.json"
            | "/api/v1/sign-on/{provider}"
            | "/api/v1/sign-on/{provider}/callback",
        )
        | ("post" | "delete", "/api/v1/session")
        | ("post", "/api/v1/setup") => For::Everybody,
        (method, path)
            if (method, path) == ("get", "/api/v1/reports")
                || (method, path) == ("get", "/api/v1/reports/counts")
                || (method, path) == ("get", "/api/v1/branches")
                || (method, path) == ("get", "/api/v1/search")
                || (method, path) == ("get", "/api/v1/rounds")
                || (method, path) == ("get", "/api/v1/examples")
                || path.starts_with("/api/v1/me")
                // One's own: see `exports`.
                || path.starts_with("/api/v1/exports")
                // Uploads are for a report: see `tus`.
                || path.starts_with("/api/v1/uploads/") =>
        {
            For::SignedIn
        }
        ("get", path) if path.starts_with("/api/v1/examples/{id}") => For::Example,
        ("put", "/api/v1/reports/{id}/example-consent") => For::Author,
        ("put", "/api/v1/reports/{id}/example") => For::ReadersOfOthers,
        ("delete", "/api/v1/reports/{id}/example") => For::Readers,
        ("post", "/api/v1/reports") => For::Activists,
        ("post", "/api/v1/rounds") | ("get" | "put", "/api/v1/rubrics") => For::Reviewers,
        ("get", "/api/v1/people" | "/api/v1/people/export") => For::Overseers,
        ("post", "/api/v1/people" | "/api/v1/people/import")
        | ("get" | "post", "/api/v1/channels") => For::Operators,
        ("delete", "/api/v1/channels/{id}") => For::Channel,
        ("get", "/api/v1/audit") => For::Root,
        (_, path) if path.starts_with("/api/v1/jobs") || path.starts_with("/api/v1/workers") => {
            For::Root
        }
        (_, path) if path.starts_with("/api/v1/people/{id}") => For::Person,
        (_, path) if path.starts_with("/api/v1/rounds/{id}") => For::Round,
        ("get", "/api/v1/reports/{id}/draft-versions")
        | ("patch" | "delete", "/api/v1/reports/{id}")
        | ("post", "/api/v1/reports/{id}/submit" | "/api/v1/reports/{id}/withdraw") => For::Author,
        ("get", path) if path.starts_with("/api/v1/reports/{id}") => For::Readers,
        (_, path) if path.starts_with("/api/v1/reports/{id}/comments") => For::Readers,
        ("post", "/api/v1/reports/{id}/exports") => For::Readers,
        (
            "post",
            "/api/v1/reports/{id}/corrections"
            | "/api/v1/reports/{id}/corrections/{version}/undo"
            | "/api/v1/reports/{id}/decisions",
        )
        | ("put", "/api/v1/reports/{id}/answers/{question}") => For::ReadersOfOthers,
        _ => return None,
    })
}

/// Method and path of everything that the document has.
fn operations(document: &Value) -> Vec<(String, String)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone()))
        })
        .collect()
}

async fn status(harness: &Harness, client: &Client, method: &str, path: &str) -> u16 {
    let method: Method = method.to_uppercase().parse().unwrap();
    let mut request = client.request(method, harness.url(path)).header("tus-resumable", "1.0.0");
    if path.ends_with("/events") {
        request = request.timeout(std::time::Duration::from_secs(20));
    }
    request.json(&json!({})).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn every_route_has_a_rule_and_keeps_strangers_out() {
    let harness = Harness::new().await;
    let document = harness.json("/api/v1/openapi.json").await;
    let id = harness.submit().await;
    for (method, path) in operations(&document) {
        let rule = rule(&method, &path);
        let rule = rule.unwrap_or_else(|| panic!("{method} {path} has no rule in this test"));
        let path = path.replace("{id}", &id.to_string());
        let status = status(&harness, &stranger(), &method, &path).await;
        assert_eq!(status != 401, rule == For::Everybody, "{method} {path}: {status}");
    }
}

/// Somebody who could ask for the report of the harness's activist.
struct Asker {
    who: &'static str,
    client: Client,
    reads: bool,
    author: bool,
}

async fn askers(harness: &Harness) -> Vec<Asker> {
    let mut askers =
        vec![Asker { who: "author", client: harness.client.clone(), reads: true, author: true }];
    for (who, role, branch, reads) in [
        ("another activist of the branch", Role::Activist, BRANCH, false),
        ("an activist of all branches", Role::Activist, "/", false),
        ("a reviewer of the branch", Role::Reviewer, BRANCH, true),
        ("a reviewer of the college", Role::Reviewer, "/a", true),
        ("a reviewer of everything", Role::Reviewer, "/", true),
        ("a reviewer below", Role::Reviewer, "/a/b/c", false),
        ("a reviewer of another branch", Role::Reviewer, "/a/bb", false),
        ("an operator", Role::Operator, "/", false),
    ] {
        let (_, client) = harness.person(&who.replace(' ', "-"), &[(role, branch)]).await;
        askers.push(Asker { who, client, reads, author: false });
    }
    let (contact, client) = harness.person("contact", &[]).await;
    make_contact(harness, contact, harness.activist).await;
    askers.push(Asker { who: "contact person", client, reads: true, author: false });
    let (_, client) = harness.person("nobody", &[]).await;
    askers.push(Asker { who: "nobody in particular", client, reads: false, author: false });
    askers
}

async fn make_contact(harness: &Harness, contact: PersonId, activist: PersonId) {
    let mut unit = harness.store.begin(Actor::System, harness.store.now()).await.unwrap();
    unit.people().set_contact(contact, activist, true).await.unwrap();
    unit.commit().await.unwrap();
}

#[tokio::test]
async fn a_report_is_seen_by_those_whose_business_it_is() {
    let harness = Harness::new().await;
    let document = harness.json("/api/v1/openapi.json").await;
    let askers = askers(&harness).await;
    let id = harness.submit().await;
    let about: Vec<_> = operations(&document)
        .into_iter()
        .filter(|(_, path)| path.starts_with("/api/v1/reports/{id}"))
        // It would change what is asked next.
        .filter(|(_, path)| !path.ends_with("/withdraw") && !path.ends_with("/events"))
        .collect();
    assert!(about.len() > 8);
    for Asker { who, client, reads, author } in &askers {
        for (method, path) in &about {
            let open = match rule(method, path).unwrap() {
                For::Readers => *reads,
                For::Author => *author,
                For::ReadersOfOthers => *reads && !*author,
                other => panic!("{other:?}"),
            };
            let path = path
                .replace("{id}", &id.to_string())
                .replace("{number}", "1")
                .replace("{version}", "1")
                .replace("{comment}", &id.to_string())
                .replace("{question}", &id.to_string());
            let status = status(&harness, client, method, &path).await;
            let code = format!("{who}: {method} {path}: {status}");
            match (open, reads) {
                // Files that are not made yet are not there for anybody.
                (true, _) => assert!(![401, 403].contains(&status), "{code}"),
                (false, true) => assert_eq!(status, 403, "{code}"),
                (false, false) => assert_eq!(status, 404, "{code}"),
            }
        }
        let list: Value =
            client.get(harness.url("/api/v1/reports")).send().await.unwrap().json().await.unwrap();
        let listed = list["reports"].as_array().unwrap().len();
        assert_eq!(listed, usize::from(*reads), "{who}");
        let counts = client.get(harness.url("/api/v1/reports/counts")).send().await.unwrap();
        let counts: Value = counts.json().await.unwrap();
        let counted = counts["states"].as_object().unwrap().values().filter_map(Value::as_u64);
        assert_eq!(counted.sum::<u64>(), u64::from(*reads), "{who}");
    }
}

/// What makes the routes without an id in the path work, for whoever may use them.
fn request(method: &str, path: &str) -> (Option<Value>, u16) {
    let body = match (method, path) {
        ("post", "/api/v1/reports") => json!({ "branch": BRANCH }),
        ("post", "/api/v1/rounds") => {
            json!({ "branch": BRANCH, "title": "一", "deadline": "2030-01-01T00:00:00Z" })
        }
        ("post", "/api/v1/people") => {
            json!({ "name": "new", "role": "activist", "branch": BRANCH })
        }
        ("post", "/api/v1/channels") => {
            json!({ "branch": BRANCH, "kind": "webhook", "url": "https://example.org/hook" })
        }
        ("post", "/api/v1/jobs/retry" | "/api/v1/jobs/discard") => return (Some(json!({})), 200),
        // What it is based on is missing.
        ("put", "/api/v1/rubrics") => {
            return (Some(json!({ "branch": BRANCH, "kind": "other", "questions": [] })), 428);
        }
        // There is no such worker.
        ("post", "/api/v1/workers/pause") => {
            return (Some(json!({ "name": "x", "paused": true })), 404);
        }
        // Of a roster too: who may not import one does not even learn that this is none.
        _ => return (None, 200),
    };
    (Some(body), 201)
}

#[tokio::test]
async fn lists_and_beginnings_are_for_those_whose_business_they_are() {
    let document = Harness::new().await.json("/api/v1/openapi.json").await;
    for (method, path) in operations(&document) {
        let (roles, everywhere): (&[Role], bool) = match rule(&method, &path).unwrap() {
            For::Activists => (&[Role::Activist], false),
            For::Reviewers => (&[Role::Reviewer], false),
            For::Overseers => (&[Role::Reviewer, Role::Operator], true),
            For::Operators => (&[Role::Operator], method == "get" || path.ends_with("/import")),
            For::Root => (&[Role::Operator], false),
            _ => continue,
        };
        for (role, branch) in [
            (Role::Activist, BRANCH),
            (Role::Activist, "/x"),
            (Role::Reviewer, BRANCH),
            (Role::Reviewer, "/a"),
            (Role::Reviewer, "/"),
            (Role::Operator, BRANCH),
            (Role::Operator, "/"),
        ] {
            // A role holds for what is below; lists show what is there.
            let root = rule(&method, &path) == Some(For::Root);
            let covers = if root { branch == "/" } else { branch != "/x" };
            let allowed = roles.contains(&role) && (everywhere || covers);
            let harness = Harness::new().await;
            let (_, client) = harness.person("x", &[(role, branch)]).await;
            let (body, good) = request(&method, &path);
            let http: Method = method.to_uppercase().parse().unwrap();
            let mut asked = client.request(http, harness.url(&path));
            if let Some(body) = body {
                asked = asked.json(&body);
            }
            let status = asked.send().await.unwrap().status();
            let expected = if allowed { good } else { 403 };
            assert_eq!(status, expected, "{role} of {branch}: {method} {path}");
        }
    }
}

#[tokio::test]
async fn what_is_hidden_looks_like_what_is_not_there() {
    let harness = Harness::new().await;
    let (_, client) = harness.person("other", &[(Role::Activist, BRANCH)]).await;
    let (hidden, absent) = (harness.submit().await, ReportId::new());
    let mut answers = Vec::new();
    for id in [hidden, absent] {
        let answer =
            client.get(harness.url(&format!("/api/v1/reports/{id}"))).send().await.unwrap();
        answers.push((answer.status(), answer.text().await.unwrap()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 404);
}

#[tokio::test]
async fn drafts_and_what_was_taken_back_are_their_authors_alone() {
    let harness = Harness::new().await;
    let askers = askers(&harness).await;
    let draft = harness.draft(json!({ "title": "草稿" })).await;
    let withdrawn = harness.submit().await;
    let taken =
        harness.post(&format!("/api/v1/reports/{withdrawn}/withdraw")).send().await.unwrap();
    assert_eq!(taken.status(), 200);
    for Asker { who, client, author, .. } in &askers {
        for id in [draft, withdrawn] {
            let path = format!("/api/v1/reports/{id}");
            let status = status(&harness, client, "get", &path).await;
            assert_eq!(status, if *author { 200 } else { 404 }, "{who}");
        }
    }
}

#[tokio::test]
async fn a_stream_ends_for_readers_when_the_report_is_taken_back() {
    let harness = Harness::new().await;
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let id = harness.submit().await;
    let url = harness.url(&format!("/api/v1/reports/{id}/events"));
    let mut events = reviewer.get(url).send().await.unwrap();
    assert!(events.chunk().await.unwrap().is_some());
    harness.post(&format!("/api/v1/reports/{id}/withdraw")).send().await.unwrap();
    let rest = async {
        let mut rest = Vec::new();
        while let Some(chunk) = events.chunk().await.unwrap() {
            rest.extend_from_slice(&chunk);
        }
        String::from_utf8(rest).unwrap()
    };
    let rest = tokio::time::timeout(crate::harness::PATIENCE, rest).await.unwrap();
    assert!(!rest.contains("withdrawn"), "{rest}");
}

#[tokio::test]
async fn only_activists_begin_reports_and_only_where_they_are() {
    let harness = Harness::new().await;
    let (_, reviewer) =
        harness.person("reviewer", &[(Role::Reviewer, "/"), (Role::Operator, "/")]).await;
    let (_, twice) =
        harness.person("twice", &[(Role::Activist, "/a/b"), (Role::Activist, "/c")]).await;
    for (client, body, expected) in [
        (&harness.client, json!({}), 201),
        (&harness.client, json!({ "branch": "/a/b/c" }), 201),
        (&harness.client, json!({ "branch": "/a" }), 403),
        (&harness.client, json!({ "branch": "a" }), 400),
        (&twice, json!({ "branch": "/c" }), 201),
        (&reviewer, json!({}), 403),
        (&reviewer, json!({ "branch": "/a/b" }), 403),
    ] {
        let url = harness.url("/api/v1/reports");
        let answer = client.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{body}");
    }
}
