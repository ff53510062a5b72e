#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! | Module | Contents |
//! | --- | --- |
//! | [`normalise`] | traditional to simplified characters, full-width punctuation |
//! | [`units`] | a text as characters and words that can be timed |
//! | [`punctuation`] | whether a sentence or a phrase ends at a word |
//! | [`numerals`] | numbers in characters (`二零二四`) as digits, by GB/T 15835 |
//! | [`readings`] | how characters are pronounced (pinyin), and which sounds are confused |
//! | [`alignment`] | lays what was heard beside a written text, by sound (dynamic programming) |
//! | [`characters`] | a recognised character with its probability, as the correctors below take it |
//! | [`terms`] | corrects homophones of given terms, such as names |
//! | [`lexicon`] | 100 000 words with frequencies, indexed by pronunciation |
//! | [`segmentation`] | the words that a text consists of, by the same model |
//! | [`homophones`] | corrects homophones by the lexicon's unigram model (Viterbi) |

pub mod alignment;
pub mod characters;
pub mod homophones;
pub mod lexicon;
pub mod normalise;
pub mod numerals;
pub mod punctuation;
pub mod readings;
pub mod segmentation;
pub mod terms;
pub mod units;
