//! CAS 3.0: a ticket in the address, and a request that asks what it is worth.
//!
//! <https://apereo.github.io/cas/7.2.x/protocol/CAS-Protocol-Specification.html>, 2.5 (`/p3/serviceValidate`).

use axum::http;
use huibao_models::credentials::NewSecret;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use url::Url;

use super::attempt::Attempt;
use super::config::CasConfig;
use super::http::fetch;
use super::identity::{Identity, Provider, SignOnError};
use super::rules::Claims;

const NAMESPACE: &str = "http://www.yale.edu/tp/cas";

pub(super) fn begin(
    config: &CasConfig,
    callback: Url,
    return_to: String,
) -> Result<(Url, Attempt), SignOnError> {
    let state = NewSecret::new().map_err(|error| SignOnError::Provider(error.to_string()))?;
    let state = state.expose().to_owned();
    let mut login = endpoint(config, "login");
    login.query_pairs_mut().append_pair("service", service(callback, &state).as_str());
    let (nonce, verifier) = (String::new(), String::new());
    let provider = Provider::Cas.as_str().to_owned();
    Ok((login, Attempt { provider, state, nonce, verifier, return_to }))
}

pub(super) async fn finish(
    client: &reqwest::Client,
    config: &CasConfig,
    callback: Url,
    attempt: &Attempt,
    ticket: &str,
) -> Result<Identity, SignOnError> {
    let mut validate = endpoint(config, "p3/serviceValidate");
    validate
        .query_pairs_mut()
        .append_pair("service", service(callback, &attempt.state).as_str())
        .append_pair("ticket", ticket);
    let unreachable = |error: String| SignOnError::Provider(error);
    let request = http::Request::get(validate.as_str()).body(Vec::new());
    let request = request.map_err(|error| unreachable(error.to_string()))?;
    let response =
        fetch(client.clone(), request).await.map_err(|error| unreachable(error.to_string()))?;
    if !response.status().is_success() {
        return Err(unreachable(format!("serviceValidate answers {}", response.status())));
    }
    let xml = std::str::from_utf8(response.body())
        .map_err(|_| SignOnError::Invalid("it is no UTF-8".into()))?;
    parse(xml)
}

/// The address that a ticket is for. It is the same in both requests.
fn service(mut callback: Url, state: &str) -> Url {
    callback.query_pairs_mut().append_pair("state", state);
    callback
}

fn endpoint(config: &CasConfig, path: &str) -> Url {
    let mut url = config.url.clone();
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{base}/{path}"));
    url
}

/// Reads the answer: the user and attributes, or the code of a refusal.
fn parse(xml: &str) -> Result<Identity, SignOnError> {
    let broken = |error: String| SignOnError::Invalid(error);
    let mut reader = NsReader::from_str(xml);
    // The elements that are open, and the text of the innermost.
    let (mut open, mut text) = (Vec::<String>::new(), String::new());
    let (mut user, mut claims, mut refusal) = (None, Claims::default(), None);
    loop {
        let (namespace, event) =
            reader.read_resolved_event().map_err(|error| broken(error.to_string()))?;
        let ours = matches!(namespace, ResolveResult::Bound(name) if name.as_ref() == NAMESPACE);
        match event {
            Event::Start(element) => {
                let name = element.local_name().as_ref().to_owned();
                if ours && name == "authenticationFailure" {
                    let code = element.try_get_attribute("code").ok().flatten();
                    let code = code.map(|code| code.value.into_owned());
                    refusal = Some(code.unwrap_or_default());
                }
                open.push(name);
                text.clear();
            }
            Event::Text(part) => text.push_str(&part),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(reference) => text.push_str(&resolve(&reference)?),
            Event::End(_) => {
                let path: Vec<&str> = open.iter().map(String::as_str).collect();
                match path[..] {
                    ["serviceResponse", "authenticationSuccess", "user"] => {
                        user = Some(text.trim().to_owned());
                    }
                    ["serviceResponse", "authenticationSuccess", "attributes", name] => {
                        claims.add(name, text.trim());
                    }
                    _ => {}
                }
                open.pop();
                text.clear();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match (user.filter(|user| !user.is_empty()), refusal) {
        (Some(subject), None) => {
            claims.add("user", &subject);
            Ok(Identity { subject, claims })
        }
        (_, Some(code)) => Err(broken(format!("the ticket is refused: {code}"))),
        (None, None) => Err(broken("it names no user".into())),
    }
}

/// A character reference, or one of the five entities that XML has.
fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, SignOnError> {
    let broken = || SignOnError::Invalid("an unknown entity".into());
    if let Some(character) = reference.resolve_char_ref().map_err(|_| broken())? {
        return Ok(character.to_string());
    }
    quick_xml::escape::resolve_predefined_entity(reference).map(str::to_owned).ok_or_else(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(inside: &str) -> String {
        format!(
            r#"<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">{inside}</cas:serviceResponse>"#
        )
    }

    #[test]
    fn user_and_attributes_are_read() {
        let identity = parse(&answer(
            "<cas:authenticationSuccess><cas:user>wang&amp;fang</cas:user><cas:attributes>
             <cas:name>王芳</cas:name><cas:groups>a</cas:groups><cas:groups>b</cas:groups>
             </cas:attributes></cas:authenticationSuccess>",
        ))
        .unwrap();
        assert_eq!(identity.subject, "wang&fang");
        assert_eq!(identity.claims.first("name"), Some("王芳"));
        assert!(identity.claims.has("groups", "b") && !identity.claims.has("groups", "c"));
        assert_eq!(identity.claims.first("user"), Some("wang&fang"));
    }

    #[test]
    fn refusals_and_other_answers_prove_nothing() {
        for bad in [
            answer(
                r#"<cas:authenticationFailure code="INVALID_TICKET">x</cas:authenticationFailure>"#,
            ),
            answer("<cas:authenticationSuccess><cas:user> </cas:user></cas:authenticationSuccess>"),
            // A user somewhere else is none.
            answer("<cas:proxies><cas:user>root</cas:user></cas:proxies>"),
            "<html>".into(),
            "not xml <".into(),
            String::new(),
        ] {
            assert!(matches!(parse(&bad), Err(SignOnError::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn the_service_is_part_of_both_requests() {
        let config =
            CasConfig { url: "https://sso.example.edu/cas/".parse().unwrap(), label: "CAS".into() };
        let callback: Url = "https://h.example.edu/api/v1/sign-on/cas/callback".parse().unwrap();
        let (login, attempt) = begin(&config, callback.clone(), "/".into()).unwrap();
        assert_eq!(login.path(), "/cas/login");
        let (_, given) = login.query_pairs().find(|(name, _)| name == "service").unwrap();
        assert_eq!(given, service(callback, &attempt.state).as_str());
    }
}
