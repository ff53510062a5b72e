/** The route of this page, kept up to date. */

import { parse, reportHref, type Route } from './route';

class Router {
  route = $state.raw<Route>(parse(location.hash));

  constructor() {
    addEventListener('hashchange', () => {
      this.route = parse(location.hash);
      scrollTo(0, 0);
    });
  }

  toReport(id: string): void {
    location.hash = reportHref(id);
  }

  /** Goes to the first page without leaving the present address in the history. */
  replaceWithHome(): void {
    location.replace('#/');
  }
}

export const router = new Router();
