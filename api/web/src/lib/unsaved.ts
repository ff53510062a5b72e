/** What was typed and has not reached the server, kept in this browser. */

export interface Unsaved {
  /** What the sentence said when it was read. */
  readonly read: string;
  readonly text: string;
}

const PREFIX = 'huibao.sentence.';
const key = (report: string, segment: number) => `${PREFIX}${report}.${segment}`;

/** Storage can be forbidden or full; then only this page has it. */
function quietly<Value>(work: () => Value, otherwise: Value): Value {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

export function keep(report: string, segment: number, unsaved: Unsaved): void {
  quietly(() => localStorage.setItem(key(report, segment), JSON.stringify(unsaved)), undefined);
}

export function forget(report: string, segment: number): void {
  quietly(() => localStorage.removeItem(key(report, segment)), undefined);
}

export function recall(report: string, segment: number): Unsaved | null {
  return quietly(() => {
    const found: unknown = JSON.parse(localStorage.getItem(key(report, segment)) ?? 'null');
    if (typeof found !== 'object' || found === null) return null;
    const { read, text } = found as Record<string, unknown>;
    return typeof read === 'string' && typeof text === 'string' ? { read, text } : null;
  }, null);
}

/** The sentences of a report with something that is not saved. */
export function unsavedIn(report: string): number[] {
  return quietly(() => {
    const start = `${PREFIX}${report}.`;
    const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? '');
    return keys.filter((name) => name.startsWith(start)).map((name) => Number(name.slice(start.length)));
  }, []);
}
