//! Who may do what. Every route, list and stream asks here, and nothing else decides.

use super::branch::BranchPath;
use super::ids::PersonId;
use super::person::{Grant, Role};
use super::report::ReportState;

/// Who asks, with everything that decides what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The person.
    pub person: PersonId,
    /// What they are, and where.
    pub grants: Vec<Grant>,
    /// Those whose contact person (培养联系人) they are.
    pub contacts: Vec<PersonId>,
}

/// What somebody would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read a report with its files and transcripts.
    Read,
    /// Change a draft, or upload its files.
    Edit,
    /// Hand a report in, or take it back.
    HandIn,
    /// Begin a report in a branch.
    Create,
    /// Add people to a branch, change what they are, disable them.
    ManagePeople,
    /// See and repair jobs, workers and storage.
    ManageSystem,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Edit,
        Self::HandIn,
        Self::Create,
        Self::ManagePeople,
        Self::ManageSystem,
    ];
}

/// What it would be done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A report.
    Report {
        /// Whose it is; `None` for one from before there were accounts.
        author: Option<PersonId>,
        /// The branch that it was handed in to.
        branch: &'a BranchPath,
        /// Where it is in its life cycle.
        state: ReportState,
    },
    /// A branch with its people.
    Branch(&'a BranchPath),
    /// The installation.
    System,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Yes.
    Allowed,
    /// No, and it must look as if there was no such thing.
    Hidden,
    /// No, though the person may know of the thing.
    Refused,
}

/// Whether somebody may do something.
pub fn may(who: &Principal, action: Action, what: &Resource<'_>) -> Access {
    match *what {
        Resource::Report { author, branch, state } => {
            if author == Some(who.person) {
                return to_own_report(action);
            }
            let contact = author.is_some_and(|author| who.contacts.contains(&author));
            // What is not handed in, or was taken back, is its author's alone.
            let open = !matches!(state, ReportState::Draft | ReportState::Withdrawn);
            if !open || !(contact || who.is(Role::Reviewer, branch)) {
                return Access::Hidden;
            }
            match action {
                Action::Read => Access::Allowed,
                _ => Access::Refused,
            }
        }
        Resource::Branch(branch) => match action {
            Action::Create if who.is(Role::Activist, branch) => Access::Allowed,
            Action::ManagePeople if who.is(Role::Operator, branch) => Access::Allowed,
            _ => Access::Refused,
        },
        Resource::System => match action {
            Action::ManageSystem if who.is(Role::Operator, &BranchPath::root()) => Access::Allowed,
            _ => Access::Refused,
        },
    }
}

/// What authors may do. Whether a report can be changed or handed in now, its life cycle decides.
const fn to_own_report(action: Action) -> Access {
    match action {
        Action::Read | Action::Edit | Action::HandIn => Access::Allowed,
        Action::Create | Action::ManagePeople | Action::ManageSystem => Access::Refused,
    }
}

impl Principal {
    /// Whether the person has a role in a branch.
    pub fn is(&self, role: Role, branch: &BranchPath) -> bool {
        self.grants.iter().any(|grant| grant.role == role && grant.branch.contains(branch))
    }

    /// The branches, with all below them, in which the person has a role.
    pub fn branches(&self, role: Role) -> impl Iterator<Item = &BranchPath> {
        self.grants.iter().filter(move |grant| grant.role == role).map(|grant| &grant.branch)
    }

    /// Which reports lists show: the same as those that [`may`] allows to [`Action::Read`].
    pub fn scope(&self) -> ReportScope {
        ReportScope {
            own: self.person,
            contacts: self.contacts.clone(),
            branches: self.branches(Role::Reviewer).cloned().collect(),
        }
    }
}

