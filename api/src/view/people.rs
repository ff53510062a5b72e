//! People, as those who manage them see them.

use huibao_models::domain::person::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::account::PersonView;
use super::enums;

/// A page of people.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PeopleList {
    /// In the order in which they were added.
    pub people: Vec<PersonView>,
    /// The `after` of the next page; null on the last.
    #[schema(required)]
    pub next: Option<Uuid>,
}

/// Branches.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct BranchList {
    /// Their paths, such as `/college/branch`.
    pub branches: Vec<String>,
}

/// Somebody who is to be added.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewPerson)]
pub(crate) struct NewPersonBody {
    /// The name to sign in with.
    pub name: String,
    /// The name that others see; the name to sign in with if not given.
    #[serde(default)]
    pub display_name: String,
    /// The student or staff number.
    pub number: Option<String>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// The password; without one, they sign on through the campus.
    pub password: Option<String>,
    /// What they are.
    #[schema(value_type = enums::Role)]
    pub role: Role,
    /// Where, such as `/college/branch`.
    pub branch: String,
}

/// What is to be changed of somebody. What is not given stays; an empty text is nothing.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PersonChange {
    /// The name that others see.
    pub display_name: Option<String>,
    /// The student or staff number.
    pub number: Option<String>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// Whether the account is disabled: nobody can sign in with it, and its tokens are refused.
    pub disabled: Option<bool>,
}

/// A password that somebody is given.
#[derive(Deserialize, ToSchema)]
pub(crate) struct GivenPassword {
    /// The password: 8 to 256 characters.
    pub password: String,
}

/// A role in a branch.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewGrant)]
pub(crate) struct GrantBody {
    /// The role.
    #[schema(value_type = enums::Role)]
    pub role: Role,
    /// The branch, such as `/college/branch`.
    pub branch: String,
}
