//! Signing in and out, passwords, sessions, tokens, and the first operator.

use chrono::TimeDelta;
use huibao_api::ApiConfig;
use huibao_models::credentials::{NewSecret, hash_password};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::person::{LoginName, Role};
use huibao_models::domain::scope::Scopes;
use huibao_models::store::{NewPerson, NewToken, SETUP_LIFETIME};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::harness::{Harness, config, error_code, stranger};

const PASSWORD: &str = "登记-密码-2026";

/// Adds somebody who signs in with [`PASSWORD`].
async fn with_password(harness: &Harness, name: &str) -> PersonId {
    let new = NewPerson {
        display_name: name.to_owned(),
        password_hash: Some(hash_password(PASSWORD).unwrap()),
        ..NewPerson::named(LoginName::parse(name).unwrap())
    };
    let mut unit = harness.store.begin(Actor::System, harness.store.now()).await.unwrap();
    unit.people().insert(&new).await.unwrap();
    unit.commit().await.unwrap();
    new.id
}

async fn sign_in(harness: &Harness, name: &str, password: &str) -> Response {
    let body = json!({ "name": name, "password": password });
    stranger().post(harness.url("/api/v1/session")).json(&body).send().await.unwrap()
}

/// The cookie that an answer sets, as a request sends it.
fn cookie(response: &Response) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn me(harness: &Harness, cookie: &str) -> u16 {
    let request = stranger().get(harness.url("/api/v1/me")).header("cookie", cookie);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let harness = Harness::new().await;
    with_password(&harness, "李晓明").await;
    let signed_in = sign_in(&harness, " 李晓明 ", PASSWORD).await;
    assert_eq!(signed_in.status(), 200);
    let set = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("huibao_session="), "{set}");
    for attribute in ["Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(!set.contains("Secure"), "there is no TLS here: {set}");
    let cookie = cookie(&signed_in);
    let body: Value = signed_in.json().await.unwrap();
    assert_eq!(body["person"]["name"], "李晓明");
    assert_eq!(me(&harness, &cookie).await, 200);

    let out = stranger().delete(harness.url("/api/v1/session")).header("cookie", &cookie);
    let out = out.send().await.unwrap();
    assert_eq!(out.status(), 204);
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(me(&harness, &cookie).await, 401);
    let again = stranger().delete(harness.url("/api/v1/session")).send().await.unwrap();
    assert_eq!(again.status(), 204, "nobody is signed in: no error");
}

#[tokio::test]
async fn with_tls_the_cookie_belongs_to_this_host_alone() {
    let public_url = Some("https://huibao.example.org".parse().unwrap());
    let config = ApiConfig { public_url, ..config() };
    let harness = Harness::with(config, Arc::new(())).await;
    with_password(&harness, "li").await;
    let signed_in = sign_in(&harness, "li", PASSWORD).await;
    let set = signed_in.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("__Host-huibao_session=") && set.contains("; Secure"), "{set}");
    assert_eq!(me(&harness, &cookie(&signed_in)).await, 200);
    let planted = cookie(&signed_in).replace("__Host-", "");
    assert_eq!(me(&harness, &planted).await, 401, "the name without the prefix counts for nothing");
}

#[tokio::test]
async fn whoever_signs_in_gets_a_new_session() {
    let harness = Harness::new().await;
    with_password(&harness, "li").await;
    let planted = "huibao_session=planted-by-somebody-else";
    let body = json!({ "name": "li", "password": PASSWORD });
    let url = harness.url("/api/v1/session");
    let signed_in =
        stranger().post(url).header("cookie", planted).json(&body).send().await.unwrap();
    assert_ne!(cookie(&signed_in), planted);
    assert_eq!(me(&harness, planted).await, 401);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_told_alike() {
    let harness = Harness::new().await;
    with_password(&harness, "li").await;
    let disabled = with_password(&harness, "former").await;
    let mut unit = harness.store.begin(Actor::System, harness.store.now()).await.unwrap();
    unit.people().set_disabled(disabled, true).await.unwrap();
    unit.commit().await.unwrap();
    let mut answers = Vec::new();
    for (name, password) in
        [("li", "wrong-password"), ("nobody", PASSWORD), ("a b", PASSWORD), ("former", PASSWORD)]
    {
        let refused = sign_in(&harness, name, password).await;
        assert!(refused.headers().get("set-cookie").is_none());
        answers.push(error_code(refused).await);
    }
    assert!(
        answers.iter().all(|answer| *answer == (401, "wrong_credentials".into())),
        "{answers:?}"
    );
}

#[tokio::test]
async fn an_account_has_to_wait_after_some_failures() {
    let harness = Harness::new().await;
    with_password(&harness, "li").await;
    with_password(&harness, "wang").await;
    for _ in 0..6 {
        assert_eq!(sign_in(&harness, "li", "wrong-password").await.status(), 401);
    }
    for password in ["wrong-password", PASSWORD] {
        let blocked = sign_in(&harness, "li", password).await;
        let wait: u64 = blocked.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=3).contains(&wait), "{wait}");
        assert_eq!(error_code(blocked).await, (429, "too_many_attempts".into()));
    }
    assert_eq!(sign_in(&harness, "wang", PASSWORD).await.status(), 200, "others need not wait");
    // As if the time had passed.
    let later = harness.store.now() + TimeDelta::seconds(5);
    let mut snapshot = harness.store.snapshot().await.unwrap();
    let keys = ["account:li", "address:127.0.0.1"];
    assert_eq!(snapshot.sign_ins().blocked_until(keys, later).await.unwrap(), None);
}

