/** The reports that somebody reads one after the other: the list from which they opened the first. */

const KEY = 'huibao.queue';

/** Keeps the list for this window. */
export function remember(ids: readonly string[]): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(ids));
  } catch {
    // Without it, one goes back to the list.
  }
}

export interface Neighbours {
  readonly earlier: string | null;
  readonly later: string | null;
  /** Counted from 1. */
  readonly place: number;
  readonly count: number;
}

/** What comes before and after a report in the list; null if it is not in it. */
export function neighbours(id: string): Neighbours | null {
  let ids: unknown;
  try {
    ids = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
  } catch {
    return null;
  }
  if (!Array.isArray(ids)) return null;
  const at = ids.indexOf(id);
  if (at < 0) return null;
  const of = (index: number) => (typeof ids[index] === 'string' ? ids[index] : null);
  return { earlier: of(at - 1), later: of(at + 1), place: at + 1, count: ids.length };
}
