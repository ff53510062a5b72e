/** Rounds, as those who take part in them see them. */

import type { ReportKind, Round } from './api';

/** Those of which one sees what is to be done, the next deadline first. */
export function ownRounds(rounds: readonly Round[]): readonly Round[] {
  const open = rounds.filter((round) => round.own !== null && round.closed_at === null);
  return open.sort((one, other) => deadline(one).localeCompare(deadline(other)));
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
