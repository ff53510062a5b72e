/** What the server says about itself, asked once. */

import { getInfo, type Info } from './api';

class InfoStore {
  current = $state.raw<Info | null>(null);
  #asked = false;

  /** Forms work without it: the server checks everything too. */
  load(): void {
    if (this.#asked) return;
    this.#asked = true;
    getInfo().then(
      (info) => {
        this.current = info;
      },
      () => {
        this.#asked = false;
      },
    );
  }
}

export const info = new InfoStore();
