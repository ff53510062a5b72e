/** Who is signed in. */

import * as api from './api';
import type { FirstOperator, Person } from './api';
import { type ApiError, asApiError } from './errors';
import { whenUnauthorized } from './http';
import type { SessionState } from './route';

export class Session {
  state = $state<SessionState>('loading');
  me = $state.raw<Person | null>(null);
  /** Why it is not known who is signed in. */
  error = $state.raw<ApiError | null>(null);
  /** The session ended while somebody used the pages. */
  expired = $state(false);
  /** Whose forms and uploads the page may hold. */
  #owner: string | null = null;
  #clear: () => void = () => undefined;

  constructor() {
    whenUnauthorized(() => this.#lost());
  }

  /** What forgets the forms and uploads of the person before. */
  whenPersonChanges(clear: () => void): void {
    this.#clear = clear;
  }

  async load(): Promise<void> {
    this.state = 'loading';
    try {
      this.#enter(await api.getMe());
    } catch (failure) {
      const error = asApiError(failure);
      this.error = error;
      this.state = error.unauthorized ? 'out' : 'unreachable';
    }
  }

  async signIn(name: string, password: string): Promise<void> {
    this.#enter(await api.signIn(name, password));
  }

  /** Makes the first operator, who is then signed in. */
  async setUp(operator: FirstOperator): Promise<void> {
    this.#enter(await api.setUp(operator));
  }

  async signOut(): Promise<void> {
    try {
      await api.signOut();
    } catch (failure) {
      // Without a session there is nothing to end.
      if (!asApiError(failure).unauthorized) throw failure;
    }
    this.#leave();
    this.#clear();
  }

  #enter(me: Person): void {
    // On a shared computer, the next person must not find the form of the one before.
    if (this.#owner !== null && this.#owner !== me.id) this.#clear();
    this.#owner = me.id;
    this.me = me;
    this.error = null;
    this.expired = false;
    this.state = 'in';
  }

  #lost(): void {
    if (this.state !== 'in') return;
    this.#leave();
    this.expired = true;
  }

  #leave(): void {
    this.me = null;
    this.expired = false;
    this.state = 'out';
  }
}

export const session = new Session();
