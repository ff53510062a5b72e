/** Finding words in a transcript. */

export interface TextPart {
  text: string;
  /** The running number of the match in the whole transcript, or null for text in between. */
  match: number | null;
}

export interface SearchResult {
  /** For each text its parts, in order; joined they are the text. */
  parts: TextPart[][];
  /** For each match the index of the text it is in. */
  where: number[];
}

/** Splits every text at the matches of `query`, ignoring case. */
export function search(texts: readonly string[], query: string): SearchResult {
  const needle = fold(query.trim());
  const where: number[] = [];
  const parts = texts.map((text, index) => {
    if (needle === '') return [{ text, match: null }];
    const folded = fold(text);
    const found: TextPart[] = [];
    let from = 0;
    for (let at = folded.indexOf(needle); at >= 0; at = folded.indexOf(needle, from)) {
      if (at > from) found.push({ text: text.slice(from, at), match: null });
      found.push({ text: text.slice(at, at + needle.length), match: where.length });
      where.push(index);
      from = at + needle.length;
    }
    if (from < text.length || found.length === 0) {
      found.push({ text: text.slice(from), match: null });
    }
    return found;
  });
  return { parts, where };
}

/** Lower case, unless that would move the positions (as it does for a Turkish İ). */
function fold(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text;
}

/** The index of the last segment that has begun at `time` seconds, or -1. */
export function segmentAt(segments: readonly { start: number }[], time: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // A seek lands on the nearest frame, which may be a little before the segment's start.
    if ((segments[middle]?.start ?? 0) <= time + 0.06) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
