//! The audit log: who saw or changed what and when, and what was refused.
//!
//! Entries are written in the unit of work of the change that they tell of. Soon after, they join a chain in
//! which each hash covers an entry and the hash before it, so that none can be changed, removed or put in
//! between unless all later hashes change too. Signed heads of the chain ([checkpoints](crate::checkpoint))
//! can be kept by others, who then notice that.

use std::fmt;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::branch::BranchPath;
use super::export::ExportSubject;
use super::ids::{JobId, PersonId, ReportId, RoundId, TokenId};
use super::names::names;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// Somebody signed in.
    SignedIn,
    /// A sign-in failed: the subject is the person whose name was given, if there is one.
    SignInFailed,
    /// Somebody signed out, or ended a session of theirs.
    SignedOut,
    /// A password was changed.
    PasswordChanged,
    /// A personal access token was made.
    TokenCreated,
    /// A personal access token was removed.
    TokenRemoved,
    /// An account was added.
    PersonAdded,
    /// What is known of a person was changed.
    PersonChanged,
    /// An account was disabled.
    PersonDisabled,
    /// An account was enabled again.
    PersonEnabled,
    /// A person was made something in a branch.
    Granted,
    /// A person is no longer something in a branch.
    Revoked,
    /// A person was made the contact person of another.
    ContactAdded,
    /// A person is no longer the contact person of another.
    ContactRemoved,
    /// A roster was taken over.
    RosterImported,
    /// The people of a branch were exported.
    PeopleExported,
    /// A report was begun.
    ReportCreated,
    /// A report was handed in.
    ReportHandedIn,
    /// A report was taken back.
    ReportWithdrawn,
    /// A reviewer has begun to work on a report.
    ReviewBegun,
    /// A transcript was corrected.
    TranscriptCorrected,
    /// A report was accepted, returned, or opened again.
    ReportDecided,
    /// Something was said about a report.
    CommentAdded,
    /// A comment was changed.
    CommentChanged,
    /// A comment was settled.
    CommentResolved,
    /// A settled comment was opened again.
    CommentReopened,
    /// A comment was removed.
    CommentRemoved,
    /// A branch changed what it asks its reviewers.
    RubricChanged,
    /// A reviewer answered a question of the rubric, or changed the answer.
    QuestionAnswered,
    /// An author agreed to their report being shown as an example.
    ExampleConsented,
    /// An author took that back.
    ExampleRefused,
    /// A reviewer showed a report as an example.
    ExamplePublished,
    /// An example was withdrawn.
    ExampleWithdrawn,
    /// A draft was thrown away.
    ReportDiscarded,
    /// Somebody other than the author looked at a report.
    ReportViewed,
    /// Somebody other than the author fetched a file of a report.
    FileFetched,
    /// Somebody was shown sentences of reports of others that have words they looked for.
    Searched,
    /// Somebody asked for an export of a report or a round.
    ExportRequested,
    /// A report was put into an export that somebody asked for.
    ReportExported,
    /// Somebody fetched the file of an export.
    ExportFetched,
    /// A round was opened.
    RoundOpened,
    /// A round was changed.
    RoundChanged,
    /// A round was closed.
    RoundClosed,
    /// Those who owe a report for a round were reminded.
    RoundReminded,
    /// Another rule was made for one person in a round.
    ExceptionMade,
    /// A channel for notices was added.
    ChannelAdded,
    /// A channel for notices was removed.
    ChannelRemoved,
    /// A dead job was queued again.
    JobRetried,
    /// A dead job was discarded.
    JobDiscarded,
    /// A worker was told to take no further jobs.
    WorkerPaused,
    /// A worker was told to go on.
    WorkerResumed,
    /// The audit log was exported.
    AuditExported,
    /// Something was refused.
    Refused,
}

names!(AuditAction, "audited action", {
    SignedIn = "signed_in",
    SignInFailed = "sign_in_failed",
    SignedOut = "signed_out",
    PasswordChanged = "password_changed",
    TokenCreated = "token_created",
    TokenRemoved = "token_removed",
    PersonAdded = "person_added",
    PersonChanged = "person_changed",
    PersonDisabled = "person_disabled",
    PersonEnabled = "person_enabled",
    Granted = "granted",
    Revoked = "revoked",
    ContactAdded = "contact_added",
    ContactRemoved = "contact_removed",
    RosterImported = "roster_imported",
    PeopleExported = "people_exported",
    ReportCreated = "report_created",
    ReportHandedIn = "report_handed_in",
    ReportWithdrawn = "report_withdrawn",
    ReviewBegun = "review_begun",
    TranscriptCorrected = "transcript_corrected",
    ReportDecided = "report_decided",
    CommentAdded = "comment_added",
    CommentChanged = "comment_changed",
    CommentResolved = "comment_resolved",
    CommentReopened = "comment_reopened",
    CommentRemoved = "comment_removed",
    RubricChanged = "rubric_changed",
    QuestionAnswered = "question_answered",
    ExampleConsented = "example_consented",
    ExampleRefused = "example_refused",
    ExamplePublished = "example_published",
    ExampleWithdrawn = "example_withdrawn",
    ReportDiscarded = "report_discarded",
    ReportViewed = "report_viewed",
    FileFetched = "file_fetched",
    Searched = "searched",
    ExportRequested = "export_requested",
    ReportExported = "report_exported",
    ExportFetched = "export_fetched",
    RoundOpened = "round_opened",
    RoundChanged = "round_changed",
    RoundClosed = "round_closed",
    RoundReminded = "round_reminded",
    ExceptionMade = "exception_made",
    ChannelAdded = "channel_added",
    ChannelRemoved = "channel_removed",
    JobRetried = "job_retried",
    JobDiscarded = "job_discarded",
    WorkerPaused = "worker_paused",
    WorkerResumed = "worker_resumed",
    AuditExported = "audit_exported",
    Refused = "refused",
});

