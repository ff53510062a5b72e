//! The difference of two texts, as blocks that are the same or not.

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::tokens::Tokens;

/// Words that agree by chance between others that do not are none: so few, and fewer than what differs on either
/// side (the semantic clean-up of Google's diff-match-patch).
const CHANCE: usize = 3;

/// A stretch of both texts, as ranges of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) same: bool,
    pub(super) said: (usize, usize),
    pub(super) written: (usize, usize),
}

impl Block {
    const fn length(&self) -> usize {
        let (said, written) = (self.said.1 - self.said.0, self.written.1 - self.written.0);
        if said > written { said } else { written }
    }
}

/// The blocks of two texts, in order: Myers' algorithm, with differences that begin and end where clauses do if they
/// can, and without what agrees by chance.
pub(super) fn blocks(said: &Tokens, written: &Tokens) -> Vec<Block> {
    let ops = capture_diff_slices(Algorithm::Myers, &said.keys, &written.keys);
    let mut found: Vec<Block> = Vec::with_capacity(ops.len());
    for op in ops {
        let (said, written) = (op.old_range(), op.new_range());
        let block = Block {
            same: op.tag() == DiffTag::Equal,
            said: (said.start, said.end),
            written: (written.start, written.end),
        };
        push(&mut found, block);
    }
    for at in 0..found.len() {
        slide(&mut found, at, said, written);
    }
    found.retain(|block| block.length() > 0);
    without_chance(&found)
}

/// Adds a block; neighbours of one kind are one.
fn push(blocks: &mut Vec<Block>, block: Block) {
    match blocks.last_mut() {
        Some(last) if last.same == block.same => {
            (last.said.1, last.written.1) = (block.said.1, block.written.1);
        }
        _ => blocks.push(block),
    }
}

/// Moves a passage that is in one text only between its neighbours, as far as that says the same, to where clauses
/// begin and end: of `A，我们写。我们说。`, not `写。我们` but `我们写。` is new (the lossless clean-up of
/// diff-match-patch).
fn slide(blocks: &mut [Block], at: usize, said: &Tokens, written: &Tokens) {
    let block = blocks[at];
    let of_written = block.said.0 == block.said.1;
    if block.same || !of_written && block.written.0 < block.written.1 {
        return;
    }
    let (text, (from, to)) = if of_written { (written, block.written) } else { (said, block.said) };
    // A neighbour that vanished would make one difference of two, unless it is at the end of the text.
    let left = at
        .checked_sub(1)
        .map_or(0, |before| blocks[before].length().saturating_sub(usize::from(before > 0)));
    let right = blocks
        .get(at + 1)
        .map_or(0, |after| after.length().saturating_sub(usize::from(at + 2 < blocks.len())));
    let keys = &text.keys;
    let left = (0..left).take_while(|by| keys[from - 1 - by] == keys[to - 1 - by]).count();
    let right = (0..right).take_while(|by| keys[from + by] == keys[to + by]).count();
    let ends = |start: usize| text.ends_before(start) + text.ends_before(start + to - from);
    // Of places that are as good, the nearest.
    let best = (from - left..=from + right)
        .max_by_key(|start| (ends(*start), std::cmp::Reverse(start.abs_diff(from))));
    let Some(start) = best else { return };
    let moved = |place: usize| place + start - from;
    if let Some(before) = at.checked_sub(1).map(|before| &mut blocks[before]) {
        (before.said.1, before.written.1) = (moved(before.said.1), moved(before.written.1));
    }
    if let Some(after) = blocks.get_mut(at + 1) {
        (after.said.0, after.written.0) = (moved(after.said.0), moved(after.written.0));
    }
    let block = &mut blocks[at];
    block.said = (moved(block.said.0), moved(block.said.1));
    block.written = (moved(block.written.0), moved(block.written.1));
}

fn without_chance(blocks: &[Block]) -> Vec<Block> {
    let mut found = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| blocks.get(before));
        let around = before.zip(blocks.get(index + 1));
        let by_chance = block.same
            && block.length() <= CHANCE
            && around.is_some_and(|(before, after)| {
                before.length() >= block.length() && after.length() >= block.length()
            });
        push(&mut found, Block { same: block.same && !by_chance, ..*block });
    }
    found
}
