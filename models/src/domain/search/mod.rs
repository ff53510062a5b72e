//! Search: which texts of a report can be found, by which terms an index knows them, and where words stand in them.
//!
//! The tokenizers of both databases glue Chinese characters together. So the terms are made here, the same for either:
//! single characters and overlapping pairs of them, and whole words of other scripts. An index tells which reports may
//! have a word; whether and where they do is decided here, so both databases give the same answers.

mod runs;
mod words;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::runs::{Run, runs};
use super::names::names;
use super::transcript::Transcript;

pub use words::{Excerpt, Part, Words};

/// Where a text of a report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextSource {
    /// Its title, and who speaks.
    About,
    /// What was said.
    Spoken,
    /// The written report.
    Written,
}

names!(TextSource, "source of a text", {
    About = "about",
    Spoken = "spoken",
    Written = "written",
});

/// A sentence, a paragraph or a title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Where it comes from.
    #[serde(rename = "s")]
    pub source: TextSource,
    /// When it is said, in milliseconds from the start of the video.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<u64>,
    /// The text.
    #[serde(rename = "x")]
    pub text: String,
}

impl Passage {
    fn new(source: TextSource, start_ms: Option<u64>, text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self { source, start_ms, text: text.to_owned() })
    }
}

/// All texts of a report, as readers see them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchText(Vec<Passage>);

/// The terms of a report take at most so many bytes: a `tsvector` of PostgreSQL has less than 1 MiB, with a few bytes
/// for each term. Two hours of speech take half of it.
const TERM_BYTES: usize = 600_000;

/// What a term takes in a `tsvector` besides its own bytes, at most: an entry and its alignment.
const TERM_OVERHEAD: usize = 6;

impl SearchText {
    /// The texts of a report: its title and names, what was said, and what was written.
    pub fn new(about: &[&str], spoken: Option<&Transcript>, written: &str) -> Self {
        let about = about.iter().filter_map(|text| Passage::new(TextSource::About, None, text));
        let segments = spoken.map_or(&[][..], |transcript| &transcript.segments);
        let spoken = segments.iter().filter_map(|segment| {
            Passage::new(TextSource::Spoken, Some(segment.start_ms), &segment.text)
        });
        let written =
            written.lines().filter_map(|line| Passage::new(TextSource::Written, None, line));
        Self(about.chain(spoken).chain(written).collect())
    }

    /// Its passages: titles and names, then what was said, then what was written, each in order.
    pub fn passages(&self) -> &[Passage] {
        &self.0
    }

    /// What an index has to know of it. Of a text that is longer than any report, the beginning.
    pub fn terms(&self) -> BTreeSet<String> {
        let (mut terms, mut bytes) = (BTreeSet::new(), 0);
        for passage in &self.0 {
            for term in runs(&passage.text).iter().flat_map(Run::terms_of_text) {
                let size = term.len() + TERM_OVERHEAD;
                if bytes + size > TERM_BYTES {
                    return terms;
                }
                if terms.insert(term) {
                    bytes += size;
                }
            }
        }
        terms
    }
}