/// Which reports somebody may read. The store makes a condition of it, so that a list never loads what it
/// would then have to hide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportScope {
    /// All reports of this author.
    pub own: PersonId,
    /// Those of these authors that are handed in.
    pub contacts: Vec<PersonId>,
    /// Those of these branches, and all below them, that are handed in.
    pub branches: Vec<BranchPath>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(role: Role, branch: &str) -> Grant {
        Grant { role, branch: branch.parse().unwrap() }
    }

    fn with(grants: Vec<Grant>) -> Principal {
        Principal { person: PersonId::new(), grants, contacts: vec![] }
    }

    fn report(author: PersonId, branch: &BranchPath, state: ReportState) -> Resource<'_> {
        Resource::Report { author: Some(author), branch, state }
    }

    #[test]
    fn drafts_are_their_authors_alone() {
        let branch: BranchPath = "/a/b".parse().unwrap();
        let author = with(vec![grant(Role::Activist, "/a/b")]);
        let reviewer = with(vec![grant(Role::Reviewer, "/")]);
        for state in [ReportState::Draft, ReportState::Withdrawn] {
            let draft = report(author.person, &branch, state);
            assert_eq!(may(&author, Action::Read, &draft), Access::Allowed);
            assert_eq!(may(&reviewer, Action::Read, &draft), Access::Hidden, "{state}");
        }
    }

    #[test]
    fn reviewers_read_their_branch_and_what_is_below_it() {
        let branch: BranchPath = "/a/b".parse().unwrap();
        let handed_in = report(PersonId::new(), &branch, ReportState::Submitted);
        for (grants, access) in [
            (vec![grant(Role::Reviewer, "/a/b")], Access::Allowed),
            (vec![grant(Role::Reviewer, "/a")], Access::Allowed),
            (vec![grant(Role::Reviewer, "/")], Access::Allowed),
            (vec![grant(Role::Reviewer, "/a/b/c")], Access::Hidden),
            (vec![grant(Role::Reviewer, "/b")], Access::Hidden),
            (vec![grant(Role::Operator, "/")], Access::Hidden),
            (vec![grant(Role::Activist, "/a/b")], Access::Hidden),
            (vec![], Access::Hidden),
        ] {
            let who = with(grants);
            assert_eq!(may(&who, Action::Read, &handed_in), access, "{who:?}");
            // Nobody but the author changes a report.
            assert_ne!(may(&who, Action::Edit, &handed_in), Access::Allowed);
            assert_ne!(may(&who, Action::HandIn, &handed_in), Access::Allowed);
        }
    }

    #[test]
    fn a_contact_person_reads_reports_of_any_branch() {
        let (branch, activist) = ("/a/b".parse().unwrap(), PersonId::new());
        let who = Principal { contacts: vec![activist], ..with(vec![]) };
        let theirs = report(activist, &branch, ReportState::Submitted);
        assert_eq!(may(&who, Action::Read, &theirs), Access::Allowed);
        let other = report(PersonId::new(), &branch, ReportState::Submitted);
        assert_eq!(may(&who, Action::Read, &other), Access::Hidden);
        let draft = report(activist, &branch, ReportState::Draft);
        assert_eq!(may(&who, Action::Read, &draft), Access::Hidden);
    }

    #[test]
    fn roles_do_what_their_names_say() {
        let branch: BranchPath = "/a".parse().unwrap();
        let activist = with(vec![grant(Role::Activist, "/a")]);
        let operator = with(vec![grant(Role::Operator, "/")]);
        let local = with(vec![grant(Role::Operator, "/a")]);
        let here = Resource::Branch(&branch);
        assert_eq!(may(&activist, Action::Create, &here), Access::Allowed);
        assert_eq!(may(&operator, Action::Create, &here), Access::Refused);
        assert_eq!(may(&operator, Action::ManagePeople, &here), Access::Allowed);
        assert_eq!(may(&local, Action::ManagePeople, &here), Access::Allowed);
        assert_eq!(
            may(&local, Action::ManagePeople, &Resource::Branch(&"/b".parse().unwrap())),
            Access::Refused
        );
        assert_eq!(may(&operator, Action::ManageSystem, &Resource::System), Access::Allowed);
        assert_eq!(may(&local, Action::ManageSystem, &Resource::System), Access::Refused);
        assert_eq!(may(&activist, Action::ManageSystem, &Resource::System), Access::Refused);
    }
}
