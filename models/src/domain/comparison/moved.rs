//! Passages that are in both texts, but in another order.

use std::collections::HashMap;
use std::ops::Range;

use super::blocks::Block;
use super::tokens::Tokens;

/// A passage that was moved has as many tokens and is made of whole clauses in one of the texts. In Chinese, that is
/// about three words, the least that Wikipedia's wikEd diff takes for moved.
const SHORTEST: usize = 6;

/// As many tokens need not be whole clauses: names of doctrines and the like, which are in every report, are shorter
/// mostly.
const SURE: usize = 12;

/// What is as near to a moved passage in both texts was moved with it.
const NEAR: usize = 6;

/// How many pairs of equal tokens are looked at in all, so that the time has an end. Reports of common length have a
/// thousandth of that.
const MOST_PAIRS: usize = 100_000_000;

/// A passage that was moved, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) said: usize,
    pub(super) written: usize,
    pub(super) length: usize,
}

impl Move {
    /// What is between this and another one in both texts, what was said first; `None` if that is not near.
    pub(super) fn gap(&self, next: &Self) -> Option<(Range<usize>, Range<usize>)> {
        let said = self.said + self.length..next.said;
        let written = self.written + self.length..next.written;
        let near = |gap: &Range<usize>| gap.end.checked_sub(gap.start).is_some_and(|it| it <= NEAR);
        (near(&said) && near(&written)).then_some((said, written))
    }
}

/// The passages that were moved, each used once, in the order of the written report.
///
/// Greedy string tiling (Wise 1993, "String similarity via greedy string tiling and running Karp-Rabin matching"): of
/// what the difference has left over, the longest common passages first. They are found as in Python's
/// `difflib.SequenceMatcher`, by the lengths of what is equal up to each pair of tokens.
pub(super) fn moves(blocks: &[Block], said: &Tokens, written: &Tokens) -> Vec<Move> {
    let mut free = Free { said: vec![false; said.len()], written: vec![false; written.len()] };
    for block in blocks.iter().filter(|block| !block.same) {
        free.said[block.said.0..block.said.1].fill(true);
        free.written[block.written.0..block.written.1].fill(true);
    }
    let (mut found, mut pairs) = (Vec::new(), 0);
    loop {
        let places = free.places(said);
        pairs += free.pairs(&places, written);
        if pairs > MOST_PAIRS {
            break;
        }
        let common = free.common(&places, written);
        let mut common: Vec<Move> =
            common.iter().filter_map(|it| worth(*it, &found, said, written)).collect();
        common.sort_by_key(|it| (std::cmp::Reverse(it.length), it.written));
        let before = found.len();
        for passage in common {
            if free.take(passage) {
                found.push(passage);
            }
        }
        if found.len() == before {
            break;
        }
    }
    found.sort_by_key(|it| it.written);
    found
}

/// What of a common passage was moved: all of it if it is long, or near to one that was moved, else whole clauses.
fn worth(passage: Move, moves: &[Move], said: &Tokens, written: &Tokens) -> Option<Move> {
    let near = |it: &Move| it.gap(&passage).or_else(|| passage.gap(it)).is_some();
    if passage.length >= SURE || passage.length >= SHORTEST && moves.iter().any(near) {
        return Some(passage);
    }
    clauses(passage, said, written)
}

/// What of a common passage is whole clauses in one of the texts.
fn clauses(passage: Move, said: &Tokens, written: &Tokens) -> Option<Move> {
    let begins = |at: &usize| {
        said.ends_before(passage.said + at) > 0 || written.ends_before(passage.written + at) > 0
    };
    let start = (0..passage.length).find(begins)?;
    let ends = |end: &usize| {
        begins(end) || passage.said + end == said.len() || passage.written + end == written.len()
    };
    let end = (start..=passage.length).rev().find(ends)?;
    let (said, written) = (passage.said + start, passage.written + start);
    (end - start >= SHORTEST).then_some(Move { said, written, length: end - start })
}

/// The tokens of both texts that have no counterpart.
struct Free {
    said: Vec<bool>,
    written: Vec<bool>,
}

impl Free {
    /// Where each word was said, the last place first.
    fn places(&self, said: &Tokens) -> HashMap<u32, Vec<usize>> {
        let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
        for at in (0..said.len()).rev().filter(|at| self.said[*at]) {
            places.entry(said.keys[at]).or_default().push(at);
        }
        places
    }

    fn pairs(&self, places: &HashMap<u32, Vec<usize>>, written: &Tokens) -> usize {
        let free = (0..written.len()).filter(|at| self.written[*at]);
        free.filter_map(|at| places.get(&written.keys[at])).map(Vec::len).sum()
    }

    /// For each place of the written report where they cannot go on, the longest of the common passages that end there.
    fn common(&self, places: &HashMap<u32, Vec<usize>>, written: &Tokens) -> Vec<Move> {
        // How long the common passage is that ends before a place of what was said, and with which written token.
        let mut lengths: Vec<(usize, usize)> = vec![(0, usize::MAX); self.said.len() + 1];
        let mut found: Vec<Move> = Vec::new();
        for at in (0..written.len()).filter(|at| self.written[*at]) {
            let mut longest: Option<Move> = None;
            for &said in places.get(&written.keys[at]).into_iter().flatten() {
                let (before, with) = lengths[said];
                let length = if with.wrapping_add(1) == at { before + 1 } else { 1 };
                lengths[said + 1] = (length, at);
                if longest.is_none_or(|longest| length >= longest.length) {
                    let (said, written) = (said + 1 - length, at + 1 - length);
                    longest = Some(Move { said, written, length });
                }
            }
            let Some(longest) = longest else { continue };
            match found.last_mut() {
                // The same, with one more.
                Some(last) if last.written == longest.written => *last = longest,
                _ => found.push(longest),
            }
        }
        found
    }

    /// Takes a passage, if all of it is free.
    fn take(&mut self, passage: Move) -> bool {
        let said = &mut self.said[passage.said..passage.said + passage.length];
        let written = &mut self.written[passage.written..passage.written + passage.length];
        let free = said.iter().chain(written.iter()).all(|free| *free);
        if free {
            said.fill(false);
            written.fill(false);
        }
        free
    }
}
