//! A client of the server: its URLs and requests.

use std::time::Duration;

use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::ReportId;
use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, redirect};
use url::{Host, Url};

use crate::exit::CommandError;
use crate::settings::Secret;

const CONNECT: Duration = Duration::from_secs(10);

/// A server to submit reports to.
pub struct Server {
    /// Its address, without secrets.
    pub base: Url,
    /// The language of its user.
    pub lang: Lang,
    token: Secret,
    client: Client,
}

impl Server {
    /// The server at `address`. Nothing is sent yet.
    pub fn new(address: &str, token: &Secret, lang: Lang) -> Result<Self, CommandError> {
        let base = parse(address)?;
        Ok(Self { client: client(&base, lang)?, base, lang, token: token.clone() })
    }

    /// Whether a token was given.
    pub fn has_token(&self) -> bool {
        !self.token.is_empty()
    }

    /// Begins a request to the API; `path` are its segments after `/api/v1`.
    pub fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").push("v1").extend(path);
        }
        let request = self.client.request(method, url);
        if self.has_token() { request.bearer_auth(self.token.expose()) } else { request }
    }

    /// A report's page.
    pub fn page(&self, id: ReportId) -> Url {
        let mut page = self.base.clone();
        // Pages lie below the address, as they would for a browser that opened it.
        if let Ok(mut segments) = page.path_segments_mut() {
            segments.pop_if_empty().push("");
        }
        page.set_fragment(Some(&format!("/reports/{id}")));
        page
    }
}

fn parse(address: &str) -> Result<Url, CommandError> {
    let wrong = |zh: &str, en: &str| CommandError::Usage {
        zh: format!("--server {zh}"),
        en: format!("--server {en}"),
    };
    let unusable = || {
        wrong(
            "不是可用的地址；请写成 http://127.0.0.1:8080 或 https://… 的形式",
            "is not the address of a server; use http://127.0.0.1:8080 or https://…",
        )
    };
    let mut base = Url::parse(address).map_err(|_| unusable())?;
    if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
        return Err(unusable());
    }
    // Addresses are printed and logged; secrets are not.
    if !base.username().is_empty() || base.password().is_some() {
        return Err(wrong(
            "中不要写口令；请用 HUIBAO_TOKEN 给出",
            "must not contain a password; give the token with HUIBAO_TOKEN",
        ));
    }
    base.set_query(None);
    base.set_fragment(None);
    Ok(base)
}

fn client(base: &Url, lang: Lang) -> Result<Client, Failure> {
    let language = HeaderValue::from_static(lang.pick("zh-CN", "en"));
    let mut builder = Client::builder()
        .user_agent(concat!("huibao/", env!("CARGO_PKG_VERSION")))
        .default_headers(HeaderMap::from_iter([(ACCEPT_LANGUAGE, language)]))
        .connect_timeout(CONNECT)
        // Following one would turn the upload into a GET, or show the token to another host.
        .redirect(redirect::Policy::none());
    if is_loopback(base) {
        // A proxy cannot mean this machine.
        builder = builder.no_proxy();
    }
    builder.build().map_err(Failure::internal)
}

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn server(address: &str) -> Result<Server, CommandError> {
        crate::install_cryptography();
        Server::new(address, &Secret::default(), Lang::En)
    }

    #[test]
    fn addresses_may_end_in_a_slash_and_lie_below_a_path() {
        for (address, base) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("https://example.org/huibao?x#y", "https://example.org/huibao"),
            ("https://example.org/huibao/", "https://example.org/huibao"),
        ] {
            let server = server(address).unwrap();
            let request = server.request(Method::GET, &["info"]).build().unwrap();
            assert_eq!(request.url().as_str(), format!("{base}/api/v1/info"));
            let page = server.page(Uuid::nil().into());
            assert_eq!(page.as_str(), format!("{base}/#/reports/{}", Uuid::nil()));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for address in ["", "127.0.0.1:8080", "ftp://x", "http://", "http://u:secret@x"] {
            let error = server(address).err().unwrap();
            assert!(matches!(error, CommandError::Usage { .. }), "{address}");
            assert!(!error.to_string().contains("secret"));
        }
    }
}
