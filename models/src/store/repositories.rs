//! The way from a session to the repositories.

use super::audit::Audit;
use super::channels::Channels;
use super::comments::Comments;
use super::examples::Examples;
use super::exports::Exports;
use super::idempotency::IdempotencyKeys;
use super::identities::Identities;
use super::jobs::Jobs;
use super::notices::Notices;
use super::people::People;
use super::reports::Reports;
use super::reviews::Reviews;
use super::rounds::Rounds;
use super::rubrics::Rubrics;
use super::samples::Samples;
use super::search::Search;
use super::sessions::Sessions;
use super::sign_in::SignIns;
use super::submissions::Submissions;
use super::tokens::Tokens;
use super::transcripts::Transcripts;
use super::unit::{Snapshot, UnitOfWork};
use super::uploads::Uploads;
use super::workers::Workers;

macro_rules! repositories {
    ($session:ident) => {
        impl $session {
            /// Reports.
            pub fn reports(&mut self) -> Reports<'_, Self> {
                Reports(self)
            }

            /// What reviewers do with reports.
            pub fn reviews(&mut self) -> Reviews<'_, Self> {
                Reviews(self)
            }

            /// What is said about reports.
            pub fn comments(&mut self) -> Comments<'_, Self> {
                Comments(self)
            }

            /// People, and what they are.
            pub fn people(&mut self) -> People<'_, Self> {
                People(self)
            }

            /// What identity providers call people.
            pub fn identities(&mut self) -> Identities<'_, Self> {
                Identities(self)
            }

            /// What people are told.
            pub fn notices(&mut self) -> Notices<'_, Self> {
                Notices(self)
            }

            /// Where notices go besides people.
            pub fn channels(&mut self) -> Channels<'_, Self> {
                Channels(self)
            }

            /// Rounds.
            pub fn rounds(&mut self) -> Rounds<'_, Self> {
                Rounds(self)
            }

            /// What branches ask their reviewers.
            pub fn rubrics(&mut self) -> Rubrics<'_, Self> {
                Rubrics(self)
            }

            /// What the system has measured of itself.
            pub fn samples(&mut self) -> Samples<'_, Self> {
                Samples(self)
            }

            /// The search index.
            pub fn search(&mut self) -> Search<'_, Self> {
                Search(self)
            }

            /// Good examples.
            pub fn examples(&mut self) -> Examples<'_, Self> {
                Examples(self)
            }

            /// Exports.
            pub fn exports(&mut self) -> Exports<'_, Self> {
                Exports(self)
            }

            /// The audit log.
            pub fn audit(&mut self) -> Audit<'_, Self> {
                Audit(self)
            }

            /// Where people are signed in.
            pub fn sessions(&mut self) -> Sessions<'_, Self> {
                Sessions(self)
            }

            /// Personal access tokens.
            pub fn tokens(&mut self) -> Tokens<'_, Self> {
                Tokens(self)
            }

            /// Failed sign-ins, and the link for the first operator.
            pub fn sign_ins(&mut self) -> SignIns<'_, Self> {
                SignIns(self)
            }

            /// Submissions and their files.
            pub fn submissions(&mut self) -> Submissions<'_, Self> {
                Submissions(self)
            }

            /// Uploads of drafts.
            pub fn uploads(&mut self) -> Uploads<'_, Self> {
                Uploads(self)
            }

            /// Versions of transcripts.
            pub fn transcripts(&mut self) -> Transcripts<'_, Self> {
                Transcripts(self)
            }

            /// Workers.
            pub fn workers(&mut self) -> Workers<'_, Self> {
                Workers(self)
            }

            /// Jobs, as people look at them.
            pub fn jobs(&mut self) -> Jobs<'_, Self> {
                Jobs(self)
            }
        }
    };
}

impl UnitOfWork {
    /// Answers to requests that may come again.
    pub fn idempotency_keys(&mut self) -> IdempotencyKeys<'_> {
        IdempotencyKeys(self)
    }
}

repositories!(Snapshot);
repositories!(UnitOfWork);
