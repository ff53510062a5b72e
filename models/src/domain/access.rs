//! Who may do what. Every route, list and stream asks here, and nothing else decides.

use super::branch::BranchPath;
use super::ids::PersonId;
use super::names::names;
use super::person::{Grant, Role};
use super::report::{Report, ReportState};
use super::scope::{Scope, Scopes};

/// Who asks, with everything that decides what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The person.
    pub person: PersonId,
    /// What they are, and where.
    pub grants: Vec<Grant>,
    /// Those whose contact person (培养联系人) they are.
    pub contacts: Vec<PersonId>,
    /// What the token in use is for; all scopes without one.
    pub scopes: Scopes,
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
    /// Comment on a report, or answer a comment.
    Comment,
    /// Correct the transcript of a report, and decide about it.
    Review,
    /// Change or remove what a comment says.
    EditComment,
    /// Settle a comment, or open it again.
    SettleComment,
    /// Agree to a report being shown as a good example.
    Consent,
    /// Show a report as a good example.
    PublishExample,
    /// Show it no longer.
    WithdrawExample,
    /// Read a report that is shown as a good example, without its review.
    SeeExample,
    /// Begin a report in a branch.
    Create,
    /// See who somebody is, and what they are.
    SeePerson,
    /// Add people to a branch, change what they are, disable them.
    ManagePeople,
    /// See a round.
    SeeRound,
    /// Open, change and close rounds, and see how everybody stands.
    ManageRound,
    /// Set what a branch asks its reviewers about reports.
    ManageRubric,
    /// See and repair jobs, workers and storage.
    ManageSystem,
}

names!(Action, "action", {
    Read = "read",
    Edit = "edit",
    HandIn = "hand_in",
    Comment = "comment",
    Review = "review",
    EditComment = "edit_comment",
    SettleComment = "settle_comment",
    Consent = "consent",
    PublishExample = "publish_example",
    WithdrawExample = "withdraw_example",
    SeeExample = "see_example",
    Create = "create",
    SeePerson = "see_person",
    ManagePeople = "manage_people",
    SeeRound = "see_round",
    ManageRound = "manage_round",
    ManageRubric = "manage_rubric",
    ManageSystem = "manage_system",
});

impl Action {
    /// The scope that a token needs for it.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Read | Self::SeeExample | Self::SeePerson | Self::SeeRound => Scope::Read,
            Self::Edit
            | Self::HandIn
            | Self::Create
            | Self::Consent
            | Self::WithdrawExample
            | Self::Comment
            | Self::EditComment
            | Self::SettleComment => Scope::Write,
            Self::Review | Self::PublishExample => Scope::Review,
            Self::ManagePeople | Self::ManageRound | Self::ManageRubric | Self::ManageSystem => {
                Scope::Manage
            }
        }
    }
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
    /// A comment on a report that the person may read.
    Comment {
        /// Who wrote it.
        writer: PersonId,
        /// Whether the author of the report sees it.
        shared: bool,
        /// Whose report it is.
        author: Option<PersonId>,
    },
    /// A report as a good example.
    Example {
        /// Whose it is.
        author: Option<PersonId>,
        /// The branch that shows it.
        branch: &'a BranchPath,
        /// Where the report is in its life cycle.
        state: ReportState,
        /// Whether it is shown, which its author has agreed to.
        published: bool,
    },
    /// A branch with its people.
    Branch(&'a BranchPath),
    /// Somebody with an account.
    Person {
        /// Who.
        id: PersonId,
        /// What they are, and where.
        grants: &'a [Grant],
    },
    /// A round of a branch.
    Round(&'a BranchPath),
    /// The installation.
    System,
}

impl<'a> From<&'a Report> for Resource<'a> {
    fn from(report: &'a Report) -> Self {
        Self::Report { author: report.author, branch: &report.branch, state: report.state }
    }
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
    let access = may_without_scope(who, action, what);
    // What a token is not for is refused, unless it must not even be known.
    if access == Access::Allowed && !who.scopes.has(action.scope()) {
        return Access::Refused;
    }
    access
}