#[tokio::test]
async fn an_address_has_to_wait_whatever_names_it_tries() {
    let harness = Harness::new().await;
    let mut unit = harness.store.begin(Actor::System, harness.store.now()).await.unwrap();
    for _ in 0..51 {
        unit.sign_ins().failed("address:127.0.0.1", 10).await.unwrap();
    }
    unit.commit().await.unwrap();
    assert_eq!(sign_in(&harness, "anybody", "some-password").await.status(), 429);
}

#[tokio::test]
async fn a_new_password_ends_other_sessions() {
    let harness = Harness::new().await;
    with_password(&harness, "li").await;
    let here = cookie(&sign_in(&harness, "li", PASSWORD).await);
    let there = cookie(&sign_in(&harness, "li", PASSWORD).await);
    let change = async |cookie: &str, current: &str, new: &str| {
        let url = harness.url("/api/v1/me/password");
        let body = json!({ "current": current, "new": new });
        stranger().post(url).header("cookie", cookie).json(&body).send().await.unwrap()
    };
    let wrong = change(&here, "wrong-password", "another-password").await;
    assert_eq!(error_code(wrong).await, (401, "wrong_credentials".into()));
    let weak = change(&here, PASSWORD, "short").await;
    assert_eq!(error_code(weak).await, (422, "weak_password".into()));
    assert_eq!(change(&here, PASSWORD, "another-password").await.status(), 204);
    assert_eq!((me(&harness, &here).await, me(&harness, &there).await), (200, 401));
    assert_eq!(sign_in(&harness, "li", PASSWORD).await.status(), 401);
    assert_eq!(sign_in(&harness, "li", "another-password").await.status(), 200);
}

#[tokio::test]
async fn people_see_and_end_their_sessions_and_nobody_elses() {
    let harness = Harness::new().await;
    with_password(&harness, "li").await;
    with_password(&harness, "wang").await;
    let (here, there) = (
        cookie(&sign_in(&harness, "li", PASSWORD).await),
        cookie(&sign_in(&harness, "li", PASSWORD).await),
    );
    let other = cookie(&sign_in(&harness, "wang", PASSWORD).await);
    let sessions = async |cookie: &str| -> Vec<Value> {
        let request = stranger().get(harness.url("/api/v1/me/sessions")).header("cookie", cookie);
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        body["sessions"].as_array().unwrap().clone()
    };
    let mine = sessions(&here).await;
    assert_eq!(mine.len(), 2);
    assert_eq!(mine.iter().filter(|session| session["current"] == true).count(), 1);
    let elsewhere = mine.iter().find(|session| session["current"] == false).unwrap();
    let url = harness.url(&format!("/api/v1/me/sessions/{}", elsewhere["id"].as_str().unwrap()));
    let stolen = stranger().delete(&url).header("cookie", &other).send().await.unwrap();
    assert_eq!(stolen.status(), 404);
    let ended = stranger().delete(&url).header("cookie", &here).send().await.unwrap();
    assert_eq!(ended.status(), 204);
    assert_eq!((me(&harness, &here).await, me(&harness, &there).await), (200, 401));
}

#[tokio::test]
async fn a_token_is_shown_once_and_can_be_taken_back() {
    let harness = Harness::new().await;
    with_password(&harness, "li").await;
    let cookie = cookie(&sign_in(&harness, "li", PASSWORD).await);
    let url = harness.url("/api/v1/me/tokens");
    let body = json!({ "name": "备份脚本", "expires_in_days": 30 });
    let request = stranger().post(&url).header("cookie", &cookie).json(&body);
    let made: Value = request.send().await.unwrap().json().await.unwrap();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("hb_"));
    let with_token = |request: reqwest::RequestBuilder| request.bearer_auth(&secret).send();
    let me = with_token(stranger().get(harness.url("/api/v1/me"))).await.unwrap();
    assert_eq!(me.status(), 200);
    let list = with_token(stranger().get(&url)).await.unwrap().text().await.unwrap();
    assert!(list.contains("备份脚本") && !list.contains(&secret), "{list}");
    // Whoever finds a token cannot make more of them, or lock its owner out.
    let more = with_token(stranger().post(&url).json(&body)).await.unwrap();
    assert_eq!(error_code(more).await, (403, "forbidden".into()));
    let password = json!({ "current": PASSWORD, "new": "another-password" });
    let password = stranger().post(harness.url("/api/v1/me/password")).json(&password);
    assert_eq!(with_token(password).await.unwrap().status(), 403);

    let id = made["token"]["id"].as_str().unwrap();
    let gone = stranger().delete(format!("{url}/{id}")).header("cookie", &cookie);
    assert_eq!(gone.send().await.unwrap().status(), 204);
    let me = with_token(stranger().get(harness.url("/api/v1/me"))).await.unwrap();
    assert_eq!(me.status(), 401);
}

