//! People, for those who look after their branches: who sees and manages whom, rosters in and out.

use huibao_models::domain::ids::PersonId;
use huibao_models::domain::person::Role;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, error_code};

async fn ask(
    harness: &Harness,
    client: &Client,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Response {
    let mut request = client.request(method, harness.url(path));
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap()
}

async fn json_of(harness: &Harness, client: &Client, path: &str) -> Value {
    client.get(harness.url(path)).send().await.unwrap().json().await.unwrap()
}

/// Every route about somebody, with a body that fits.
fn about(id: PersonId, other: PersonId) -> Vec<(Method, String, Option<Value>, u16)> {
    let person = format!("/api/v1/people/{id}");
    let grant = json!({ "role": "activist", "branch": BRANCH });
    vec![
        (Method::PATCH, person.clone(), Some(json!({ "display_name": "新名" })), 200),
        (
            Method::POST,
            format!("{person}/password"),
            Some(json!({ "password": "a long password" })),
            204,
        ),
        (Method::PUT, format!("{person}/grants"), Some(grant), 204),
        (Method::DELETE, format!("{person}/grants?role=activist&branch={BRANCH}/none"), None, 404),
        (Method::PUT, format!("/api/v1/people/{other}/contacts/{id}"), None, 204),
        (Method::DELETE, format!("/api/v1/people/{other}/contacts/{id}"), None, 204),
    ]
}

#[tokio::test]
async fn people_are_seen_and_managed_by_those_whose_business_they_are() {
    let harness = Harness::new().await;
    let (contact, contact_client) =
        harness.person("contact", &[(Role::Reviewer, "/elsewhere")]).await;
    let id = harness.activist;
    let mut unit = harness
        .store
        .begin(huibao_models::domain::actor::Actor::System, harness.store.now())
        .await
        .unwrap();
    unit.people().set_contact(contact, id, true).await.unwrap();
    unit.commit().await.unwrap();
    let mut askers = vec![
        ("themselves", harness.client.clone(), true, false, id),
        ("contact person", contact_client, true, false, contact),
    ];
    for (who, role, branch, sees, manages) in [
        ("another activist", Role::Activist, BRANCH, false, false),
        ("a reviewer", Role::Reviewer, BRANCH, true, false),
        ("a reviewer above", Role::Reviewer, "/a", true, false),
        ("a reviewer below", Role::Reviewer, "/a/b/c", false, false),
        ("a reviewer elsewhere", Role::Reviewer, "/b", false, false),
        ("an operator", Role::Operator, BRANCH, true, true),
        ("an operator of everything", Role::Operator, "/", true, true),
        ("an operator elsewhere", Role::Operator, "/b", false, false),
    ] {
        let (own, client) = harness.person(&who.replace(' ', "-"), &[(role, branch)]).await;
        askers.push((who, client, sees, manages, own));
    }
    for (who, client, sees, manages, own) in askers {
        let seen = client.get(harness.url(&format!("/api/v1/people/{id}"))).send().await.unwrap();
        assert_eq!(seen.status(), if sees { 200 } else { 404 }, "{who}");
        for (method, path, body, good) in about(id, own) {
            let status = ask(&harness, &client, method.clone(), &path, body).await.status();
            let expected = match (manages, sees) {
                (true, _) => good,
                (false, true) => 403,
                (false, false) => 404,
            };
            assert_eq!(status, expected, "{who}: {method} {path}");
        }
    }
}

#[tokio::test]
async fn an_operator_of_one_branch_does_not_get_at_more() {
    let harness = Harness::new().await;
    let (_, local) = harness.person("local", &[(Role::Operator, "/a")]).await;
    let (root, _) =
        harness.person("root", &[(Role::Operator, "/"), (Role::Activist, BRANCH)]).await;
    let path = format!("/api/v1/people/{root}");
    let password = json!({ "password": "a long password" });
    for (method, path, body) in [
        (Method::POST, format!("{path}/password"), password),
        (Method::PATCH, path.clone(), json!({ "disabled": true })),
        (Method::PUT, format!("{path}/grants"), json!({ "role": "reviewer", "branch": "/" })),
        (
            Method::POST,
            "/api/v1/people".into(),
            json!({ "name": "x", "role": "operator", "branch": "/" }),
        ),
    ] {
        let answer = ask(&harness, &local, method, &path, Some(body)).await;
        assert_eq!(error_code(answer).await, (403, "forbidden".into()), "{path}");
    }
    // A roster does not either.
    let roster = "学号,姓名,支部,角色\n1,甲,/b,\n2,乙,/a/c,审阅人\n";
    let url = harness.url("/api/v1/people/import");
    let answer: Value = local.post(url).body(roster).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["imported"], false);
    assert_eq!(answer["problems"][0]["code"], "not_allowed");
    assert_eq!(answer["problems"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn somebody_is_added_found_changed_and_disabled() {
    let harness = Harness::new().await;
    let (_, operator) = harness.person("operator", &[(Role::Operator, "/a")]).await;
    let new = json!({
        "name": "Wang", "display_name": "王芳", "number": "20260002", "email": "w@example.org",
        "password": "a long password", "role": "reviewer", "branch": "/a/new",
    });
    let added = ask(&harness, &operator, Method::POST, "/api/v1/people", Some(new.clone())).await;
    assert_eq!(added.status(), 201);
    let location = added.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = added.json().await.unwrap();
    assert_eq!(body["person"]["grants"], json!([{ "role": "reviewer", "branch": "/a/new" }]));
    let again = ask(&harness, &operator, Method::POST, "/api/v1/people", Some(new)).await;
    assert_eq!(error_code(again).await, (422, "invalid_name".into()));

    let found = json_of(&harness, &operator, "/api/v1/people?q=芳&role=reviewer").await;
    assert_eq!(found["people"][0]["number"], "20260002");
    assert_eq!(found["next"], Value::Null);
    let first = json_of(&harness, &operator, "/api/v1/people?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let second =
        json_of(&harness, &operator, &format!("/api/v1/people?limit=1&after={next}")).await;
    assert_ne!(first["people"], second["people"]);

    let sign_in = json!({ "name": "wang", "password": "a long password" });
    let signed_in =
        ask(&harness, &crate::harness::stranger(), Method::POST, "/api/v1/session", Some(sign_in))
            .await;
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    let change = json!({ "disabled": true, "email": "" });
    let changed: Value = ask(&harness, &operator, Method::PATCH, &location, Some(change))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&changed["person"]["disabled"], &changed["person"]["email"]),
        (&json!(true), &Value::Null)
    );
    let me = crate::harness::stranger().get(harness.url("/api/v1/me")).header("cookie", cookie);
    assert_eq!(me.send().await.unwrap().status(), 401, "the session has ended");

    let taken = json!({ "number": "20260002" });
    let (other, _) = harness.person("other", &[(Role::Activist, "/a")]).await;
    let path = format!("/api/v1/people/{other}");
    let answer = ask(&harness, &operator, Method::PATCH, &path, Some(taken)).await;
    assert_eq!(error_code(answer).await, (409, "number_taken".into()));
}

#[tokio::test]
async fn a_roster_is_tried_taken_over_and_taken_over_again() {
    let harness = Harness::new().await;
    let (_, operator) = harness.person("operator", &[(Role::Operator, "/")]).await;
    let roster =
        "学号,姓名,支部,邮箱\n1001,李一,/计算机/一支部,li@example.org\n1002,王二,/计算机/二支部,\n";
    let import = |query: &str| {
        let request = operator.post(harness.url(&format!("/api/v1/people/import{query}")));
        request.body(roster).send()
    };
    for _ in 0..2 {
        let tried: Value = import("?dry_run=true").await.unwrap().json().await.unwrap();
        assert_eq!((&tried["imported"], &tried["added"]), (&json!(false), &json!(2)));
    }
    let done: Value = import("?passwords=true").await.unwrap().json().await.unwrap();
    assert_eq!(
        (&done["imported"], &done["added"], &done["problems"]),
        (&json!(true), &json!(2), &json!([]))
    );
    let person = &done["people"][0];
    let sign_in = json!({ "name": person["name"], "password": person["password"] });
    let answer =
        ask(&harness, &crate::harness::stranger(), Method::POST, "/api/v1/session", Some(sign_in))
            .await;
    assert_eq!(answer.status(), 200, "{person}");
    let again: Value = import("").await.unwrap().json().await.unwrap();
    assert_eq!(
        (&again["added"], &again["changed"], &again["unchanged"]),
        (&json!(0), &json!(0), &json!(2))
    );

    // What comes out goes in, and changes nothing.
    let exported =
        operator.get(harness.url("/api/v1/people/export?branch=/计算机")).send().await.unwrap();
    assert_eq!(exported.headers()["content-type"], "text/csv; charset=utf-8");
    let exported = exported.text().await.unwrap();
    assert_eq!(exported.lines().count(), 3, "{exported}");
    let url = harness.url("/api/v1/people/import");
    let back: Value = operator.post(url).body(exported).send().await.unwrap().json().await.unwrap();
    assert_eq!((&back["changed"], &back["unchanged"]), (&json!(0), &json!(2)));
}

#[tokio::test]
async fn a_roster_with_a_bad_row_changes_nothing_and_names_it() {
    let harness = Harness::new().await;
    let (_, operator) = harness.person("operator", &[(Role::Operator, "/")]).await;
    let url = harness.url("/api/v1/people/import?lang=en");
    let roster = "number,name,branch\n1001,A,/a\n1002,,/a\n1003,C,nowhere\n";
    let answer: Value =
        operator.post(&url).body(roster).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["imported"], false);
    let problems = answer["problems"].as_array().unwrap();
    let lines: Vec<_> = problems
        .iter()
        .map(|p| (p["line"].as_u64().unwrap(), p["code"].as_str().unwrap()))
        .collect();
    assert_eq!(lines, [(3, "missing_name"), (4, "bad_branch")]);
    assert_eq!(json_of(&harness, &operator, "/api/v1/people?q=1001").await["people"], json!([]));
    for bytes in [&b"PK\x03\x04 no workbook"[..], b"\x89PNG\r\n\x1a\n\0"] {
        let answer = operator.post(&url).body(bytes).send().await.unwrap();
        assert_eq!(error_code(answer).await, (422, "bad_roster".into()));
    }
}

#[tokio::test]
async fn a_roster_may_be_large_but_not_too_large() {
    let harness = Harness::new().await;
    let (_, operator) = harness.person("operator", &[(Role::Operator, "/")]).await;
    let url = harness.url("/api/v1/people/import?dry_run=true");
    // Four megabytes in columns that nobody reads.
    let remark = "x".repeat(2000);
    let rows = (0..2000).map(|number| format!("{number},李,/a,{remark}\n"));
    let roster = "学号,姓名,支部,备注\n".to_owned() + &rows.collect::<String>();
    let answer = operator.post(&url).body(roster).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["added"], 2000);
    let huge = operator.post(&url).body(vec![b'a'; 6 << 20]).send().await.unwrap();
    assert_eq!(error_code(huge).await, (413, "body_too_large".into()));
}
