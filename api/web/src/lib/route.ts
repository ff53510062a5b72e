/** The pages, told apart by the hash. */

/** The code with which a sign-on through the campus came back, if it did not work. */
export function signOnError(hash: string): string | null {
  return /^#\/sign-in\?error=([a-z_]+)$/.exec(hash)?.[1] ?? null;
}

/** A place in a report: the second, and what is said or written there. */
export interface Spot {
  readonly at: number | null;
  readonly words: string;
}

export type Route =
  | { page: 'home' }
  | { page: 'report'; id: string; spot: Spot | null }
  | { page: 'search'; query: URLSearchParams }
  | { page: 'round'; id: string }
  | { page: 'account' }
  | { page: 'notices' }
  | { page: 'people' }
  | { page: 'channels' }
  | { page: 'audit' }
  | { page: 'console' }
  | { page: 'rubrics' }
  | { page: 'examples' }
  | { page: 'example'; id: string }
  | { page: 'setup'; secret: string };

export function parse(hash: string): Route {
  if (hash === '#/account') return { page: 'account' };
  if (hash === '#/notices') return { page: 'notices' };
  if (hash === '#/people') return { page: 'people' };
  if (hash === '#/channels') return { page: 'channels' };
  if (hash === '#/audit') return { page: 'audit' };
  if (hash === '#/console') return { page: 'console' };
  if (hash === '#/rubrics') return { page: 'rubrics' };
  if (hash === '#/examples') return { page: 'examples' };
  const [path = '', query = ''] = hash.split('?', 2);
  if (path === '#/search') return { page: 'search', query: new URLSearchParams(query) };
  const [, page, last] = /^#\/(reports|rounds|examples|setup)\/([^/#]+)$/.exec(path) ?? [];
  if (last === undefined) return { page: 'home' };
  try {
    const decoded = decodeURIComponent(last);
    if (page === 'setup') return { page, secret: decoded };
    if (page === 'examples') return { page: 'example', id: decoded };
    if (page === 'rounds') return { page: 'round', id: decoded };
    return { page: 'report', id: decoded, spot: spotOf(new URLSearchParams(query)) };
  } catch {
    return { page: 'home' };
  }
}

function spotOf(query: URLSearchParams): Spot | null {
  const at = Number.parseFloat(query.get('at') ?? '');
  const words = query.get('words') ?? '';
  if (Number.isNaN(at) && words === '') return null;
  return { at: Number.isNaN(at) ? null : at, words };
}

export function reportHref(id: string, spot: Spot | null = null): string {
  const path = `#/reports/${encodeURIComponent(id)}`;
  if (spot === null) return path;
  const query = new URLSearchParams();
  if (spot.at !== null) query.set('at', String(spot.at));
  if (spot.words !== '') query.set('words', spot.words);
  return `${path}?${query.toString()}`;
}

export function exampleHref(id: string): string {
  return `#/examples/${encodeURIComponent(id)}`;
}

export function roundHref(id: string): string {
  return `#/rounds/${encodeURIComponent(id)}`;
}

export type SessionState = 'loading' | 'unreachable' | 'out' | 'in';

export type Shown = Route['page'] | 'sign-in' | 'loading' | 'unreachable';

/**
 * What is shown at a route. The sign-in page takes the place of the page that needs it and leaves the address
 * alone: afterwards one is where one was, and no address to go to has to be passed on and checked.
 */
export function shown(route: Route, session: SessionState): Shown {
  if (route.page === 'setup' || session === 'in') return route.page;
  return session === 'out' ? 'sign-in' : session;
}
