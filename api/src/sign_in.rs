//! Signing in with a password: throttled, and without telling which accounts there are.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use huibao_models::credentials::{self, NewSecret, Verdict};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::audit::AuditAction;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::person::{LoginName, Person};
use huibao_models::store::UnitOfWork;
use serde_json::json;

use crate::client_address::address_key;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// An address may fail as often as so many accounts: a whole dormitory can have one.
const ACCOUNTS_OF_AN_ADDRESS: u32 = 10;

/// What a browser calls itself is kept up to here.
const USER_AGENT_CHARS: usize = 200;

/// How it went.
pub(crate) enum SignIn {
    /// The secret of a new session.
    In(Person, NewSecret),
    /// It is the wrong password, or there is no such account.
    Wrong,
    /// There were too many failures.
    Blocked {
        /// When the next try is allowed.
        until: DateTime<Utc>,
    },
}

/// Signs somebody in, or counts a failure.
pub(crate) async fn sign_in(
    state: &ApiState,
    name: &str,
    password: String,
    client: IpAddr,
    user_agent: &str,
) -> Result<SignIn, ApiError> {
    let now = state.store.now();
    let name = LoginName::parse(name).ok();
    // Names that cannot be are an account, too: they cost as much.
    let account = format!("account:{}", name.as_ref().map_or("", LoginName::as_str));
    let address = address_key(client);
    let mut snapshot = state.store.snapshot().await?;
    if let Some(until) = snapshot.sign_ins().blocked_until([&account, &address], now).await? {
        return Ok(SignIn::Blocked { until });
    }
    let person = match &name {
        Some(name) => snapshot.people().by_name(name).await?,
        None => None,
    };
    let hash = match &person {
        Some(person) => snapshot.people().password_hash(person.id).await?,
        None => None,
    };
    drop(snapshot);
    let verdict = verify(state, password.clone(), hash).await?;
    let known = person.as_ref().map(|person| person.id);
    let allowed = person.filter(|person| person.disabled_at.is_none());
    let (Some(person), Verdict::Right | Verdict::Outdated) = (allowed, verdict) else {
        let unit = state.store.begin(Actor::System, state.store.now()).await?;
        let mut unit = unit.from_address(client);
        if let Some(known) = known {
            // Names that are not known are not written down: they may be passwords.
            unit.audit().record(AuditAction::SignInFailed, known, json!({})).await?;
        }
        unit.sign_ins().failed(&account, 1).await?;
        unit.sign_ins().failed(&address, ACCOUNTS_OF_AN_ADDRESS).await?;
        unit.commit().await?;
        return Ok(SignIn::Wrong);
    };
    let renewed = match verdict {
        Verdict::Outdated => Some(hash_password(state, password).await?),
        _ => None,
    };
    let unit = state.store.begin(Actor::Person(person.id), state.store.now()).await?;
    let mut unit = unit.from_address(client);
    unit.sign_ins().succeeded(&account).await?;
    if let Some(hash) = renewed {
        unit.people().renew_password_hash(person.id, &hash).await?;
    }
    let secret = begin_session(&mut unit, person.id, user_agent).await?;
    unit.commit().await?;
    Ok(SignIn::In(person, secret))
}

/// Begins a session. Its secret is always new, so that nobody can plant one that they know.
pub(crate) async fn begin_session(
    unit: &mut UnitOfWork,
    person: PersonId,
    user_agent: &str,
) -> Result<NewSecret, ApiError> {
    let secret = NewSecret::new().map_err(Failure::internal)?;
    let user_agent: String = user_agent.chars().take(USER_AGENT_CHARS).collect();
    unit.sessions().insert(person, &secret.digest(), &user_agent).await?;
    Ok(secret)
}

/// Compares a password with a hash, with as much at a time as there are cores: hashing takes memory.
pub(crate) async fn verify(
    state: &ApiState,
    password: String,
    hash: Option<String>,
) -> Result<Verdict, ApiError> {
    let _turn = state.hashing.acquire().await.map_err(Failure::internal)?;
    let verdict = tokio::task::spawn_blocking(move || {
        credentials::verify_password(&password, hash.as_deref())
    });
    Ok(verdict.await.map_err(Failure::internal)?)
}

/// Hashes a new password.
pub(crate) async fn hash_password(state: &ApiState, password: String) -> Result<String, ApiError> {
    if !huibao_models::domain::person::is_acceptable_password(&password) {
        return Err(RequestError::WeakPassword.into());
    }
    let _turn = state.hashing.acquire().await.map_err(Failure::internal)?;
    let hash = tokio::task::spawn_blocking(move || credentials::hash_password(&password));
    let hash = hash.await.map_err(Failure::internal)?;
    Ok(hash.map_err(Failure::internal)?)
}
