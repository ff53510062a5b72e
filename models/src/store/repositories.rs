//! The way from a session to the repositories.

use super::jobs::Jobs;
use super::people::People;
use super::reports::Reports;
use super::sessions::Sessions;
use super::sign_in::SignIns;
use super::submissions::Submissions;
use super::tokens::Tokens;
use super::transcripts::Transcripts;
use super::unit::{Snapshot, UnitOfWork};
use super::uploads::Uploads;

macro_rules! repositories {
    ($session:ident) => {
        impl $session {
            /// Reports.
            pub fn reports(&mut self) -> Reports<'_, Self> {
                Reports(self)
            }

            /// People, and what they are.
            pub fn people(&mut self) -> People<'_, Self> {
                People(self)
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

            /// Jobs, as people look at them.
            pub fn jobs(&mut self) -> Jobs<'_, Self> {
                Jobs(self)
            }
        }
    };
}

repositories!(Snapshot);
repositories!(UnitOfWork);
