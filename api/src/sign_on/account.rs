//! Whose account somebody has whom a provider vouches for.

use huibao_models::credentials::NewSecret;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::person::{Grant, LoginName, Number, Person, display_name, is_email};
use huibao_models::store::{NewPerson, UnitOfWork};

use super::config::SignOnConfig;
use super::identity::{Identity, Provider};
use super::rules::Claims;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::sign_in::begin_session;
use crate::state::ApiState;

/// Signs somebody in whom a provider vouches for, and returns the secret of their session. Who is not known yet
/// gets an account if the rules make something of them.
///
/// # Errors
///
/// [`RequestError::NoAccount`] for somebody of whom nothing is known, or whose account is disabled.
pub(crate) async fn sign_on(
    state: &ApiState,
    provider: Provider,
    identity: &Identity,
    address: std::net::IpAddr,
    user_agent: &str,
) -> Result<NewSecret, ApiError> {
    let config = &state.config.sign_on;
    let grants: Vec<Grant> =
        config.rules.iter().filter_map(|rule| rule.grant(&identity.claims)).collect();
    let known = known(state, config, provider, identity).await?;
    let id = known.as_ref().map_or_else(PersonId::new, |person| person.id);
    let unit = state.store.begin_durable(Actor::Person(id), state.store.now()).await?;
    let mut unit = unit.from_address(address);
    let person = match known {
        Some(person) => person,
        None if grants.is_empty() => return Err(RequestError::NoAccount.into()),
        None => add(&mut unit, config, provider, id, identity).await?,
    };
    if person.disabled_at.is_some() {
        return Err(RequestError::NoAccount.into());
    }
    unit.identities().link(provider.as_str(), &identity.subject, person.id).await?;
    unit.people().sync_grants(person.id, provider.as_str(), &grants).await?;
    let secret = begin_session(&mut unit, person.id, user_agent).await?;
    unit.commit().await?;
    Ok(secret)
}

/// The person whom the provider means: as before, or else the one with the number that it tells. A name to sign
/// in with proves nothing: anybody may have it elsewhere.
async fn known(
    state: &ApiState,
    config: &SignOnConfig,
    provider: Provider,
    identity: &Identity,
) -> Result<Option<Person>, ApiError> {
    let mut snapshot = state.store.snapshot().await?;
    let person = snapshot.identities().person(provider.as_str(), &identity.subject).await?;
    if let Some(id) = person {
        return Ok(snapshot.people().get(id).await?);
    }
    match number(config, provider, &identity.claims) {
        Some(number) => Ok(snapshot.people().by_number(&number).await?),
        None => Ok(None),
    }
}

async fn add(
    unit: &mut UnitOfWork,
    config: &SignOnConfig,
    provider: Provider,
    id: PersonId,
    identity: &Identity,
) -> Result<Person, ApiError> {
    let claims = &identity.claims;
    let number = number(config, provider, claims);
    let wanted = claims.first(&config.claims.login).unwrap_or(&identity.subject);
    let shown = claims.first(&config.claims.name).and_then(display_name);
    let email = claims.first(&config.claims.email).filter(|email| is_email(email));
    // The name may be taken here: then with the provider's, and in the end with something that is not.
    let names = [wanted.to_owned(), format!("{wanted}@{}", provider.as_str()), id.to_string()];
    for name in names.iter().filter_map(|name| LoginName::parse(name).ok()) {
        let new = NewPerson {
            id,
            display_name: shown.clone().unwrap_or_else(|| name.as_str().to_owned()),
            name,
            number: number.clone(),
            email: email.map(str::to_owned),
            password_hash: None,
        };
        if unit.people().insert(&new).await?
            && let Some(person) = unit.people().get(id).await?
        {
            return Ok(person);
        }
    }
    Err(RequestError::NoAccount.into())
}

/// The number that a provider tells. CAS names people by it, unless an attribute is set.
fn number(config: &SignOnConfig, provider: Provider, claims: &Claims) -> Option<Number> {
    let claim = match (config.claims.number.as_str(), provider) {
        ("", Provider::Cas) => "user",
        (claim, _) => claim,
    };
    Number::parse(claims.first(claim)?).ok()
}
