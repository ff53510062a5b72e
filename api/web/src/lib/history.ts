/** The history of corrections: what was changed, and what can be taken back. */

import type { Correction, SegmentChange } from './api';

/** A change between two texts: what both begin and end with, and what differs. */
export interface Difference {
  readonly start: string;
  readonly removed: string;
  readonly added: string;
  readonly end: string;
}

export function difference(before: string, after: string): Difference {
  const [one, other] = [[...before], [...after]];
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < Math.min(one.length, other.length) - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const join = (part: string[]) => part.join('');
  return {
    start: join(one.slice(0, start)),
    removed: join(one.slice(start, one.length - end)),
    added: join(other.slice(start, other.length - end)),
    end: join(one.slice(one.length - end)),
  };
}

/** The change of a correction as one text: sentences that were split or joined are one after the other. */
export function changeOf(changes: readonly SegmentChange[]): Difference {
  const text = (side: 'before' | 'after') => changes.map((change) => change[side]?.text ?? '').join('');
  return difference(text('before'), text('after'));
}

/** The newest correction of the reader's own that is not taken back: what undoing takes back next. */
export function undoable(corrections: readonly Correction[]): Correction | null {
  const undone = new Set(corrections.map((correction) => correction.undoes));
  // Taking back is none itself; whoever wants it back writes it again.
  return (
    corrections.find(
      (correction) => correction.own && correction.undoes === null && !undone.has(correction.version),
    ) ?? null
  );
}
