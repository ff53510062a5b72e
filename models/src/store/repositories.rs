//! The way from a session to the repositories.

use super::jobs::Jobs;
use super::reports::Reports;
use super::submissions::Submissions;
use super::transcripts::Transcripts;
use super::unit::{Snapshot, UnitOfWork};

macro_rules! repositories {
    ($session:ident) => {
        impl $session {
            /// Reports.
            pub fn reports(&mut self) -> Reports<'_, Self> {
                Reports(self)
            }

            /// Submissions and their files.
            pub fn submissions(&mut self) -> Submissions<'_, Self> {
                Submissions(self)
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
