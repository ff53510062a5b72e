//! What a roster changes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a roster would change, or has changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = RosterImport)]
pub struct ImportView {
    /// Whether something was changed. It was not if it was to be a dry run, or if there are problems.
    pub imported: bool,
    /// How many people are new.
    pub added: usize,
    /// How many are changed.
    pub changed: usize,
    /// How many rows say what is known.
    pub unchanged: usize,
    /// The rows that cannot be taken over.
    pub problems: Vec<RosterProblem>,
    /// The people who are new.
    pub people: Vec<ImportedPerson>,
}

/// A row that cannot be taken over.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RosterProblem {
    /// Its number in the file, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Stable code.
    pub code: String,
    /// What is wrong and what to do, in the requested language.
    pub message: String,
    /// What stands there.
    pub value: String,
}

/// Somebody whom a roster has added.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ImportedPerson {
    /// The id; of a dry run, one that nobody has.
    pub id: Uuid,
    /// The student or staff number.
    pub number: String,
    /// The name that others see.
    pub display_name: String,
    /// The name to sign in with.
    pub name: String,
    /// The password, if one was to be made. It is shown this once.
    #[schema(required)]
    pub password: Option<String>,
}
