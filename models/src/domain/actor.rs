//! Who makes a change. Every write is made by an actor, and rows that tell who wrote them hold its text.

use std::fmt;
use std::str::FromStr;

use super::ids::{PersonId, TokenId};
use super::names::UnknownName;

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person who is signed in.
    Person(PersonId),
    /// A program with a person's access token.
    Token(TokenId),
    /// A worker, by its name.
    Worker(String),
    /// Huibao itself: the command line of an operator, the scheduler, a migration.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Worker(name) => write!(f, "worker:{name}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl FromStr for Actor {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownName { what: "actor", name: text.to_owned() };
        match text.split_once(':') {
            None if text == "system" => Ok(Self::System),
            Some(("person", id)) => id.parse().map(Self::Person).map_err(|_| unknown()),
            Some(("token", id)) => id.parse().map(Self::Token).map_err(|_| unknown()),
            Some(("worker", name)) => Ok(Self::Worker(name.to_owned())),
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_actor_reads_back() {
        for actor in [
            Actor::Person(PersonId::new()),
            Actor::Token(TokenId::new()),
            Actor::Worker("host/12: a".into()),
            Actor::System,
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert!("person:x".parse::<Actor>().is_err() && "nobody".parse::<Actor>().is_err());
    }
}
