/** The audit log, as operators read it. */

import type { AuditEntry } from './api';

/** What an entry is about: its kind, and the id of the thing if it has one. */
export function subjectOf(entry: Pick<AuditEntry, 'subject'>): { kind: string; id: string } {
  const [kind = '', ...rest] = entry.subject.split(':');
  return { kind, id: rest.join(':') };
}

/** Everything else that an entry says, in short. */
export function detailOf(entry: Pick<AuditEntry, 'detail'>): string {
  const { detail } = entry;
  if (detail === null || detail === undefined) return '';
  if (typeof detail !== 'object') return String(detail);
  return Object.entries(detail as Record<string, unknown>)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

/** The people whom entries name. Somebody who is no longer known keeps their id. */
export async function namesOf(
  entries: readonly AuditEntry[],
  known: ReadonlyMap<string, string>,
  load: (id: string) => Promise<{ display_name: string }>,
): Promise<Map<string, string>> {
  const mentioned = entries.flatMap((entry) => {
    const { kind, id } = subjectOf(entry);
    return [entry.person, kind === 'person' ? id : null];
  });
  const missing = [...new Set(mentioned)].filter((id): id is string => id !== null && id !== '' && !known.has(id));
  const names = new Map(known);
  await Promise.all(
    missing.map(async (id) => {
      try {
        names.set(id, (await load(id)).display_name);
      } catch {
        names.set(id, id.slice(0, 8));
      }
    }),
  );
  return names;
}
