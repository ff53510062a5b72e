/** Takes that the server does not have yet, kept in this browser piece by piece. */

import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

export interface KeptTake {
  readonly id: string;
  /** Whose it is: on a shared computer, nobody else is told of it. */
  readonly person: string;
  readonly report: string;
  readonly name: string;
  readonly mime: string;
  /** How long it is, and how many bytes. */
  readonly seconds: number;
  readonly bytes: number;
  /** Where its upload is, once it was begun. */
  readonly url: string | null;
}

/** Where takes are kept; tests bring their own. */
export interface Keeping {
  all(): Promise<KeptTake[]>;
  /** Writes what is known of a take. */
  put(take: KeptTake): Promise<void>;
  /** Adds a piece that begins at a byte, and what is known of the take with it. */
  add(take: KeptTake, start: number, piece: ArrayBuffer): Promise<void>;
  /** Where the pieces of a take begin. */
  starts(id: string): Promise<number[]>;
  /** The pieces that begin from one byte to another. */
  pieces(id: string, from: number, to: number): Promise<ArrayBuffer[]>;
  remove(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  takes: { key: string; value: KeptTake };
  pieces: { key: [string, number]; value: ArrayBuffer };
}

const NAME = 'huibao.takes';

const range = (id: string, from: number, to: number) => IDBKeyRange.bound([id, from], [id, to]);

class Database implements Keeping {
  #opened: Promise<IDBPDatabase<Schema>> | null = null;

  async all(): Promise<KeptTake[]> {
    return (await this.#open()).getAll('takes');
  }

  async put(take: KeptTake): Promise<void> {
    await (await this.#open()).put('takes', take);
  }

  async add(take: KeptTake, start: number, piece: ArrayBuffer): Promise<void> {
    // On the disk, because a phone's battery may end as well as its browser.
    const work = (await this.#open()).transaction(['takes', 'pieces'], 'readwrite', { durability: 'strict' });
    await Promise.all([
      work.objectStore('pieces').put(piece, [take.id, start]),
      work.objectStore('takes').put(take),
      work.done,
    ]);
  }

  async starts(id: string): Promise<number[]> {
    const keys = await (await this.#open()).getAllKeys('pieces', range(id, 0, Number.MAX_SAFE_INTEGER));
    return keys.map(([, start]) => start);
  }

  async pieces(id: string, from: number, to: number): Promise<ArrayBuffer[]> {
    return (await this.#open()).getAll('pieces', range(id, from, to));
  }

  async remove(id: string): Promise<void> {
    const work = (await this.#open()).transaction(['takes', 'pieces'], 'readwrite');
    await Promise.all([
      work.objectStore('pieces').delete(range(id, 0, Number.MAX_SAFE_INTEGER)),
      work.objectStore('takes').delete(id),
      work.done,
    ]);
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#opened ??= openDB<Schema>(NAME, 1, {
      upgrade: (database) => {
        database.createObjectStore('takes', { keyPath: 'id' });
        database.createObjectStore('pieces');
      },
      terminated: () => {
        this.#opened = null;
      },
    });
    return this.#opened;
  }
}

export const keeping: Keeping = new Database();

const LOCK = 'huibao.take.';

/** Marks a take as being worked with in this page until the returned function is called; a crash does as well. */
export function hold(id: string): () => void {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  // Where there are no locks, two pages may offer the same take.
  navigator.locks?.request(LOCK + id, () => released).catch(() => undefined);
  return release;
}

/** Takes of a person that no page works with. */
export async function leftBehind(person: string): Promise<KeptTake[]> {
  try {
    const held = (await navigator.locks?.query())?.held ?? [];
    const names = new Set(held.map(({ name }) => name));
    const takes = await keeping.all();
    return takes.filter((take) => take.person === person && take.bytes > 0 && !names.has(LOCK + take.id));
  } catch {
    // Storage can be forbidden; then nothing was kept either.
    return [];
  }
}
