/** Stretches of a video in which nobody speaks. */

export interface Gap {
  readonly start: number;
  readonly end: number;
}

/** Shorter pauses belong to speaking. */
const SHORTEST = 1.5;
/** So much is left before somebody speaks again, in seconds. */
const LEAD = 0.3;

/** The gaps between sentences, in order. */
export function gaps(segments: readonly { start: number; end: number }[]): Gap[] {
  const found: Gap[] = [];
  let quiet = 0;
  for (const { start, end } of segments) {
    if (start - quiet >= SHORTEST) found.push({ start: quiet, end: start - LEAD });
    quiet = Math.max(quiet, end);
  }
  return found;
}

/** Where to go on if nobody speaks at `time`; null if somebody does. */
export function skipFrom(all: readonly Gap[], time: number): number | null {
  const gap = all.find(({ start, end }) => time >= start && time < end - 0.2);
  return gap === undefined ? null : gap.end;
}
