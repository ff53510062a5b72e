//! Typed ids, so that the id of a report is not passed for that of a submission. All are version 7
//! UUIDs: they sort by time of creation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(
                Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            )]
            #[serde(transparent)]
            pub struct $name(Uuid);

            impl $name {
                /// A new id, later than all before.
                #[expect(clippy::new_without_default, reason = "each call gives another id")]
                pub fn new() -> Self {
                    Self(Uuid::now_v7())
                }

                /// The UUID.
                pub const fn uuid(self) -> Uuid {
                    self.0
                }
            }

            impl From<Uuid> for $name {
                fn from(id: Uuid) -> Self {
                    Self(id)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.fmt(f)
                }
            }

            impl FromStr for $name {
                type Err = uuid::Error;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    text.parse().map(Self)
                }
            }
        )+
    };
}

ids! {
    /// Of a report: what a person owes and hands in.
    ReportId;
    /// Of a submission: one handed-in version of a report.
    SubmissionId;
    /// Of a job.
    JobId;
    /// Of a notice: what somebody is told.
    NoticeId;
    /// Of a round: what a branch asks for.
    RoundId;
    /// Of a version of a transcript.
    TranscriptId;
    /// Of a decision about a report.
    DecisionId;
    /// Of a comment on a report.
    CommentId;
    /// Of a question to reviewers.
    QuestionId;
    /// Of a person.
    PersonId;
    /// Of a personal access token.
    TokenId;
    /// Of a session: a browser in which a person is signed in.
    SessionId;
    /// Of an export: a file that somebody takes out of the system.
    ExportId;
}
