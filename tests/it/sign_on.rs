//! Signing on through the campus: a browser's way to a real OpenID provider or CAS server, and back.

use std::collections::BTreeMap;
use std::path::Path;

use reqwest::Url;
use reqwest::blocking::{Client, Response};
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::support::huibao;
use crate::support::server::{Server, free_port};

const PASSWORD: &str = "correct horse";

const RULES: &str = r#"["groups=cs-1 activist /计算机/一支部", "groups=cs-2 activist /计算机/二支部",
    "groups=reviewers reviewer /计算机"]"#;

fn service(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("run scripts/test, which starts the campus"))
}

/// Follows links and keeps cookies, as a browser does.
struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        // reqwest brings no cryptography of its own here; a second install may fail.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    fn cookie_header(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    fn send(&mut self, url: &Url, form: Option<&[(String, String)]>) -> Response {
        let request = match form {
            Some(form) => {
                let mut body = Url::parse("http://x/").unwrap();
                body.query_pairs_mut().extend_pairs(form);
                let body = body.query().unwrap_or_default().to_owned();
                let kind = "application/x-www-form-urlencoded";
                self.client.post(url.clone()).header("content-type", kind).body(body)
            }
            None => self.client.get(url.clone()),
        };
        let response = request.header("cookie", self.cookie_header()).send().unwrap();
        for set in response.headers().get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.to_ascii_lowercase().contains("max-age=0") || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// Follows redirects from a link, as long as `on` says so; returns where it ended, and what came.
    fn go(&mut self, url: &str, on: impl Fn(&Url) -> bool) -> (Url, Option<Response>) {
        let mut url = Url::parse(url).unwrap();
        for _ in 0..20 {
            if !on(&url) {
                return (url, None);
            }
            let response = self.send(&url, None);
            match response.headers().get("location") {
                Some(next) => url = url.join(next.to_str().unwrap()).unwrap(),
                None => return (url, Some(response)),
            }
        }
        panic!("{url} leads in a circle");
    }

    /// Fills in a form, and follows where it leads.
    fn submit(
        &mut self,
        url: &Url,
        form: &[(String, String)],
        on: impl Fn(&Url) -> bool,
    ) -> (Url, Option<Response>) {
        let response = self.send(url, Some(form));
        let next = response.headers().get("location");
        let next = next.unwrap_or_else(|| panic!("{url}: {}", response.status())).to_str().unwrap();
        let next = url.join(next).unwrap();
        self.go(next.as_str(), on)
    }

    /// Who the server says one is.
    fn me(&self, server: &Server) -> (u16, Value) {
        let request = self.client.get(format!("{}/api/v1/me", server.url));
        let answer = request.header("cookie", self.cookie_header()).send().unwrap();
        (answer.status().as_u16(), answer.json().unwrap())
    }
}

fn pairs(form: &[(&str, &str)]) -> Vec<(String, String)> {
    form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The hidden fields of a page's form.
fn hidden_fields(page: &str) -> Vec<(String, String)> {
    let attribute = |input: &str, name: &str| {
        let start = input.find(&format!("{name}=\""))? + name.len() + 2;
        Some(input[start..].split('"').next()?.to_owned())
    };
    page.split("<input ")
        .skip(1)
        .filter(|input| input.starts_with("type=\"hidden\""))
        .filter_map(|input| {
            Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default()))
        })
        .collect()
}

fn start(data: &Path, more: &[(&str, &str)]) -> Server {
    let port = free_port();
    let public = format!("http://127.0.0.1:{port}");
    let env = [&[("HUIBAO_PUBLIC_URL", &*public), ("HUIBAO_SIGN_ON_RULES", RULES)], more].concat();
    Server::start_on(port, data, &env)
}

fn with_oidc(data: &Path) -> Server {
    let (issuer, secret) = (service("HUIBAO_TEST_OIDC_ISSUER"), service("HUIBAO_TEST_OIDC_SECRET"));
    start(
        data,
        &[
            ("HUIBAO_OIDC_ISSUER", &issuer),
            ("HUIBAO_OIDC_CLIENT_ID", "huibao"),
            ("HUIBAO_OIDC_CLIENT_SECRET", &secret),
            ("HUIBAO_NUMBER_CLAIM", "student_number"),
        ],
    )
}

/// Signs on at the OpenID provider; returns the address that it sends the browser back to.
fn at_oidc(browser: &mut Browser, server: &Server, login: &str) -> Url {
    let begin = format!("{}/api/v1/sign-on/oidc?return_to=/%23/reports", server.url);
    let (form, page) = browser.go(&begin, |_| true);
    assert!(form.path().starts_with("/interaction/"), "{form}");
    assert_eq!(page.unwrap().status(), 200);
    let filled = pairs(&[("login", login), ("password", PASSWORD)]);
    let (back, _) = browser.submit(&form, &filled, |url| !url.path().ends_with("/callback"));
    back
}

