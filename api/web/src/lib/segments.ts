/** Which parts of a segment a reader should check. */

import type { Segment, SegmentFlag, Word } from './api';
import type { TextPart } from './search';

/** Words that are less likely to be right are marked (`MARKED_BELOW` of scripts/bench-marks). */
const UNSURE_BELOW = 0.85;

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

export function isUnsure(segment: Segment): boolean {
  if (segment.words.length > 0) return segment.words.some(isUnsureWord);
  return segment.confidence !== null && segment.confidence < UNSURE_SEGMENT_BELOW;
}

/** The part of the words that is likely to be wrong; null without words. */
export function expectedErrors(segments: readonly Segment[]): number | null {
  const words = segments.flatMap((segment) => segment.words);
  if (words.length === 0) return null;
  return words.reduce((sum, word) => sum + 1 - word.confidence, 0) / words.length;
}

/** Splits the parts of a segment at words that are unsure or played at `time` seconds. */
export function pieces(segment: Segment, parts: readonly TextPart[], time: number | null): Piece[] {
  const { words } = segment;
  if (words.length === 0) {
    const unsure = isUnsure(segment) ? segment.confidence : null;
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
        unsure: word !== undefined && isUnsureWord(word) ? word.confidence : null,
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
