/** What people may do, as far as the pages show it. The server decides. */

import type { ImportedPerson, Person, Report, ReportState } from './api';

const TAKEN_BACK_FROM: ReadonlySet<ReportState> = new Set<ReportState>([
  'submitted',
  'processing',
  'ready',
  'failed',
]);

/** The branches to which somebody hands in reports. */
export function branchesOf(person: Person): string[] {
  const own = person.grants.filter((grant) => grant.role === 'activist').map((grant) => grant.branch);
  return [...new Set(own)];
}

/** The branches whose reports somebody reviews. */
export function reviewedBy(person: Person): string[] {
  const own = person.grants.filter((grant) => grant.role === 'reviewer').map((grant) => grant.branch);
  return [...new Set(own)];
}

/** The branches whose people and channels somebody looks after. */
export function managedBy(person: Person): string[] {
  const own = person.grants.filter((grant) => grant.role === 'operator').map((grant) => grant.branch);
  return [...new Set(own)];
}

/** Whether somebody looks after people. */
export function isOperator(person: Person): boolean {
  return managedBy(person).length > 0;
}

/** Without letters and digits that look alike. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** A password to give to somebody: 60 bits, in groups that can be read out. */
export function newPassword(): string {
  const letter = () => {
    // Bytes beyond the last multiple would make some letters likelier.
    for (;;) {
      const [byte = 255] = crypto.getRandomValues(new Uint8Array(1));
      if (byte < 256 - (256 % LETTERS.length)) return LETTERS[byte % LETTERS.length];
    }
  };
  return Array.from({ length: 3 }, () => Array.from({ length: 4 }, letter).join('')).join('-');
}

/** A cell of a table that no program takes for a formula. */
function cell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${inert.replaceAll('"', '""')}"`;
}

/** The names and passwords of new people, as a table for whoever hands them out. */
export function credentialsTable(people: readonly ImportedPerson[], headings: readonly string[]): Blob {
  const rows = people.map((one) => [one.number, one.display_name, one.name, one.password ?? '']);
  const lines = [headings, ...rows].map((row) => row.map(cell).join(','));
  // With the mark by which spreadsheets know UTF-8.
  return new Blob([`\uFEFF${lines.join('\r\n')}\r\n`], { type: 'text/csv;charset=utf-8' });
}

/** Whether a reader can take the report back. */
export function canWithdraw(report: Pick<Report, 'own' | 'state'>): boolean {
  return report.own && TAKEN_BACK_FROM.has(report.state);
}

/** Whether a reader can hand in another file for a report that was handed in before. */
export function canSendAgain(report: Pick<Report, 'own' | 'open' | 'state'>): boolean {
  return report.own && report.open && report.state !== 'draft';
}

/** `/college/branch` as people read it. */
export function branchName(path: string): string {
  return path.split('/').filter((part) => part !== '').join(' / ');
}
