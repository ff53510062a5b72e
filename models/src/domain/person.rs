//! People, and what they are allowed to be.

use chrono::{DateTime, Utc};

use super::branch::BranchPath;
use super::ids::PersonId;
use super::names::names;

/// The most characters of a name to sign in with, and of a name that is shown.
const MAX_NAME: usize = 64;

/// The most characters of a student's number.
const MAX_NUMBER: usize = 32;

/// The most bytes of an address (RFC 5321, 4.5.3.1.3).
const MAX_EMAIL: usize = 254;

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
    /// The student or staff number.
    pub number: Option<Number>,
    /// Where mail reaches them.
    pub email: Option<String>,
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

/// A student or staff number: up to 32 letters, digits or hyphens. Capitals make no difference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number(String);

/// A text that is no number of a student.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a number has 1 to 32 letters, digits or hyphens")]
pub struct InvalidNumber;

impl Number {
    /// Reads a number as a roster has it.
    pub fn parse(text: &str) -> Result<Self, InvalidNumber> {
        let number = text.trim().to_uppercase();
        let fits = (1..=MAX_NUMBER).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits { Ok(Self(number)) } else { Err(InvalidNumber) }
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Person {
    /// Where mail reaches them. Nobody is written to whose account is disabled.
    pub fn mail_address(self) -> Option<String> {
        self.email.filter(|_| self.disabled_at.is_none())
    }
}

/// Whether mail can be sent there. Whether it arrives, only sending tells.
pub fn is_email(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c);
    text.len() <= MAX_EMAIL
        && !text.contains(odd)
        && text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.contains('@') && host.split('.').all(|part| !part.is_empty())
        })
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
    fn numbers_are_the_same_however_they_are_typed() {
        assert_eq!(Number::parse(" t-20260001 ").unwrap().as_str(), "T-20260001");
        for bad in ["", "2026 0001", "学号", "=1", &"1".repeat(33)] {
            assert!(Number::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_mail_have_a_user_and_a_host() {
        for good in ["li@example.org", "a.b+c@x", "李@例子.中国"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "li", "@x", "li@", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "a@b..c", "<a@b>"] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_has_no_control_characters() {
        assert_eq!(display_name(" 李\u{7}晓明\n").as_deref(), Some("李晓明"));
        assert_eq!(display_name(" \n"), None);
    }
}
