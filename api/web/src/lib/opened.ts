/** Which reports somebody has opened in this browser, and what they have seen of them. */

import type { ReportSummary } from './api';

const KEY = 'huibao.opened';
/** So many are remembered, the last ones. */
const KEPT = 1000;

/** A report, when its submission was handed in, the version of that transcript, and the last comment. */
type Seen = readonly [id: string, handedIn: string, transcript: number, commented?: string | null];

/** What is new in a report for somebody. */
export type News = 'new' | 'again' | 'text' | 'comment';

type Opened = Pick<ReportSummary, 'id' | 'created_at'>;

function load(): Seen[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(found)) return [];
    return found.filter((one): one is Seen => Array.isArray(one) && typeof one[2] === 'number');
  } catch {
    return [];
  }
}

/** Somebody sees this version of a report's transcript, and what is said about it. */
export function see(report: Opened & Pick<ReportSummary, 'commented_at'>, transcript: number): void {
  try {
    const others = load().filter(([other]) => other !== report.id);
    const seen: Seen = [report.id, report.created_at, transcript, report.commented_at];
    localStorage.setItem(KEY, JSON.stringify([...others, seen].slice(-KEPT)));
  } catch {
    // Then every report is new.
  }
}

/** The transcript versions of those among the reports that were opened, by their ids. */
export function opened(reports: readonly Opened[]): Map<string, number> {
  const seen = new Map(load().map(([id, handedIn, transcript]) => [`${id} ${handedIn}`, transcript]));
  const found = new Map<string, number>();
  for (const { id, created_at } of reports) {
    const transcript = seen.get(`${id} ${created_at}`);
    if (transcript !== undefined) found.set(id, transcript);
  }
  return found;
}

/** What is new in those of the reports in which something is, by their ids. */
export function news(
  reports: readonly (Opened & Pick<ReportSummary, 'transcript_version' | 'commented_at'>)[],
): Map<string, News> {
  const seen = new Map(load().map((one) => [one[0], one]));
  const found = new Map<string, News>();
  for (const report of reports) {
    const what = newsOf(report, seen.get(report.id));
    if (what !== null) found.set(report.id, what);
  }
  return found;
}

function newsOf(
  now: Pick<ReportSummary, 'created_at' | 'transcript_version' | 'commented_at'>,
  seen: Seen | undefined,
): News | null {
  if (seen === undefined) return 'new';
  const [, handedIn, transcript, commented] = seen;
  if (now.created_at !== handedIn) return 'again';
  if (now.transcript_version !== null && now.transcript_version > transcript) return 'text';
  // What was seen before comments were noted is not told of.
  const later = now.commented_at !== null && commented !== undefined;
  return later && (commented === null || Date.parse(now.commented_at) > Date.parse(commented)) ? 'comment' : null;
}
