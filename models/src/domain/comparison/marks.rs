//! How each token of two texts stands to the other text.

use std::ops::Range;

use super::blocks::Block;
use super::moved::Move;
use super::passages::Agreement;

/// How a token stands to the other text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) agreement: Agreement,
    /// The block or the move that it belongs to.
    pub(super) of: usize,
    /// The tokens of the other text in its place.
    pub(super) other: Option<Range<usize>>,
}

impl Mark {
    /// Whether it belongs to the same passage as a neighbour.
    pub(super) fn goes_on(&self, neighbour: &Self) -> bool {
        (self.agreement, self.of) == (neighbour.agreement, neighbour.of)
    }
}

/// The marks of what was said and of what was written.
pub(super) fn marks(blocks: &[Block], moves: &[Move]) -> (Vec<Mark>, Vec<Mark>) {
    let (mut of_said, mut of_written) = (Vec::new(), Vec::new());
    let gaps: Vec<_> =
        moves.iter().zip(moves.iter().skip(1)).filter_map(|(one, next)| one.gap(next)).collect();
    for (of, block) in blocks.iter().enumerate() {
        let (said, written) = (block.said.0..block.said.1, block.written.0..block.written.1);
        if block.same {
            let same = |at| Mark { agreement: Agreement::Same, of, other: Some(at..at + 1) };
            of_said.extend(written.map(same));
            of_written.extend(said.map(same));
            continue;
        }
        let mark = |text| {
            let gaps = &gaps;
            move |at| (at, moved(moves, at, text).or_else(|| between(gaps, at, text)))
        };
        let moved_said: Vec<_> = said.map(mark(Text::Said)).collect();
        let moved_written: Vec<_> = written.map(mark(Text::Written)).collect();
        let (rest_said, rest_written) = (rest(&moved_said), rest(&moved_written));
        let differs = |other: Option<Range<usize>>| {
            let agreement = if other.is_some() { Agreement::Otherwise } else { Agreement::Only };
            Mark { agreement, of, other }
        };
        let all = |tokens: Vec<(usize, Option<Mark>)>, other: Option<Range<usize>>| {
            tokens.into_iter().map(move |(_, mark)| mark.unwrap_or_else(|| differs(other.clone())))
        };
        of_said.extend(all(moved_said, rest_written));
        of_written.extend(all(moved_written, rest_said));
    }
    (of_said, of_written)
}

#[derive(Debug, Clone, Copy)]
enum Text {
    Said,
    Written,
}

/// The mark of a token that was moved.
fn moved(moves: &[Move], at: usize, text: Text) -> Option<Mark> {
    moves.iter().enumerate().find_map(|(of, it)| {
        let (own, other) = match text {
            Text::Said => (it.said, it.written),
            Text::Written => (it.written, it.said),
        };
        let place = at.checked_sub(own).filter(|place| *place < it.length)?;
        let other = Some(other + place..other + place + 1);
        Some(Mark { agreement: Agreement::Moved, of, other })
    })
}

/// The mark of a token between passages that were moved together.
fn between(gaps: &[(Range<usize>, Range<usize>)], at: usize, text: Text) -> Option<Mark> {
    gaps.iter().enumerate().find_map(|(of, (said, written))| {
        let (own, other) = match text {
            Text::Said => (said, written),
            Text::Written => (written, said),
        };
        let other = Some(other.clone()).filter(|other| own.contains(&at) && !other.is_empty());
        other.map(|other| Mark { agreement: Agreement::Otherwise, of, other: Some(other) })
    })
}

/// From the first to the last token that has no mark of its own.
fn rest(tokens: &[(usize, Option<Mark>)]) -> Option<Range<usize>> {
    let mut rest = tokens.iter().filter(|(_, mark)| mark.is_none()).map(|(at, _)| *at);
    let first = rest.next()?;
    Some(first..rest.next_back().unwrap_or(first) + 1)
}
