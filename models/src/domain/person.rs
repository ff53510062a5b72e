//! People, and what they are allowed to be.

use chrono::{DateTime, Utc};

use super::branch::BranchPath;
use super::ids::PersonId;
use super::names::names;

/// The most characters of a name to sign in with, and of a name that is shown.
const MAX_NAME: usize = 64;

/// What a person may be in a branch and everything below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Hands in reports (入党积极分子).
    Activist,
    /// Reads the branch's reports and decides about them.
    Reviewer,
    /// Runs the system and manages people. Sees nobody's report.
    Operator,
}

names!(Role, "role", {
    Activist = "activist",
    Reviewer = "reviewer",
    Operator = "operator",
});

/// A role in a branch and everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The branch.
    pub branch: BranchPath,
}

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The id.
    pub id: PersonId,
    /// The name to sign in with.
    pub name: LoginName,
    /// The name that others see.
    pub display_name: String,
    /// Since when the account is disabled.
    pub disabled_at: Option<DateTime<Utc>>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

/// A name to sign in with: up to 64 characters without spaces and slashes. Capitals make no difference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LoginName(String);

/// A name that nobody can sign in with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 characters, without spaces and slashes")]
pub struct InvalidName;

impl LoginName {
    /// Reads a name as a person types it.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let name = text.trim().to_lowercase();
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\' | ':');
        let fits = (1..=MAX_NAME).contains(&name.chars().count());
        if fits && !name.contains(odd) { Ok(Self(name)) } else { Err(InvalidName) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A display name as it is kept: without control characters and spaces at its ends, and not too long;
/// `None` if nothing is left.
pub fn display_name(text: &str) -> Option<String> {
    let kept: String = text.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    (!kept.is_empty()).then_some(kept)
}

/// Whether a password is long enough, and not so long that hashing it is a burden. Length is what counts
/// (NIST SP 800-63B, 5.1.1.2).
pub fn is_acceptable_password(password: &str) -> bool {
    (8..=256).contains(&password.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_however_they_are_typed() {
        assert_eq!(LoginName::parse(" LiXM "), LoginName::parse("lixm"));
        assert_eq!(LoginName::parse("李晓明").unwrap().as_str(), "李晓明");
        for bad in ["", " ", "a b", "a/b", "a\nb", &"x".repeat(65)] {
            assert!(LoginName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_has_no_control_characters() {
        assert_eq!(display_name(" 李\u{7}晓明\n").as_deref(), Some("李晓明"));
        assert_eq!(display_name(" \n"), None);
    }
}
