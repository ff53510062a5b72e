/** Two pages, told apart by the hash: `#/` and `#/reports/{id}`. */

export type Route = { page: 'home' } | { page: 'report'; id: string };

function parse(hash: string): Route {
  const id = /^#\/reports\/([^/?#]+)$/.exec(hash)?.[1];
  if (id === undefined) return { page: 'home' };
  try {
    return { page: 'report', id: decodeURIComponent(id) };
  } catch {
    return { page: 'home' };
  }
}

class Router {
  route = $state.raw<Route>(parse(location.hash));

  constructor() {
    addEventListener('hashchange', () => {
      this.route = parse(location.hash);
      scrollTo(0, 0);
    });
  }
}

export const router = new Router();

export function reportHref(id: string): string {
  return `#/reports/${encodeURIComponent(id)}`;
}
