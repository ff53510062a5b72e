/** Which parts of a segment a reader should check. */

import type { Segment, SegmentFlag } from './api';
import type { TextPart } from './search';

/** Words that are less likely to be right may be marked. */
const UNSURE_BELOW = 0.95;

/** At most a tenth of the words is marked, the least sure, or twice as many as are likely to be wrong. */
const UNSURE_AT_MOST = 0.1;
const UNSURE_FOR_ONE_WRONG = 2;

/** Segments without words are marked below this mean probability of their tokens. */
const UNSURE_SEGMENT_BELOW = 0.6;

/** A run of text with the same appearance. */
export interface Piece extends TextPart {
  /** The model's confidence in the word, if it is low. */
  unsure: number | null;
  /** The recogniser's text, where it was replaced by a word of the same sound. */
  heard: string | null;
  /** Whether the written report has it, and not only the sound. */
  written: boolean;
  /** Whether it is being played. */
  now: boolean;
}

/** Words that are less likely to be right are marked in this text (`is_marked` of scripts/bench/marks.py). */
export function unsureBelow(segments: readonly Segment[]): number {
  const sure = segments.flatMap((segment) => segment.words.map((word) => word.confidence));
  sure.sort((one, other) => one - other);
  const most = Math.max(UNSURE_AT_MOST, UNSURE_FOR_ONE_WRONG * (expectedErrors(segments) ?? 0));
  return Math.min(UNSURE_BELOW, sure[Math.ceil(sure.length * most)] ?? UNSURE_BELOW);
}

/** Whether something in a segment is marked, if words are below a sureness. */
export function isUnsure(segment: Segment, below: number): boolean {
  if (segment.words.length > 0) return segment.words.some((word) => word.confidence < below);
  return segment.confidence !== null && segment.confidence < UNSURE_SEGMENT_BELOW;
}

/** The part of the words that is likely to be wrong; null without words. */
export function expectedErrors(segments: readonly Segment[]): number | null {
  const words = segments.flatMap((segment) => segment.words);
  if (words.length === 0) return null;
  return words.reduce((sum, word) => sum + 1 - word.confidence, 0) / words.length;
}

/** Splits the parts of a segment at words that are less sure than `below`, or played at `time` seconds. */
export function pieces(segment: Segment, parts: readonly TextPart[], below: number, time: number | null): Piece[] {
  const { words } = segment;
  if (words.length === 0) {
    const unsure = isUnsure(segment, below) ? segment.confidence : null;
    return parts.map((part) => ({ ...part, unsure, heard: null, written: false, now: false }));
  }
  const made: Piece[] = [];
  let at = 0;
  let left = words[0]?.text.length ?? 0;
  for (const part of parts) {
    for (let from = 0; from < part.text.length; ) {
      // Text after the last word, if any, is shown like that word.
      const word = words[Math.min(at, words.length - 1)];
      const length = at < words.length ? Math.min(left, part.text.length - from) : part.text.length - from;
      const piece: Piece = {
        text: part.text.slice(from, from + length),
        match: part.match,
        unsure: word !== undefined && word.confidence < below ? word.confidence : null,
        heard: word?.heard?.trim() ?? null,
        written: word?.scores !== undefined,
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
    one.match === other.match && one.unsure === other.unsure && one.heard === other.heard && one.written === other.written && one.now === other.now
  );
}

export function isCorrected(segment: Segment): boolean {
  return segment.words.some((word) => word.heard !== undefined);
}

/** Every flag that occurs, once, in a fixed order. */
export function flagsIn(segments: readonly Segment[]): SegmentFlag[] {
  const order: SegmentFlag[] = ['unclear', 'known_phantom', 'repetition', 'set_aside'];
  return order.filter((flag) => segments.some((segment) => segment.flags.includes(flag)));
}
