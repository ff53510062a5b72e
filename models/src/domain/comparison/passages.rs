//! The passages of two texts that are compared.

use serde::{Deserialize, Serialize};

/// How a passage of one text stands to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// The same words are in both.
    Same,
    /// There are other words in its place.
    Otherwise,
    /// There is nothing in its place.
    Only,
    /// The same words are in both, but at another place.
    Moved,
}

/// A passage of the written report, at most a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenPassage {
    /// How it stands to what was said.
    pub agreement: Agreement,
    /// The text. All passages joined are the written report.
    pub text: String,
    /// From when to when it was said, in milliseconds from the start of the video; `None` if it was not.
    #[serde(rename = "said_ms", default, skip_serializing_if = "Option::is_none")]
    pub said: Option<(u64, u64)>,
}

/// A passage of a sentence of the transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidPassage {
    /// How it stands to what was written.
    pub agreement: Agreement,
    /// The text. All passages of a sentence joined are its text.
    pub text: String,
    /// Of a moved passage, where it is written: the index of the first passage of the written report that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<u32>,
}

/// A sentence of the transcript that is not in the written report as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaidSentence {
    /// The segment's id.
    pub segment: u32,
    /// Its passages.
    pub passages: Vec<SaidPassage>,
}

/// Two texts, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// The whole written report.
    pub written: Vec<WrittenPassage>,
    /// Of what was said, the sentences that differ.
    pub said: Vec<SaidSentence>,
}

impl Comparison {
    /// The number of the algorithm and of the shape. Whatever was stored under another one is made anew: it rises with
    /// every change of what [`compare`](super::compare) answers.
    pub const FORMAT: u32 = 1;
}
