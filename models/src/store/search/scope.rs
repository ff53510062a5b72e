//! Terms that tell whose a report is: words alone would lead a search through what somebody may not see.

use sha2::{Digest, Sha256};

use crate::domain::branch::BranchPath;
use crate::domain::ids::PersonId;

/// Whose reports a part of a search is about.
pub(super) enum Part<'a> {
    Own(PersonId),
    Contacts(&'a [PersonId]),
    Branch(&'a BranchPath),
}

impl Part<'_> {
    /// One of these is a term of each of its reports; none: no term tells.
    pub(super) fn terms(&self) -> Vec<String> {
        match self {
            Self::Own(person) => vec![author_term(*person)],
            Self::Contacts(people) => people.iter().map(|person| author_term(*person)).collect(),
            Self::Branch(branch) if **branch == BranchPath::root() => Vec::new(),
            Self::Branch(branch) => vec![branch_term(branch.key())],
        }
    }
}

/// The terms that tell whose a report is.
pub(super) fn scope_terms(author: Option<PersonId>, branch: &BranchPath) -> Vec<String> {
    // Every report is below the root.
    let branches = branch.lineage().into_iter().skip(1);
    let branches = branches.map(|branch| branch_term(branch.key()));
    author.map(author_term).into_iter().chain(branches).collect()
}

/// No word has a `_`.
fn author_term(author: PersonId) -> String {
    format!("_a{}", author.uuid().simple())
}

fn branch_term(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    // Half of it tells branches apart; if two ever share it, the rows of their reports do.
    let number = hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte));
    format!("_b{number:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_found_by_its_own_term_and_those_above_it() {
        let branch: BranchPath = "/学院/支部".parse().unwrap();
        let terms = scope_terms(None, &branch);
        assert_eq!(terms, [branch_term("/学院/"), branch_term(branch.key())]);
        assert!(scope_terms(None, &BranchPath::root()).is_empty());
    }
}
