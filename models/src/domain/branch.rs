//! Branches of an organisation. They form a tree, such as `/university/college/branch`.

use std::fmt;
use std::str::FromStr;

/// The most levels of a path.
const MAX_LEVELS: usize = 8;

/// The most characters of a branch's own name.
const MAX_NAME: usize = 60;

/// A branch by the names from the root of the tree down to it.
///
/// Inside, each name has a slash behind it, so that everything below a branch begins with its path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BranchPath(String);

/// A path that names no branch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a branch: write /college/branch, at most 8 names of at most 60 characters")]
pub struct InvalidBranch(pub String);

impl BranchPath {
    /// The root, to which all branches belong.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// Whether `other` is this branch or lies below it.
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// Those of some branches that lie below no other one of them: with all below them, each branch once.
    pub fn outermost(mut branches: Vec<Self>) -> Vec<Self> {
        branches.sort();
        branches.dedup_by(|branch, before| before.contains(branch));
        branches
    }

    /// The branch and those above it, the root first.
    pub fn lineage(&self) -> Vec<Self> {
        self.0.match_indices('/').map(|(slash, _)| Self(self.0[..=slash].to_owned())).collect()
    }

    /// The path as the database keeps it, with a slash at its end. Paths of what lies below it begin so,
    /// and sort, byte by byte, from here to [`Self::end`].
    pub fn key(&self) -> &str {
        &self.0
    }

    /// What sorts, byte by byte, after the keys of all branches below this one, and before all others.
    pub fn end(&self) -> String {
        let names = self.0.strip_suffix('/').unwrap_or(&self.0);
        // The character after the slash.
        format!("{names}0")
    }

    /// Takes a [key](Self::key) back from the database.
    pub fn from_key(key: &str) -> Result<Self, InvalidBranch> {
        let path: Self = key.parse()?;
        if path.0 == key { Ok(path) } else { Err(InvalidBranch(key.to_owned())) }
    }
}

impl FromStr for BranchPath {
    type Err = InvalidBranch;

    fn from_str(text: &str) -> Result<Self, InvalidBranch> {
        let invalid = || InvalidBranch(text.to_owned());
        let names = text.trim().strip_prefix('/').ok_or_else(invalid)?;
        if names.is_empty() {
            return Ok(Self::root());
        }
        let names = names.strip_suffix('/').unwrap_or(names);
        let names: Vec<&str> = names.split('/').map(str::trim).collect();
        let good = |name: &&str| {
            !matches!(*name, "" | "." | "..")
                && name.chars().count() <= MAX_NAME
                && !name.chars().any(char::is_control)
        };
        if names.len() > MAX_LEVELS || !names.iter().all(good) {
            return Err(invalid());
        }
        Ok(Self(format!("/{}/", names.join("/"))))
    }
}

impl fmt::Display for BranchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_suffix('/') {
            None | Some("") => f.write_str("/"),
            Some(path) => f.write_str(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> BranchPath {
        text.parse().unwrap()
    }

    #[test]
    fn a_branch_contains_what_is_below_it() {
        let college = path("/校/学院");
        for below in ["/校/学院", "/校/学院/一支部/", " /校/ 学院 /二"] {
            assert!(college.contains(&path(below)), "{below}");
        }
        for other in ["/", "/校", "/校/学院二", "/学院"] {
            assert!(!college.contains(&path(other)), "{other}");
        }
        assert!(BranchPath::root().contains(&college) && BranchPath::root().contains(&path("/")));
    }

    #[test]
    fn keys_of_a_subtree_are_a_range() {
        for (branch, other) in
            [("/a", "/a/b"), ("/a", "/b"), ("/a", "/a 2"), ("/", "/a"), ("/a/b", "/a")]
        {
            let (branch, other) = (path(branch), path(other));
            let within = other.key() >= branch.key() && other.key() < branch.end().as_str();
            assert_eq!(within, branch.contains(&other), "{branch} {other}");
        }
    }

    #[test]
    fn a_path_reads_back() {
        for text in ["/", "/a", "/a/b c"] {
            let path = path(text);
            assert_eq!(path.to_string(), text);
            assert_eq!(BranchPath::from_key(path.key()).as_ref(), Ok(&path));
            assert_eq!(path.lineage().last(), Some(&path));
        }
        assert_eq!(path("/a/b").lineage(), [path("/"), path("/a"), path("/a/b")]);
        for bad in ["", "a", "//", "/a//b", "/a/../b", "/a\nb", "/1/2/3/4/5/6/7/8/9"] {
            assert!(bad.parse::<BranchPath>().is_err(), "{bad}");
        }
    }
}
