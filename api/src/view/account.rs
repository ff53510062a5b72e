//! People, where they are signed in, and their tokens.

use chrono::{DateTime, Utc};
use huibao_models::domain::person::Role;
use huibao_models::domain::scope::Scope;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// The account's name.
    pub name: String,
    /// The password.
    pub password: String,
}

/// What the first operator chooses.
#[derive(Deserialize, ToSchema)]
pub(crate) struct FirstOperator {
    /// The secret of the link that the server printed when it started.
    pub secret: String,
    /// The name to sign in with.
    pub name: String,
    /// The name that others see; the name to sign in with if not given.
    #[serde(default)]
    pub display_name: String,
    /// The password.
    pub password: String,
}

/// A person who has signed in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PersonBody {
    /// The person.
    pub person: PersonView,
}

/// A person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Person)]
pub struct PersonView {
    /// The id.
    pub id: Uuid,
    /// The name to sign in with.
    pub name: String,
    /// The name that others see.
    pub display_name: String,
    /// The student or staff number.
    #[schema(required)]
    pub number: Option<String>,
    /// Where mail reaches them.
    #[schema(required)]
    pub email: Option<String>,
    /// Whether the account is disabled.
    pub disabled: bool,
    /// What they are, and where.
    pub grants: Vec<GrantView>,
}

/// A role in a branch and everything below it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Grant)]
pub struct GrantView {
    /// The role.
    #[schema(value_type = enums::Role)]
    pub role: Role,
    /// The branch, such as `/college/branch`.
    pub branch: String,
}

/// Another password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewPassword {
    /// The one until now.
    pub current: String,
    /// The new one: 8 to 256 characters.
    pub new: String,
}

/// Where a person is signed in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    /// The one used last first.
    pub sessions: Vec<SessionView>,
}

/// A browser in which a person is signed in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    /// The id.
    pub id: Uuid,
    /// When the person signed in.
    pub created_at: DateTime<Utc>,
    /// When it was used last, to a few minutes.
    pub used_at: DateTime<Utc>,
    /// What the browser calls itself.
    pub user_agent: String,
    /// Whether it is this one.
    pub current: bool,
}

/// A token that is to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewToken)]
pub(crate) struct NewTokenBody {
    /// What it is for.
    pub name: String,
    /// What it may be used for; everything if not given.
    #[schema(value_type = Option<Vec<enums::TokenScope>>)]
    pub scopes: Option<Vec<Scope>>,
    /// For how many days it is accepted; without end if not given.
    #[schema(minimum = 1, maximum = 3650)]
    pub expires_in_days: Option<u32>,
}

/// A person's tokens.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenList {
    /// The newest first.
    pub tokens: Vec<TokenView>,
}

/// A personal access token: what a program signs in with. It may do what its owner may, as far as its scopes go.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenView {
    /// The id.
    pub id: Uuid,
    /// What it is for.
    pub name: String,
    /// What it may be used for.
    #[schema(value_type = Vec<enums::TokenScope>)]
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was used last, to a few minutes.
    #[schema(required)]
    pub used_at: Option<DateTime<Utc>>,
    /// From when on it is no longer accepted.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token that was made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenBody {
    /// The token.
    pub token: TokenView,
    /// What a program sends as `Authorization: Bearer …`. It is shown this once.
    pub secret: String,
}
