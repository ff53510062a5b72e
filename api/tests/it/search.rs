//! Search, as the programs of readers see it.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::person::Role;
use huibao_models::domain::pipeline::Stage;
use huibao_models::indexing::index_waiting;
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, error_code};

async fn ask(harness: &Harness, who: &Client, query: &[(&str, &str)]) -> Response {
    let url = Url::parse_with_params(&harness.url("/api/v1/search"), query).unwrap();
    who.get(url).send().await.unwrap()
}

async fn found(harness: &Harness, who: &Client, query: &[(&str, &str)]) -> Value {
    let answer = ask(harness, who, query).await;
    assert_eq!(answer.status(), 200, "{query:?}");
    answer.json().await.unwrap()
}

async fn index(harness: &Harness) {
    index_waiting(&harness.store, &Actor::System, |_| ()).await.unwrap();
}

#[tokio::test]
async fn readers_find_what_was_said_and_where() {
    let harness = Harness::new().await;
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let (_, other) = harness.person("other", &[(Role::Reviewer, "/c")]).await;
    let id = harness.submit().await;
    for stage in Stage::ALL {
        harness.work(*stage).await;
    }
    let waiting = found(&harness, &reviewer, &[("q", "党组织")]).await;
    assert_eq!((&waiting["found"], &waiting["waiting"]), (&json!([]), &json!(1)));
    index(&harness).await;
    for who in [&reviewer, &harness.client] {
        let page = found(&harness, who, &[("q", "党组织")]).await;
        assert_eq!((&page["next"], &page["waiting"]), (&Value::Null, &json!(0)));
        let [one] = &page["found"].as_array().unwrap()[..] else { panic!("{page}") };
        assert_eq!(one["report"]["id"], json!(id));
        assert_eq!(one["report"]["state"], "ready");
        let excerpt = &one["excerpts"][0];
        assert_eq!(
            (&excerpt["source"], &one["sentences"]),
            (&json!("spoken"), &json!(2)),
            "said, and written"
        );
        assert!(excerpt["start_seconds"].is_number());
        let parts = json!([
            { "text": "敬爱的", "found": false },
            { "text": "党组织", "found": true },
            { "text": "。", "found": false }
        ]);
        assert_eq!(excerpt["parts"], parts);
    }
    assert_eq!(found(&harness, &other, &[("q", "党组织")]).await["found"], json!([]));
    let unread = harness.token("write").await;
    assert_eq!(ask(&harness, &unread, &[("q", "党组织")]).await.status(), 403);
    for filter in [("source", "about"), ("states", "accepted"), ("kind", "oath"), ("whose", "own")]
    {
        let left = found(&harness, &reviewer, &[("q", "党组织"), filter]).await;
        assert_eq!(left["found"], json!([]), "{filter:?}");
    }

    // What a reader was shown is written down, and what authors see of their own is not.
    let (_, root) = harness.person("root", &[(Role::Operator, "/")]).await;
    let log = harness.url("/api/v1/audit?action=searched");
    let log: Value = root.get(log).send().await.unwrap().json().await.unwrap();
    let [entry] = &log["entries"].as_array().unwrap()[..] else { panic!("{log}") };
    assert_eq!(entry["detail"], json!({ "words": "党组织", "reports": [id] }));
}

#[tokio::test]
async fn a_question_without_words_is_refused() {
    let harness = Harness::new().await;
    let long = "党".repeat(101);
    for query in [
        &[][..],
        &[("q", " ，。")],
        &[("q", &long)],
        &[("q", "党"), ("source", "heard")],
        &[("q", "党"), ("states", "x")],
    ] {
        let answer = ask(&harness, &harness.client, query).await;
        assert_eq!(error_code(answer).await, (400, "bad_request".into()), "{query:?}");
    }
}
