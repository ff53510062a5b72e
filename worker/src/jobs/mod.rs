//! The kinds of jobs: a file each, with its payload, its urgency, its cores and what it does.
//!
//! A kind fetches its inputs, lets a child process do what is heavy or untrusted, stores outputs under
//! keys of its own attempt, and returns what is to be committed. To add one, write its file and name it
//! in [`Kinds::standard`]; the database and the queue need no change.

mod announce_round;
mod archive;
mod attempt;
mod collect;
mod deliver;
mod digest;
mod expire_uploads;
mod export;
mod index;
mod ingest;
mod kind;
mod mail;
mod office;
mod post;
mod prune;
mod remind;
mod sample;
mod scratch;
mod seal_audit;
mod second_pass;
mod transcode;
mod transcribe;

use std::sync::Arc;

pub use attempt::Attempt;
pub use kind::JobKind;

use crate::WorkerConfig;

/// The kinds that a worker knows.
pub struct Kinds(Vec<Arc<dyn JobKind>>);

impl Kinds {
    /// Huibao's own.
    pub fn standard(config: &WorkerConfig) -> Self {
        Self(vec![
            Arc::new(ingest::Ingest),
            Arc::new(transcode::Transcode),
            Arc::new(transcribe::Transcribe::new(config.keep_model, config.scratch.clone())),
            Arc::new(archive::Archive),
            Arc::new(collect::Collect),
            Arc::new(expire_uploads::ExpireUploads),
            Arc::new(index::Index),
            Arc::new(prune::Prune),
            Arc::new(sample::TakeSample),
            Arc::new(seal_audit::SealAudit),
            Arc::new(second_pass::SecondPass),
            Arc::new(announce_round::AnnounceRound),
            Arc::new(remind::Remind),
            Arc::new(mail::SendMail),
            Arc::new(digest::Digest),
            Arc::new(post::PostToChannel),
            Arc::new(export::MakeExport),
        ])
    }

    /// Others, in their place: a benchmark of everything around them needs that.
    pub fn of(kinds: Vec<Arc<dyn JobKind>>) -> Self {
        Self(kinds)
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<dyn JobKind>] {
        &self.0
    }

    /// The kind with this name.
    pub fn get(&self, name: &str) -> Option<&dyn JobKind> {
        self.0.iter().find(|kind| kind.name() == name).map(|kind| &**kind)
    }
}