/// Comes back to the server, which answers with a page to go to.
fn come_back(browser: &mut Browser, back: &Url) -> String {
    let answer = browser.send(back, None);
    assert_eq!(answer.status(), 303, "{back}");
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[test]
fn the_openid_provider_s_people_come_in_as_what_the_rules_make_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = with_oidc(&data);
    let info = server.get("/api/v1/info");
    assert_eq!(info["sign_on"][0]["url"], "/api/v1/sign-on/oidc");

    let mut li = Browser::new();
    let back = at_oidc(&mut li, &server, "li");
    assert_eq!(come_back(&mut li, &back), "/#/reports");
    let (status, me) = li.me(&server);
    assert_eq!((status, &me["display_name"], &me["name"]), (200, &"李晓明".into(), &"li".into()));
    assert_eq!((&me["number"], &me["email"]), (&"20260001".into(), &"li@example.edu".into()));
    assert_eq!(me["grants"][0]["branch"], "/计算机/一支部");
    // An answer counts once, and in the browser that asked.
    assert_eq!(come_back(&mut li, &back), "/#/sign-in?error=sign_on_failed");
    let stolen = at_oidc(&mut Browser::new(), &server, "chen");
    let mut thief = Browser::new();
    assert_eq!(come_back(&mut thief, &stolen), "/#/sign-in?error=sign_on_failed");
    assert_eq!(thief.me(&server).0, 401);

    // The same person once more, and not another account.
    let mut again = Browser::new();
    let back = at_oidc(&mut again, &server, "li");
    come_back(&mut again, &back);
    assert_eq!(again.me(&server).1["id"], me["id"]);

    // The provider signs with another key from now on.
    let rotate = format!("{}/test/rotate-keys", service("HUIBAO_TEST_OIDC_ISSUER"));
    assert_eq!(Client::new().post(rotate).send().unwrap().status(), 204);
    let mut chen = Browser::new();
    let back = at_oidc(&mut chen, &server, "chen");
    assert_eq!(come_back(&mut chen, &back), "/#/reports");
    assert_eq!(chen.me(&server).1["grants"][0]["role"], "reviewer");

    // No rule makes anything of her.
    let mut eve = Browser::new();
    let back = at_oidc(&mut eve, &server, "eve");
    assert_eq!(come_back(&mut eve, &back), "/#/sign-in?error=no_account");
    assert_eq!(eve.me(&server).0, 401);
}

#[test]
fn somebody_of_a_roster_signs_on_by_their_number_and_not_by_a_name() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = |args: &[&str]| {
        let output = huibao().args(args).arg("--data-dir").arg(&data).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
    };
    run(&[
        "user", "add", "student", "--role", "activist", "--branch", "/a", "--number", "20260001",
    ]);
    // Somebody else has the name that the provider's person has there.
    run(&["user", "add", "chen", "--role", "operator"]);
    let server = with_oidc(&data);
    let mut li = Browser::new();
    let back = at_oidc(&mut li, &server, "li");
    come_back(&mut li, &back);
    let me = li.me(&server).1;
    assert_eq!(me["name"], "student");
    assert_eq!(me["grants"].as_array().unwrap().len(), 2, "the roster's and the rules': {me}");
    let mut chen = Browser::new();
    let back = at_oidc(&mut chen, &server, "chen");
    come_back(&mut chen, &back);
    let me = chen.me(&server).1;
    assert_eq!((&me["name"], me["grants"].as_array().unwrap().len()), (&"chen@oidc".into(), 1));
}

#[test]
fn the_cas_server_s_people_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let cas = service("HUIBAO_TEST_CAS_URL");
    let server =
        start(&data, &[("HUIBAO_CAS_URL", &cas), ("HUIBAO_NUMBER_CLAIM", "student_number")]);
    let mut wang = Browser::new();
    let begin = format!("{}/api/v1/sign-on/cas", server.url);
    let (form, page) = wang.go(&begin, |_| true);
    assert!(form.path().ends_with("/cas/login"), "{form}");
    let mut filled = hidden_fields(&page.unwrap().text().unwrap());
    filled.extend(pairs(&[("username", "wang"), ("password", PASSWORD)]));
    let (back, _) = wang.submit(&form, &filled, |url| !url.path().ends_with("/callback"));
    assert!(back.query().unwrap().contains("ticket=ST-"), "{back}");
    // A ticket that somebody made up is worth nothing.
    let mut made_up = back.clone();
    let state = back.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    made_up.query_pairs_mut().clear().append_pair("state", &state).append_pair("ticket", "ST-1");
    let mut other = Browser { client: wang.client.clone(), cookies: wang.cookies.clone() };
    assert_eq!(come_back(&mut other, &made_up), "/#/sign-in?error=sign_on_failed");
    assert_eq!(come_back(&mut wang, &back), "/");
    let (status, me) = wang.me(&server);
    assert_eq!((status, &me["display_name"]), (200, &"王芳".into()));
    assert_eq!(
        (&me["number"], &me["grants"][0]["branch"]),
        (&"20260002".into(), &"/计算机/二支部".into())
    );
}

#[test]
fn a_provider_that_is_away_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let server = start(
        &folder.path().join("data"),
        &[
            ("HUIBAO_OIDC_ISSUER", &*nobody),
            ("HUIBAO_OIDC_CLIENT_ID", "huibao"),
            ("HUIBAO_OIDC_CLIENT_SECRET", "x"),
        ],
    );
    let mut browser = Browser::new();
    let begin = Url::parse(&format!("{}/api/v1/sign-on/oidc", server.url)).unwrap();
    let answer = browser.send(&begin, None);
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"], "/#/sign-in?error=sign_on_failed");
    for wrong in ["cas", "other"] {
        let url = Url::parse(&format!("{}/api/v1/sign-on/{wrong}", server.url)).unwrap();
        assert_eq!(browser.send(&url, None).status(), 404);
    }
}
