//! What people are told, how they want to be told, and channels.

use huibao_models::domain::person::Role;
use reqwest::Client;
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, PATIENCE, error_code};

async fn notices(harness: &Harness, query: &str) -> Value {
    harness.json(&format!("/api/v1/me/notices{query}")).await
}

#[tokio::test]
async fn an_author_reads_what_became_of_a_report() {
    let harness = Harness::new().await;
    let id = harness.submit().await;
    harness.submit().await;
    let told = notices(&harness, "?lang=en").await;
    assert_eq!(told["unread"], 2);
    let first = &told["notices"][1];
    assert_eq!((&first["event"], &first["report"]), (&json!("handed_in"), &json!(id)));
    assert!(first["subject"].as_str().unwrap().contains("handed in"), "{first}");
    let page = notices(&harness, "?limit=1").await;
    let next = page["next"].as_str().unwrap();
    let older = notices(&harness, &format!("?limit=1&before={next}")).await;
    assert_eq!((&older["notices"][0]["id"], &older["next"]), (&first["id"], &Value::Null));
    let read = harness.post("/api/v1/me/notices/read").json(&json!({ "up_to": first["id"] }));
    assert_eq!(read.send().await.unwrap().status(), 204);
    let told = notices(&harness, "").await;
    assert_eq!(told["unread"], 1);
    assert!(told["notices"][1]["read_at"].is_string() && told["notices"][0]["read_at"].is_null());
    // Others are told nothing of it, and mark nothing.
    let (_, other) = harness.person("other", &[(Role::Activist, BRANCH)]).await;
    let url = harness.url("/api/v1/me/notices/read");
    let body = json!({ "up_to": told["notices"][0]["id"] });
    assert_eq!(other.post(url).json(&body).send().await.unwrap().status(), 204);
    assert_eq!(notices(&harness, "").await["unread"], 1);
}

/// The next event of a stream: its id and its data.
async fn next(events: &mut reqwest::Response) -> (String, Value) {
    let mut text = String::new();
    let read = async {
        loop {
            let chunk = events.chunk().await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            if let Some((event, _)) = text.split_once("\n\n")
                && event.contains("data:")
            {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map(|rest| rest.trim().to_owned()).unwrap()
    };
    assert_eq!(field("event:"), "notice");
    (field("id:"), serde_json::from_str(&field("data:")).unwrap())
}

#[tokio::test]
async fn notices_arrive_as_they_happen_and_go_on_where_they_broke_off() {
    let harness = Harness::new().await;
    harness.submit().await;
    let follow = |last: Option<String>| {
        let request = harness.get("/api/v1/me/events");
        match last {
            Some(id) => request.header("last-event-id", id).send(),
            None => request.send(),
        }
    };
    let mut events = follow(None).await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let (one, other) = (harness.submit().await, harness.submit().await);
    let (id, data) = next(&mut events).await;
    assert_eq!(data["report"], json!(one), "what was before is not told again");
    drop(events);
    let mut events = follow(Some(id)).await.unwrap();
    let (_, data) = next(&mut events).await;
    assert_eq!(data["report"], json!(other));
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let harness = Harness::new().await;
    let (id, client) = harness.person("li", &[(Role::Activist, BRANCH)]).await;
    let mut events = client.get(harness.url("/api/v1/me/events")).send().await.unwrap();
    let mut unit = harness
        .store
        .begin(huibao_models::domain::actor::Actor::System, harness.store.now())
        .await
        .unwrap();
    unit.people().set_disabled(id, true).await.unwrap();
    unit.commit().await.unwrap();
    let end = async { while events.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(PATIENCE * 2, end).await.unwrap();
}

#[tokio::test]
async fn people_choose_how_they_are_told() {
    let harness = Harness::new().await;
    let path = "/api/v1/me/notice-settings";
    let mut settings = harness.json(path).await;
    assert_eq!((&settings["mail"], &settings["quiet_from"]), (&json!("at_once"), &json!(1320)));
    settings["mail"] = json!("daily");
    settings["muted"] = json!(["handed_in"]);
    settings["lang"] = json!("en");
    let put = |body: Value| harness.client.put(harness.url(path)).json(&body).send();
    assert_eq!(put(settings.clone()).await.unwrap().status(), 204);
    assert_eq!(harness.json(path).await, settings);
    for (field, bad) in [
        ("quiet_from", json!(1440)),
        ("quiet_to", Value::Null),
        ("utc_offset", json!(900)),
        ("lang", json!("fr")),
        ("mail", json!("hourly")),
        ("muted", json!(["nothing"])),
    ] {
        let mut body = settings.clone();
        body[field] = bad;
        assert_eq!(
            error_code(put(body).await.unwrap()).await,
            (400, "bad_request".into()),
            "{field}"
        );
    }
}

async fn add(harness: &Harness, client: &Client, fields: Value) -> reqwest::Response {
    let mut body = json!({ "branch": BRANCH, "kind": "feishu", "url": "https://open.example/hook/secret-path", "secret": "hunter2" });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    client.post(harness.url("/api/v1/channels")).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn channels_do_not_show_what_opens_them() {
    let harness = Harness::new().await;
    let (_, operator) = harness.person("operator", &[(Role::Operator, "/a")]).await;
    let added = add(&harness, &operator, json!({ "name": "支部群", "events": ["ready"] })).await;
    assert_eq!(added.status(), 201);
    let location = added.headers()["location"].to_str().unwrap().to_owned();
    let text = added.text().await.unwrap();
    assert!(!text.contains("hunter2") && !text.contains("secret-path"), "{text}");
    let list = operator.get(harness.url("/api/v1/channels")).send().await.unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(list["channels"][0]["host"], "open.example");
    for bad in [
        json!({ "url": "ftp://example.org" }),
        json!({ "url": "nothing" }),
        json!({ "kind": "pager" }),
        json!({ "branch": "a" }),
    ] {
        assert_eq!(error_code(add(&harness, &operator, bad).await).await.0, 400);
    }
    // Whoever manages another branch neither sees nor removes it.
    let (_, other) = harness.person("other", &[(Role::Operator, "/b")]).await;
    let seen: Value =
        other.get(harness.url("/api/v1/channels")).send().await.unwrap().json().await.unwrap();
    assert_eq!(seen["channels"], json!([]));
    let (_, activist) = harness.person("act2", &[(Role::Activist, BRANCH)]).await;
    for (client, status) in [(&other, 404), (&activist, 404), (&operator, 204), (&operator, 404)] {
        let gone = client.delete(harness.url(&location)).send().await.unwrap();
        assert_eq!(gone.status(), status);
    }
}