/// What something was done to, as text: `report:…`, `person:…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject(String);

impl Subject {
    /// The installation as a whole.
    pub fn system() -> Self {
        Self("system".to_owned())
    }

    /// A branch.
    pub fn branch(path: &BranchPath) -> Self {
        Self(format!("branch:{path}"))
    }

    /// A channel for notices.
    pub fn channel(id: Uuid) -> Self {
        Self(format!("channel:{id}"))
    }

    /// What a row holds.
    pub const fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! subjects {
    ($($id:ident = $name:literal),+) => {
        $(
            impl From<$id> for Subject {
                fn from(id: $id) -> Self {
                    Self(format!(concat!($name, ":{}"), id))
                }
            }
        )+
    };
}

subjects!(
    ReportId = "report",
    PersonId = "person",
    TokenId = "token",
    RoundId = "round",
    JobId = "job"
);

impl From<ExportSubject> for Subject {
    fn from(subject: ExportSubject) -> Self {
        match subject {
            ExportSubject::Report(id) => id.into(),
            ExportSubject::Round(id) => id.into(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The id.
    pub id: Uuid,
    /// When, to a microsecond.
    pub at: DateTime<Utc>,
    /// Who, as the text of an [`Actor`](super::actor::Actor).
    pub actor: String,
    /// The person behind it, where there is one.
    pub person: Option<PersonId>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
    /// What was done. A name, so that entries of later versions can be verified, too.
    pub action: String,
    /// To what.
    pub subject: Subject,
    /// Everything else, as JSON.
    pub detail: String,
}

/// What an entry adds to the chain: SHA-256 over the hash before it and the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// Before the first entry.
    pub const GENESIS: Self = Self([0; 32]);

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes the bytes back from the database; `None` if they are no hash.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The hash that follows when an entry is added.
    ///
    /// The entry is covered as a JSON array of its id, its time in microseconds since 1970, and its other
    /// fields in the order of [`AuditEntry`]: whoever has an export can compute it.
    #[must_use]
    pub fn followed_by(&self, entry: &AuditEntry) -> Self {
        let mut sha = Sha256::new();
        sha.update(self.0);
        sha.update(canonical(entry).as_bytes());
        Self(sha.finalize().into())
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn canonical(entry: &AuditEntry) -> String {
    serde_json::json!([
        entry.id,
        entry.at.timestamp_micros(),
        entry.actor,
        entry.person,
        entry.address,
        entry.action,
        entry.subject.as_str(),
        entry.detail,
    ])
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            id: Uuid::from_u128(7),
            at: DateTime::from_timestamp_micros(1_790_000_000_123_456).unwrap(),
            actor: "system".into(),
            person: None,
            address: Some("192.0.2.1".parse().unwrap()),
            action: "report_viewed".into(),
            subject: Subject::system(),
            detail: r#"{"a":1}"#.into(),
        }
    }

    #[test]
    fn what_is_hashed_is_written_down() {
        // If this changes, no log that was ever written verifies any more.
        assert_eq!(
            canonical(&entry()),
            r#"["00000000-0000-0000-0000-000000000007",1790000000123456,"system",null,"192.0.2.1","report_viewed","system","{\"a\":1}"]"#
        );
    }

    #[test]
    fn every_field_counts() {
        let before = ChainHash::GENESIS;
        let hash = before.followed_by(&entry());
        let changes: [fn(&mut AuditEntry); 8] = [
            |e| e.id = Uuid::from_u128(8),
            |e| e.at += chrono::TimeDelta::microseconds(1),
            |e| e.actor = "person".into(),
            |e| e.person = Some(PersonId::new()),
            |e| e.address = None,
            |e| e.action = "granted".into(),
            |e| e.subject = PersonId::new().into(),
            |e| e.detail = "{}".into(),
        ];
        for change in changes {
            let mut other = entry();
            change(&mut other);
            assert_ne!(before.followed_by(&other), hash, "{other:?}");
        }
        assert_ne!(hash.followed_by(&entry()), hash);
    }

    #[test]
    fn a_hash_reads_back() {
        let hash = ChainHash::GENESIS.followed_by(&entry());
        assert_eq!(ChainHash::from_bytes(hash.as_bytes()), Some(hash));
        assert_eq!(ChainHash::from_bytes(&[0; 31]), None);
        assert_eq!(hash.to_string().len(), 64);
    }
}