#[tokio::test]
async fn a_token_expires_and_dies_with_its_account() {
    let harness = Harness::new().await;
    let (id, client) = harness.person("li", &[]).await;
    let secret = NewSecret::token().unwrap();
    let now = harness.store.now();
    let mut unit = harness.store.begin(Actor::System, now).await.unwrap();
    let past = Some(now - TimeDelta::seconds(1));
    unit.tokens()
        .insert(
            NewToken { person: id, name: "old", scopes: Scopes::all(), expires_at: past },
            &secret.digest(),
        )
        .await
        .unwrap();
    unit.commit().await.unwrap();
    let url = harness.url("/api/v1/me");
    let old = stranger().get(&url).bearer_auth(secret.expose()).send().await.unwrap();
    assert_eq!(old.status(), 401);
    let fresh = |client: &Client| client.get(&url).send();
    assert_eq!(fresh(&client).await.unwrap().status(), 200);
    let mut unit = harness.store.begin(Actor::System, now).await.unwrap();
    unit.people().set_disabled(id, true).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(fresh(&client).await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it() {
    let harness = Harness::new().await;
    let id = with_password(&harness, "li").await;
    let now = harness.store.now();
    let secret = NewSecret::new().unwrap();
    let mut unit = harness.store.begin(Actor::System, now).await.unwrap();
    unit.sessions().insert(id, &secret.digest(), "").await.unwrap();
    unit.commit().await.unwrap();
    let mut snapshot = harness.store.snapshot().await.unwrap();
    for (days, found) in [(0, true), (13, true), (15, false)] {
        let then = now + TimeDelta::days(days);
        let session = snapshot.sessions().find(&secret.digest(), then).await.unwrap();
        assert_eq!(session.is_some(), found, "{days} days");
    }
}

#[tokio::test]
async fn the_link_makes_one_operator_and_no_second() {
    let harness = Harness::new().await;
    let (secret, late) = (NewSecret::new().unwrap(), NewSecret::new().unwrap());
    let now = harness.store.now();
    let before = now - TimeDelta::from_std(SETUP_LIFETIME).unwrap();
    for (secret, then) in [(&secret, now), (&late, before)] {
        let mut unit = harness.store.begin(Actor::System, then).await.unwrap();
        unit.sign_ins().add_setup_link(&secret.digest()).await.unwrap();
        unit.commit().await.unwrap();
    }
    let setup = async |secret: &str, name: &str, password: &str| {
        let body = json!({ "secret": secret, "name": name, "password": password });
        stranger().post(harness.url("/api/v1/setup")).json(&body).send().await.unwrap()
    };
    let wrong = setup("guess", "boss", PASSWORD).await;
    assert_eq!(error_code(wrong).await, (404, "not_found".into()));
    assert_eq!(setup(late.expose(), "boss", PASSWORD).await.status(), 404, "it ran out");
    assert_eq!(setup(secret.expose(), "boss", "short").await.status(), 422);
    assert_eq!(setup(secret.expose(), "a b", PASSWORD).await.status(), 422);
    let made = setup(secret.expose(), "boss", PASSWORD).await;
    assert_eq!(me(&harness, &cookie(&made)).await, 200);
    let body: Value = made.json().await.unwrap();
    let operator = json!([{ "role": Role::Operator, "branch": "/" }]);
    assert_eq!(body["person"]["grants"], operator);
    assert_eq!(setup(secret.expose(), "second", PASSWORD).await.status(), 404);
    assert_eq!(sign_in(&harness, "boss", PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn whoever_finds_an_open_browser_does_not_guess_the_password_quickly() {
    let harness = Harness::new().await;
    with_password(&harness, "li").await;
    let cookie = cookie(&sign_in(&harness, "li", PASSWORD).await);
    let change = |current: &str| {
        let body = json!({ "current": current, "new": "another long password" });
        let request = stranger().post(harness.url("/api/v1/me/password"));
        request.header("cookie", cookie.clone()).json(&body).send()
    };
    for _ in 0..6 {
        let wrong = change("a wrong password").await.unwrap();
        assert_eq!(error_code(wrong).await, (401, "wrong_credentials".into()));
    }
    for current in ["a wrong password", PASSWORD] {
        let blocked = change(current).await.unwrap();
        assert_eq!(error_code(blocked).await, (429, "too_many_attempts".into()));
    }
}