fn may_without_scope(who: &Principal, action: Action, what: &Resource<'_>) -> Access {
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
                Action::Read
                | Action::Comment
                | Action::Review
                | Action::PublishExample
                | Action::WithdrawExample => Access::Allowed,
                _ => Access::Refused,
            }
        }
        Resource::Comment { writer, shared, author } => {
            let reviews = author != Some(who.person);
            match action {
                _ if !(reviews || shared) => Access::Hidden,
                Action::Read => Access::Allowed,
                Action::EditComment if writer == who.person => Access::Allowed,
                Action::SettleComment if reviews || writer == who.person => Access::Allowed,
                _ => Access::Refused,
            }
        }
        Resource::Example { author, branch, state, published } => {
            let shown = published && state == ReportState::Accepted;
            let theirs = author == Some(who.person)
                || who.belongs_to(branch)
                || who.is(Role::Reviewer, branch);
            match action {
                Action::SeeExample if shown && theirs => Access::Allowed,
                _ => Access::Hidden,
            }
        }
        Resource::Branch(branch) => match action {
            Action::Create if who.is(Role::Activist, branch) => Access::Allowed,
            Action::ManagePeople if who.is(Role::Operator, branch) => Access::Allowed,
            Action::SeePerson if who.oversees(branch) => Access::Allowed,
            Action::ManageRound | Action::ManageRubric if who.is(Role::Reviewer, branch) => {
                Access::Allowed
            }
            _ => Access::Refused,
        },
        Resource::Person { id, grants } => to_person(who, action, id, grants),
        Resource::Round(branch) => match action {
            Action::ManageRound if who.is(Role::Reviewer, branch) => Access::Allowed,
            Action::SeeRound if who.sees_round(branch) => Access::Allowed,
            _ if who.sees_round(branch) => Access::Refused,
            _ => Access::Hidden,
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
        Action::Read
        | Action::Edit
        | Action::HandIn
        | Action::Comment
        | Action::Consent
        | Action::WithdrawExample => Access::Allowed,
        // Nobody reviews themselves.
        Action::Review
        | Action::PublishExample
        | Action::SeeExample
        | Action::EditComment
        | Action::SettleComment
        | Action::Create
        | Action::SeePerson
        | Action::ManagePeople
        | Action::SeeRound
        | Action::ManageRound
        | Action::ManageRubric
        | Action::ManageSystem => Access::Refused,
    }
}

/// A person is managed by those who may manage everything that they are: an operator of one branch must not
/// get at the account of somebody who is more elsewhere.
fn to_person(who: &Principal, action: Action, id: PersonId, grants: &[Grant]) -> Access {
    let everywhere = who.is(Role::Operator, &BranchPath::root());
    let all =
        !grants.is_empty() && grants.iter().all(|grant| who.is(Role::Operator, &grant.branch));
    let seen = everywhere
        || id == who.person
        || who.contacts.contains(&id)
        || grants.iter().any(|grant| who.oversees(&grant.branch));
    match action {
        Action::ManagePeople if everywhere || all => Access::Allowed,
        Action::SeePerson if seen => Access::Allowed,
        _ if seen => Access::Refused,
        _ => Access::Hidden,
    }
}

impl Principal {
    /// Whether the person has a role in a branch.
    pub fn is(&self, role: Role, branch: &BranchPath) -> bool {
        self.grants.iter().any(|grant| grant.role == role && grant.branch.contains(branch))
    }

    /// Whether it is the person's business who is in a branch.
    pub fn oversees(&self, branch: &BranchPath) -> bool {
        self.is(Role::Reviewer, branch) || self.is(Role::Operator, branch)
    }

    /// Whether the person is something in a branch or below it.
    fn belongs_to(&self, branch: &BranchPath) -> bool {
        self.grants.iter().any(|grant| branch.contains(&grant.branch))
    }

    /// Whether a round of a branch is the person's business: they take part, or they look after the branch, one
    /// above or one below it.
    fn sees_round(&self, of: &BranchPath) -> bool {
        self.grants.iter().any(|grant| {
            of.contains(&grant.branch)
                || (grant.role != Role::Activist && grant.branch.contains(of))
        })
    }

    /// The branches, with all below them, in which the person has a role.
    pub fn branches(&self, role: Role) -> impl Iterator<Item = &BranchPath> {
        self.grants.iter().filter(move |grant| grant.role == role).map(|grant| &grant.branch)
    }

