/** What a reader should know about segments. */

import type { Segment, SegmentFlag, Word } from './api';
import type { TextPart } from './search';

/** Below this the recogniser's own confidence is worth a second look. */
const UNSURE_BELOW = 0.6;

/** A run of text that looks the same all through. */
export interface Piece extends TextPart {
  /** How sure the model was of the word, if that is worth a second look. */
  unsure: number | null;
  /** What the recogniser wrote, where it was corrected by its sound. */
  heard: string | null;
  /** Whether it is said right now. */
  now: boolean;
}

export function isUnsure(segment: Segment): boolean {
  if (segment.words.length > 0) return segment.words.some(isUnsureWord);
  return segment.confidence !== null && segment.confidence < UNSURE_BELOW;
}

/** Splits the parts of a segment further, where words are unsure or said at `time` seconds. */
export function pieces(segment: Segment, parts: readonly TextPart[], time: number | null): Piece[] {
  const { words } = segment;
  if (words.length === 0) {
    const unsure = isUnsure(segment) ? segment.confidence : null;
    return parts.map((part) => ({ ...part, unsure, heard: null, now: false }));
  }
  const made: Piece[] = [];
  let at = 0;
  let left = words[0]?.text.length ?? 0;
  for (const part of parts) {
    for (let from = 0; from < part.text.length; ) {
      // Text after the last word, if there ever is any, looks like that word.
      const word = words[Math.min(at, words.length - 1)];
      const length = at < words.length ? Math.min(left, part.text.length - from) : part.text.length - from;
      const piece: Piece = {
        text: part.text.slice(from, from + length),
        match: part.match,
        unsure: word !== undefined && isUnsureWord(word) ? word.confidence : null,
        heard: word?.heard?.trim() ?? null,
        now: word !== undefined && time !== null && word.start <= time && time < word.end,
      };
      const last = made.at(-1);
      if (last !== undefined && looksLike(last, piece)) last.text += piece.text;
      else made.push(piece);
      from += length;
      left -= length;
      if (left <= 0 && at < words.length) left = words[++at]?.text.length ?? 0;
    }
  }
  return made;
}

function looksLike(one: Piece, other: Piece): boolean {
  return (
    one.match === other.match && one.unsure === other.unsure && one.heard === other.heard && one.now === other.now
  );
}

function isUnsureWord(word: Word): boolean {
  return word.confidence < UNSURE_BELOW;
}

export function isCorrected(segment: Segment): boolean {
  return segment.words.some((word) => word.heard !== undefined);
}

/** Every flag that occurs, once, in a fixed order. */
export function flagsIn(segments: readonly Segment[]): SegmentFlag[] {
  const order: SegmentFlag[] = ['unclear', 'known_phantom', 'repetition', 'set_aside'];
  return order.filter((flag) => segments.some((segment) => segment.flags.includes(flag)));
}
