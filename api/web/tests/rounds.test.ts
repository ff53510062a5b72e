import { describe, expect, it } from 'vitest';
import type { Round } from '../src/lib/api';
import { fromInput, toInput } from '../src/lib/format';
import { deadline, inTwoWeeks, kindFor, managedRounds, ownRounds, owes, total } from '../src/lib/rounds';
import { signOnError } from '../src/lib/route';

function round(fields: Partial<Round>): Round {
  return {
    id: '1',
    branch: '/a',
    title: '一',
    period: '',
    kinds: [],
    instructions: '',
    max_seconds: null,
    deadline: '2026-12-01T00:00:00Z',
    closed_at: null,
    own: {
      person: 'p',
      display_name: '李',
      number: null,
      branch: '/a',
      standing: 'due',
      extended_to: null,
      excused: false,
      reason: '',
      report: null,
    },
    ...fields,
  };
}

describe('rounds', () => {
  it('are those that one takes part in and that are open, the next deadline first', () => {
    const later = round({ id: '2', deadline: '2026-12-02T00:00:00Z' });
    const closed = round({ id: '3', closed_at: '2026-11-01T00:00:00Z' });
    const others = round({ id: '4', own: null });
    expect(ownRounds([later, closed, others, round({})]).map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('of branches that one looks after come with those that are open first', () => {
    const closed = round({ id: '2', branch: '/a/b', closed_at: '2026-11-01T00:00:00Z' });
    const elsewhere = round({ id: '3', branch: '/ab' });
    const rounds = [closed, elsewhere, round({})];
    expect(managedRounds(rounds, ['/a']).map(({ id }) => id)).toEqual(['1', '2']);
    expect(managedRounds(rounds, ['/'])).toHaveLength(3);
    expect(managedRounds(rounds, ['/a/b']).map(({ id }) => id)).toEqual(['2']);
    expect(total({ due: 2, done: 40 })).toBe(42);
  });

  it('are due at the end of a day unless one says otherwise', () => {
    const due = inTwoWeeks(new Date(2026, 11, 25, 8));
    expect(toInput(due)).toBe('2027-01-08T23:59');
    expect(fromInput(toInput(due))).toBe(due.toISOString());
    expect(fromInput('')).toBe(null);
  });

  it('give somebody more time and never less', () => {
    const own = round({}).own;
    if (own === null) throw new Error('there is one');
    const longer = { ...own, extended_to: '2026-12-05T00:00:00Z' };
    const shorter = { ...own, extended_to: '2026-11-05T00:00:00Z' };
    expect(deadline(round({ own: longer }))).toBe(longer.extended_to);
    expect(deadline(round({ own: shorter }))).toBe('2026-12-01T00:00:00Z');
  });

  it('are owed until something is handed in', () => {
    const own = round({}).own;
    if (own === null) throw new Error('there is one');
    expect(owes(round({}))).toBe(true);
    expect(owes(round({ own: { ...own, standing: 'returned' } }))).toBe(true);
    expect(owes(round({ own: { ...own, standing: 'late' } }))).toBe(false);
    expect(kindFor(round({ kinds: ['study', 'oath'] }))).toBe('study');
  });
});

describe('a sign-on that did not work', () => {
  it('says why in the address', () => {
    expect(signOnError('#/sign-in?error=no_account')).toBe('no_account');
    expect(signOnError('#/sign-in')).toBe(null);
    expect(signOnError('#/reports/1')).toBe(null);
  });
});