    /// The branches of a round whose people and reports are this person's to look through: all of it, or those
    /// within it that they review.
    pub fn reviewed_within(&self, round: &BranchPath) -> Vec<BranchPath> {
        if self.is(Role::Reviewer, round) {
            return vec![round.clone()];
        }
        let below: Vec<BranchPath> =
            self.branches(Role::Reviewer).filter(|own| round.contains(own)).cloned().collect();
        BranchPath::outermost(below)
    }

    /// Whether the person reviews each of some branches.
    pub fn reviews_all(&self, branches: &[BranchPath]) -> bool {
        branches.iter().all(|branch| self.is(Role::Reviewer, branch))
    }

    /// Which examples lists show: the same as those that [`may`] allows to [`Action::SeeExample`].
    pub fn example_scope(&self) -> ExampleScope {
        if !self.scopes.has(Scope::Read) {
            let nobody = PersonId::from(uuid::Uuid::nil());
            return ExampleScope { own: nobody, shown_to: vec![], reviewed: vec![] };
        }
        ExampleScope {
            own: self.person,
            shown_to: self.grants.iter().map(|grant| grant.branch.clone()).collect(),
            reviewed: self.branches(Role::Reviewer).cloned().collect(),
        }
    }

    /// Which reports lists show: the same as those that [`may`] allows to [`Action::Read`].
    pub fn scope(&self) -> ReportScope {
        // A token that is not for reading sees nothing: a list of no branch and of nobody.
        if !self.scopes.has(Scope::Read) {
            let nobody = PersonId::from(uuid::Uuid::nil());
            return ReportScope { own: nobody, contacts: vec![], branches: vec![] };
        }
        ReportScope {
            own: self.person,
            contacts: self.contacts.clone(),
            branches: self.branches(Role::Reviewer).cloned().collect(),
        }
    }
}

/// Which good examples somebody may see. The store makes a condition of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleScope {
    /// All of this author.
    pub own: PersonId,
    /// Those of these branches and of the branches above them.
    pub shown_to: Vec<BranchPath>,
    /// Those of these branches and of all below them.
    pub reviewed: Vec<BranchPath>,
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

/// Whose reports a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Whose {
    /// All that somebody may read.
    #[default]
    All,
    /// Their own.
    Own,
    /// Those of others.
    Others,
    /// Those of the people whose contact person they are.
    Contacts,
}

