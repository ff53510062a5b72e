/** Rounds, as those who take part in them see them. */

import type { ReportKind, Round } from './api';

/** Those of which one sees what is to be done, the next deadline first. */
export function ownRounds(rounds: readonly Round[]): readonly Round[] {
  const open = rounds.filter((round) => round.own !== null && round.closed_at === null);
  return open.sort((one, other) => deadline(one).localeCompare(deadline(other)));
}

/** Those of the branches that one looks after: open ones first, and of each the newest. */
export function managedRounds(rounds: readonly Round[], branches: readonly string[]): readonly Round[] {
  const below = (branch: string, own: string) => own === '/' || branch === own || branch.startsWith(`${own}/`);
  const managed = rounds.filter((round) => branches.some((own) => below(round.branch, own)));
  return managed.sort((one, other) => Number(one.closed_at !== null) - Number(other.closed_at !== null));
}

/** How somebody can stand, what has to be done first. */
export const STANDINGS = ['overdue', 'due', 'returned', 'late', 'done', 'excused'] as const;

/** Who stands so has something to hand in. */
export const OWING = ['overdue', 'due', 'returned'] as const;

/** How many people there are. */
export function total(standings: Readonly<Record<string, number>>): number {
  return Object.values(standings).reduce((sum, count) => sum + count, 0);
}

/** The usual deadline: the end of the day in two weeks. */
export function inTwoWeeks(now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 14, 23, 59);
}

/** By when one has to hand in: later than others, if one has more time. */
export function deadline(round: Round): string {
  const extended = round.own?.extended_to ?? null;
  return extended !== null && extended > round.deadline ? extended : round.deadline;
}

/** Whether one still has to hand in. */
export function owes(round: Round): boolean {
  const standing = round.own?.standing;
  return standing === 'due' || standing === 'overdue' || standing === 'returned';
}

/** The kind of a report for a round: the first that it takes, or any. */
export function kindFor(round: Round): ReportKind | undefined {
  return round.kinds[0];
}
