/** Which reports a reviewer looks at. */

import type { ReportState } from './api';

/** What is to be done with them. */
export const STEPS = ['todo', 'working', 'returned', 'accepted', 'all'] as const;
export type Step = (typeof STEPS)[number];

const STATES: Record<Step, readonly ReportState[]> = {
  todo: ['ready', 'in_review'],
  working: ['submitted', 'processing', 'failed'],
  returned: ['returned'],
  accepted: ['accepted'],
  all: [],
};

export interface View {
  readonly step: Step;
  readonly kind: string;
  readonly round: string;
  readonly branch: string;
  /** Those of the people whose contact person one is, alone. */
  readonly contacts: boolean;
}

export const FIRST: View = { step: 'todo', kind: '', round: '', branch: '', contacts: false };

/** What the list is asked for. */
export function queryOf(view: View): Record<string, string> {
  const query = {
    states: STATES[view.step].join(','),
    kind: view.kind,
    round: view.round,
    branch: view.branch,
    whose: view.contacts ? 'contacts' : 'others',
  };
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
}

/** How many reports are in which state; none in one that is missing. */
export type Counts = Readonly<Record<string, number>>;

/** How many of the reports that are counted a step shows. */
export function countOf(step: Step, counts: Counts): number {
  const states: readonly string[] = STATES[step].length > 0 ? STATES[step] : Object.keys(counts);
  return states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

/** A view that somebody has given a name. */
export interface SavedView {
  readonly name: string;
  readonly view: View;
}

const KEY = 'huibao.views';

/** Whatever is stored: it may be of another version. */
function readable(found: unknown): found is SavedView[] {
  return (
    Array.isArray(found) &&
    found.every((one: Partial<SavedView> | null) => {
      const step = one?.view?.step;
      return typeof one?.name === 'string' && step !== undefined && STEPS.includes(step);
    })
  );
}

export function savedViews(): SavedView[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return readable(found) ? found.map(({ name, view }) => ({ name, view: { ...FIRST, ...view } })) : [];
  } catch {
    return [];
  }
}

/** Keeps the views in this browser. */
export function saveViews(views: readonly SavedView[]): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(views));
  } catch {
    // They are gone with this page then.
  }
}

/** The views with one more, in place of one with its name. */
export function withView(views: readonly SavedView[], added: SavedView): SavedView[] {
  return [...views.filter((one) => one.name !== added.name), added];
}