names!(Whose, "whose reports", {
    All = "all",
    Own = "own",
    Others = "others",
    Contacts = "contacts",
});

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(role: Role, branch: &str) -> Grant {
        Grant { role, branch: branch.parse().unwrap() }
    }

    fn with(grants: Vec<Grant>) -> Principal {
        Principal { person: PersonId::new(), grants, contacts: vec![], scopes: Scopes::all() }
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
    fn nobody_reviews_their_own_report() {
        let branch: BranchPath = "/a/b".parse().unwrap();
        let both = with(vec![grant(Role::Activist, "/a/b"), grant(Role::Reviewer, "/a")]);
        let own = report(both.person, &branch, ReportState::Submitted);
        assert_eq!(may(&both, Action::Review, &own), Access::Refused);
        assert_eq!(may(&both, Action::Comment, &own), Access::Allowed);
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
            assert_eq!(may(&who, Action::Review, &handed_in), access, "{who:?}");
            assert_eq!(may(&who, Action::Comment, &handed_in), access, "{who:?}");
            // Nobody but the author changes a report.
            assert_ne!(may(&who, Action::Edit, &handed_in), Access::Allowed);
            assert_ne!(may(&who, Action::HandIn, &handed_in), Access::Allowed);
        }
    }

    #[test]
    fn comments_are_their_writers_and_settled_by_both_sides() {
        let (author, reviewer) = (with(vec![]), with(vec![]));
        let comment = |writer: &Principal, shared| Resource::Comment {
            writer: writer.person,
            shared,
            author: Some(author.person),
        };
        let (theirs, private) = (comment(&reviewer, true), comment(&reviewer, false));
        for (who, what, action, access) in [
            (&author, &private, Action::Read, Access::Hidden),
            (&author, &private, Action::SettleComment, Access::Hidden),
            (&author, &theirs, Action::Read, Access::Allowed),
            (&author, &theirs, Action::EditComment, Access::Refused),
            (&author, &theirs, Action::SettleComment, Access::Refused),
            (&author, &comment(&author, true), Action::SettleComment, Access::Allowed),
            (&author, &comment(&author, true), Action::EditComment, Access::Allowed),
            (&reviewer, &comment(&author, true), Action::SettleComment, Access::Allowed),
            (&reviewer, &comment(&author, true), Action::EditComment, Access::Refused),
            (&reviewer, &private, Action::EditComment, Access::Allowed),
            (&reviewer, &theirs, Action::Review, Access::Refused),
        ] {
            assert_eq!(may(who, action, what), access, "{action} {what:?}");
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
    fn a_person_is_managed_by_who_manages_all_that_they_are() {
        let local = with(vec![grant(Role::Operator, "/a")]);
        let root = with(vec![grant(Role::Operator, "/")]);
        let reviewer = with(vec![grant(Role::Reviewer, "/a/b")]);
        let activist = with(vec![grant(Role::Activist, "/a/b")]);
        let id = PersonId::new();
        for (grants, who, see, manage) in [
            (vec![grant(Role::Activist, "/a/b")], &local, Access::Allowed, Access::Allowed),
            (vec![grant(Role::Activist, "/a/b")], &reviewer, Access::Allowed, Access::Refused),
            (vec![grant(Role::Activist, "/a/b")], &activist, Access::Hidden, Access::Hidden),
            (vec![grant(Role::Activist, "/b")], &local, Access::Hidden, Access::Hidden),
            // Who is more elsewhere is not theirs.
            (
                vec![grant(Role::Activist, "/a/b"), grant(Role::Operator, "/")],
                &local,
                Access::Allowed,
                Access::Refused,
            ),
            (vec![], &local, Access::Hidden, Access::Hidden),
            (vec![], &root, Access::Allowed, Access::Allowed),
        ] {
            let what = Resource::Person { id, grants: &grants };
            assert_eq!(may(who, Action::SeePerson, &what), see, "{grants:?} {who:?}");
            assert_eq!(may(who, Action::ManagePeople, &what), manage, "{grants:?} {who:?}");
        }
        let own = Resource::Person { id: activist.person, grants: &activist.grants };
        assert_eq!(may(&activist, Action::SeePerson, &own), Access::Allowed);
        assert_eq!(may(&activist, Action::ManagePeople, &own), Access::Refused);
    }

    #[test]
    fn a_round_is_seen_from_below_and_above_and_managed_by_reviewers() {
        let branch: BranchPath = "/a/b".parse().unwrap();
        let round = Resource::Round(&branch);
        for (role, of, see, manage) in [
            (Role::Activist, "/a/b", Access::Allowed, Access::Refused),
            (Role::Activist, "/a/b/c", Access::Allowed, Access::Refused),
            (Role::Activist, "/a", Access::Hidden, Access::Hidden),
            (Role::Reviewer, "/a", Access::Allowed, Access::Allowed),
            (Role::Reviewer, "/a/b/c", Access::Allowed, Access::Refused),
            (Role::Reviewer, "/b", Access::Hidden, Access::Hidden),
            (Role::Operator, "/", Access::Allowed, Access::Refused),
        ] {
            let who = with(vec![grant(role, of)]);
            assert_eq!(may(&who, Action::SeeRound, &round), see, "{role} {of}");
            assert_eq!(may(&who, Action::ManageRound, &round), manage, "{role} {of}");
        }
    }

    #[test]
    fn a_token_reaches_no_further_than_its_scopes() {
        let branch: BranchPath = "/a".parse().unwrap();
        let mut who = with(vec![grant(Role::Activist, "/a"), grant(Role::Operator, "/")]);
        who.scopes = Scopes::of(&[Scope::Read]);
        let own = report(who.person, &branch, ReportState::Draft);
        assert_eq!(may(&who, Action::Read, &own), Access::Allowed);
        assert_eq!(may(&who, Action::Edit, &own), Access::Refused);
        assert_eq!(may(&who, Action::Create, &Resource::Branch(&branch)), Access::Refused);
        assert_eq!(may(&who, Action::ManageSystem, &Resource::System), Access::Refused);
        who.scopes = Scopes::of(&[Scope::Write]);
        assert_eq!(may(&who, Action::Read, &own), Access::Refused);
        assert_ne!(who.scope().own, who.person);
        // What is hidden stays hidden.
        let other = report(PersonId::new(), &branch, ReportState::Draft);
        assert_eq!(may(&who, Action::Edit, &other), Access::Hidden);
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

    #[test]
    fn an_example_is_for_those_of_its_branch_as_long_as_it_is_shown() {
        let branch: BranchPath = "/a/b".parse().unwrap();
        let author = with(vec![]);
        let example = |state, published| Resource::Example {
            author: Some(author.person),
            branch: &branch,
            state,
            published,
        };
        let shown = example(ReportState::Accepted, true);
        for (role, of, access) in [
            (Role::Activist, "/a/b", Access::Allowed),
            (Role::Activist, "/a/b/c", Access::Allowed),
            (Role::Operator, "/a/b", Access::Allowed),
            (Role::Reviewer, "/a", Access::Allowed),
            (Role::Activist, "/a", Access::Hidden),
            (Role::Activist, "/a/bb", Access::Hidden),
            (Role::Operator, "/", Access::Hidden),
        ] {
            let who = with(vec![grant(role, of)]);
            assert_eq!(may(&who, Action::SeeExample, &shown), access, "{role} {of}");
            for hidden in [
                example(ReportState::Accepted, false),
                example(ReportState::InReview, true),
                example(ReportState::Returned, true),
            ] {
                assert_eq!(may(&who, Action::SeeExample, &hidden), Access::Hidden);
            }
            assert_ne!(may(&who, Action::Read, &shown), Access::Allowed, "its review is not shown");
        }
        assert_eq!(may(&author, Action::SeeExample, &shown), Access::Allowed);
    }

    #[test]
    fn authors_consent_and_reviewers_publish() {
        let branch: BranchPath = "/a".parse().unwrap();
        let (author, reviewer) = (with(vec![]), with(vec![grant(Role::Reviewer, "/a")]));
        let accepted = report(author.person, &branch, ReportState::Accepted);
        for (action, own, theirs) in [
            (Action::Consent, Access::Allowed, Access::Refused),
            (Action::PublishExample, Access::Refused, Access::Allowed),
            (Action::WithdrawExample, Access::Allowed, Access::Allowed),
        ] {
            assert_eq!(may(&author, action, &accepted), own, "{action}");
            assert_eq!(may(&reviewer, action, &accepted), theirs, "{action}");
        }
    }

    #[test]
    fn a_rubric_is_set_by_those_who_review_its_branch() {
        let branch: BranchPath = "/a/b".parse().unwrap();
        for (role, of, access) in [
            (Role::Reviewer, "/a/b", Access::Allowed),
            (Role::Reviewer, "/", Access::Allowed),
            (Role::Reviewer, "/a/b/c", Access::Refused),
            (Role::Activist, "/a/b", Access::Refused),
            (Role::Operator, "/", Access::Refused),
        ] {
            let who = with(vec![grant(role, of)]);
            let asked = may(&who, Action::ManageRubric, &Resource::Branch(&branch));
            assert_eq!(asked, access, "{role} {of}");
        }
    }

    #[test]
    fn a_round_is_looked_through_where_one_reviews() {
        let of = |text: &str| text.parse::<BranchPath>().unwrap();
        let two = [grant(Role::Reviewer, "/a/c"), grant(Role::Reviewer, "/a/b")];
        for (grants, expected) in [
            (vec![grant(Role::Reviewer, "/")], vec![of("/a")]),
            (two.to_vec(), vec![of("/a/b"), of("/a/c")]),
            (
                vec![grant(Role::Reviewer, "/a/b"), grant(Role::Reviewer, "/a/b/d")],
                vec![of("/a/b")],
            ),
            (vec![grant(Role::Activist, "/a"), grant(Role::Operator, "/")], vec![]),
            (vec![grant(Role::Reviewer, "/b")], vec![]),
        ] {
            let who = with(grants);
            assert_eq!(who.reviewed_within(&of("/a")), expected, "{who:?}");
            assert!(who.reviews_all(&expected));
            assert!(!who.reviews_all(&[of("/x")]) || who.is(Role::Reviewer, &of("/")));
        }
    }
}
