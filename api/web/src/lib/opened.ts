/** Which reports somebody has opened in this browser, and in which version they have seen them. */

import type { ReportSummary } from './api';

const KEY = 'huibao.opened';
/** So many are remembered, the last ones. */
const KEPT = 1000;

/** A report, when its submission was handed in, and the version of that transcript. */
type Seen = readonly [id: string, handedIn: string, transcript: number];

function load(): Seen[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(found)) return [];
    return found.filter((one): one is Seen => Array.isArray(one) && typeof one[2] === 'number');
  } catch {
    return [];
  }
}

/** Somebody sees this version of a report's transcript. */
export function see(report: Pick<ReportSummary, 'id' | 'created_at'>, transcript: number): void {
  try {
    const others = load().filter(([other]) => other !== report.id);
    const all = [...others, [report.id, report.created_at, transcript]];
    localStorage.setItem(KEY, JSON.stringify(all.slice(-KEPT)));
  } catch {
    // Then every report is new.
  }
}

/** The transcript versions of those among the reports that were opened, by their ids. */
export function opened(reports: readonly Pick<ReportSummary, 'id' | 'created_at'>[]): Map<string, number> {
  const seen = new Map(load().map(([id, handedIn, transcript]) => [`${id} ${handedIn}`, transcript]));
  const found = new Map<string, number>();
  for (const { id, created_at } of reports) {
    const transcript = seen.get(`${id} ${created_at}`);
    if (transcript !== undefined) found.set(id, transcript);
  }
  return found;
}
