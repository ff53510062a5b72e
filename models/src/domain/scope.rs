//! What a personal access token may be used for. It never reaches further than its owner.

use std::fmt;
use std::str::FromStr;

use super::names::{UnknownName, names};

/// A part of what its owner may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Reading.
    Read,
    /// Writing, uploading, handing in and commenting on reports.
    Write,
    /// Correcting transcripts and deciding about reports.
    Review,
    /// Managing people, rounds and the system.
    Manage,
}

names!(Scope, "scope of a token", {
    Read = "read",
    Write = "write",
    Review = "review",
    Manage = "manage",
});

/// Several scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Everything: what a session may.
    pub fn all() -> Self {
        Self(Scope::ALL.to_vec())
    }

    /// These; each counts once.
    pub fn of(scopes: &[Scope]) -> Self {
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }

    /// Whether this is among them.
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Each of them.
    pub fn as_slice(&self) -> &[Scope] {
        &self.0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.write_str(&names.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let scopes: Result<Vec<_>, _> = text.split_whitespace().map(str::parse).collect();
        Ok(Self::of(&scopes?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_read_back() {
        let some: Scopes = "write read write".parse().unwrap();
        assert_eq!(some, Scopes::of(&[Scope::Read, Scope::Write]));
        assert_eq!(some.to_string().parse(), Ok(some.clone()));
        assert!(some.has(Scope::Write) && !some.has(Scope::Manage));
        assert!("everything".parse::<Scopes>().is_err());
        assert_eq!(Scopes::all().to_string(), "read write review manage");
    }
}
