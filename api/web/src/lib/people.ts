/** What people may do, as far as the pages show it. The server decides. */

import type { Person, Report, ReportState } from './api';

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
