/** Something that a component loads from the server. */

import { type ApiError, asApiError } from './errors';

export class Loaded<Value> {
  value = $state.raw<Value | null>(null);
  error = $state.raw<ApiError | null>(null);
  readonly #load: () => Promise<Value>;

  constructor(load: () => Promise<Value>) {
    this.#load = load;
  }

  async refresh(): Promise<void> {
    await this.after(() => Promise.resolve());
  }

  /** Does something and loads the value again. */
  async after(change: () => Promise<void>): Promise<void> {
    try {
      await change();
      this.value = await this.#load();
      this.error = null;
    } catch (failure) {
      this.error = asApiError(failure);
    }
  }
}
