/** The pages, told apart by the hash. */

/** The code with which a sign-on through the campus came back, if it did not work. */
export function signOnError(hash: string): string | null {
  return /^#\/sign-in\?error=([a-z_]+)$/.exec(hash)?.[1] ?? null;
}

export type Route =
  | { page: 'home' }
  | { page: 'report'; id: string }
  | { page: 'round'; id: string }
  | { page: 'account' }
  | { page: 'notices' }
  | { page: 'people' }
  | { page: 'channels' }
  | { page: 'audit' }
  | { page: 'console' }
  | { page: 'setup'; secret: string };

export function parse(hash: string): Route {
  if (hash === '#/account') return { page: 'account' };
  if (hash === '#/notices') return { page: 'notices' };
  if (hash === '#/people') return { page: 'people' };
  if (hash === '#/channels') return { page: 'channels' };
  if (hash === '#/audit') return { page: 'audit' };
  if (hash === '#/console') return { page: 'console' };
  const [, page, last] = /^#\/(reports|rounds|setup)\/([^/?#]+)$/.exec(hash) ?? [];
  if (last === undefined) return { page: 'home' };
  try {
    const decoded = decodeURIComponent(last);
    if (page === 'setup') return { page, secret: decoded };
    return { page: page === 'rounds' ? 'round' : 'report', id: decoded };
  } catch {
    return { page: 'home' };
  }
}

export function reportHref(id: string): string {
  return `#/reports/${encodeURIComponent(id)}`;
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
